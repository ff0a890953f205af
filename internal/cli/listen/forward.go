package listen

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"syscall"
	"time"
)

// maxBody is how much of the receiver's answer is passed on.
const maxBody = 64 << 10

// maxHeaders is how many headers of it are.
const maxHeaders = 100

// errExternal says that an address is not this machine's.
var errExternal = errors.New("the address is not on this machine; --allow-external forwards to it all the same")

// lookUpWithin is how long it is looked up where a name leads.
const lookUpWithin = 2 * time.Second

// elsewhere says whether a host leads to no address of this machine's loopback. Where a
// name is not known, the dialer decides.
func elsewhere(ctx context.Context, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err == nil && !slices.ContainsFunc(found, func(a netip.Addr) bool { return a.Unmap().IsLoopback() })
}

// forwarder makes requests to the receiver.
type forwarder struct {
	target *url.URL
	client *http.Client
	dialer *net.Dialer
}

// newForwarder makes a forwarder to target: with external also to other machines,
// with insecure whatever certificate the receiver has.
func newForwarder(target *url.URL, external, insecure bool) *forwarder {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if !external {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().Unmap().IsLoopback() {
				return errExternal
			}
			return nil
		}
	}
	return &forwarder{target: target, dialer: d, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSClientConfig: &tls.Config{InsecureSkipVerify: insecure}, //nolint:gosec // who runs it asks for it
			DisableCompression: true, MaxIdleConnsPerHost: 50, IdleConnTimeout: 4 * time.Second, // Node closes idle ones after 5 s
		},
	}}
}

// address is the receiver's as host:port.
func (f *forwarder) address() string {
	if f.target.Port() != "" {
		return f.target.Host
	}
	if f.target.Scheme == "https" {
		return net.JoinHostPort(f.target.Hostname(), "443")
	}
	return net.JoinHostPort(f.target.Hostname(), "80")
}

// up says whether something listens at the receiver's address.
func (f *forwarder) up(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := f.dialer.DialContext(ctx, "tcp", f.address())
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// result is what the receiver answered, as the API takes it.
type result struct {
	Delivery   string            `json:"delivery"`
	Attempt    int               `json:"attempt"`
	StatusCode int               `json:"status_code,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       []byte            `json:"body_base64,omitempty"`
	DurationMS int64             `json:"duration_ms,omitempty"`
	Error      string            `json:"error,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Returned   bool              `json:"returned,omitempty"`
	down       bool              // nothing listens there
}

func (r result) key() key { return key{r.Delivery, r.Attempt} }

// forward makes the request of a delivery.
func (f *forwarder) forward(ctx context.Context, d delivery) result {
	out := result{Delivery: d.Delivery, Attempt: d.Attempt}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(d.TimeoutMS)*time.Millisecond)
	defer cancel()
	began := time.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.target.String(), bytes.NewReader(d.BodyBase64))
	if err != nil {
		return out.failed(err)
	}
	for _, h := range d.Headers {
		r.Header[h[0]] = append(r.Header[h[0]], h[1]) // as it is spelled
	}
	resp, err := f.client.Do(r)
	if err != nil {
		return out.failed(err)
	}
	defer resp.Body.Close()
	out.StatusCode = resp.StatusCode
	out.Body, _ = io.ReadAll(io.LimitReader(resp.Body, maxBody)) // the status decides
	out.DurationMS = time.Since(began).Milliseconds()
	out.Headers = map[string]string{}
	for name, values := range resp.Header {
		if len(out.Headers) < maxHeaders {
			out.Headers[name] = values[0]
		}
	}
	return out
}

// failed says why there is no answer. What was not sent is given back where nothing
// listens.
func (r result) failed(err error) result {
	var broken *url.Error
	if errors.As(err, &broken) {
		err = broken.Err
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		r.down, r.Returned = true, true
		return r
	case errors.Is(err, errExternal):
		r.Reason = "connect"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		r.Reason, err = "timeout_headers", errors.New("the receiver gave no answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF):
		r.Reason = "reset"
	case isTLS(err):
		r.Reason = "tls"
	default:
		r.Reason = "connect"
	}
	text := err.Error()
	r.Error = text[:min(len(text), 500)]
	return r
}

func isTLS(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.RecordHeaderError))
}

// Target reads where to forward to: a port, or a URL. path goes behind a port.
func Target(to, path string) (*url.URL, error) {
	if port, err := netip.ParseAddrPort("127.0.0.1:" + to); err == nil {
		to = fmt.Sprintf("http://localhost:%d", port.Port())
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is neither a port nor an address such as http://localhost:3000/hook", to)
	}
	if path != "" {
		u.Path = path
	}
	return u, nil
}
