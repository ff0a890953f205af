package send

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"godwit/internal/hook"
)

// proxy is the operator's way out: each connection is a tunnel that it makes on
// request (CONNECT, RFC 9110 section 9.3.6), also for plain http. It is asked for
// an address that the guard has judged, never for a name: it would look that up
// once more, and what it found would be judged by nobody.
type proxy struct {
	address     string      // host:port
	tls         *tls.Config // nil = it speaks plain http
	credentials string      // of Proxy-Authorization; empty = none
	guard       guard
	resolver    *net.Resolver
	dialer      *net.Dialer // not guarded, since the proxy is the operator's own
}

// newProxy is for the proxy at u; roots sign its certificate, nil = the system's.
func newProxy(u *url.URL, g guard, resolver *net.Resolver, roots *x509.CertPool) *proxy {
	p := &proxy{guard: g, resolver: resolver, dialer: &net.Dialer{Timeout: dialTimeout, Resolver: resolver}}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
		p.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), RootCAs: roots}
	}
	p.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if u.User != nil {
		password, _ := u.User.Password()
		p.credentials = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return p
}

// proxyError is a failure of the proxy, or what it says of the receiver. It holds
// no address.
type proxyError struct {
	reason hook.Reason
	words  string
}

func (e proxyError) Error() string { return e.words }

// dial is a dialFunc.
func (p *proxy) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	targets, err := p.permitted(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, target := range targets {
		var c net.Conn
		if c, err = p.tunnel(ctx, target); err == nil || ctx.Err() != nil {
			return c, err
		}
	}
	return nil, err
}

// permitted gives those addresses of host:port that may be dialled.
func (p *proxy) permitted(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || strings.Contains(host, "%") { // a look-up drops the zone of an address
		return nil, errBlocked
	}
	found, err := p.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var out []netip.AddrPort
	for _, addr := range found {
		if to := netip.AddrPortFrom(addr.Unmap(), uint16(port)); p.guard.permits(to) {
			out = append(out, to)
		}
	}
	if len(out) == 0 {
		return nil, errBlocked
	}
	return out, nil
}

// tunnel has the proxy connect to target.
func (p *proxy) tunnel(ctx context.Context, target netip.AddrPort) (net.Conn, error) {
	c, err := p.connect(ctx)
	if err != nil {
		return nil, proxyError{hook.ReasonInternal, "Godwit's egress proxy could not be reached"}
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	err = p.ask(c, target.String())
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (p *proxy) connect(ctx context.Context) (net.Conn, error) {
	c, err := p.dialer.DialContext(ctx, "tcp", p.address)
	if err != nil || p.tls == nil {
		return c, err
	}
	secured := tls.Client(c, p.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return secured, nil
}

// ask sends the CONNECT and reads its answer. What it has read ahead may be
// dropped: a receiver does not speak before it is spoken to.
func (p *proxy) ask(c net.Conn, target string) error {
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{headerUserAgent: {"Godwit"}}}
	if p.credentials != "" {
		r.Header.Set("Proxy-Authorization", p.credentials)
	}
	err := r.Write(c)
	if err != nil && !brokenConnection(err) {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, maxHeaderBytes)), r)
	switch {
	case err != nil && isTimeout(err):
		return err // the receiver's
	case err != nil:
		return proxyError{hook.ReasonInternal, "Godwit's egress proxy gave no valid answer"}
	}
	return refusal(answer.StatusCode)
}

// refusal says what a proxy's answer means; nil = the tunnel is there.
func refusal(status int) error {
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusForbidden:
		return proxyError{hook.ReasonBlockedAddress, "destination not permitted by Godwit's egress proxy"}
	case status == http.StatusProxyAuthRequired:
		return proxyError{hook.ReasonInternal, "Godwit's egress proxy refused its user or password (407)"}
	case status == http.StatusGatewayTimeout:
		return proxyError{hook.ReasonConnectTimeout, "Godwit's egress proxy got no connection to the receiver in time (504)"}
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable:
		return proxyError{hook.ReasonConnect, fmt.Sprintf("Godwit's egress proxy could not reach the receiver (%d)", status)}
	}
	return proxyError{hook.ReasonInternal, fmt.Sprintf("Godwit's egress proxy answered CONNECT with %d", status)}
}
