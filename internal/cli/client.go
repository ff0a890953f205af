package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// callTimeout bounds one call, streams apart.
const callTimeout = 30 * time.Second

// maxAnswer bounds an answer that is read into memory.
const maxAnswer = 64 << 20

// maxWait is how long a call that came too early waits at most; the API's rates begin
// anew each second.
const maxWait = 5 * time.Second

// Client calls the API of one installation. It is safe for concurrent use.
type Client struct {
	// URL is the installation's, without a slash at its end. Key is an API key.
	URL string
	Key string
	// HTTP makes the calls; nil = http.DefaultClient.
	HTTP *http.Client
	// Waits is how often a call that came too early waits, not for long, and comes again.
	// With any, a call whose answer was lost comes again once. (Package client goes
	// on for longer, as suits a program; a person at a terminal wants to know at once.)
	Waits int
}

// Check says what is missing to call an installation.
func (c *Client) Check() error {
	if err := c.CheckURL(); err != nil {
		return err
	}
	if c.Key == "" {
		return &Failure{Code: ExitSignIn, What: "there is no API key", Next: "godwit login gets one, or put one into GODWIT_KEY; make up prints an admin's key"}
	}
	return nil
}

// CheckURL says what is wrong with the address of the installation.
func (c *Client) CheckURL() error {
	const next = "give one like https://godwit.example.com by --url or GODWIT_URL"
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return &Failure{Code: ExitUsage, What: fmt.Sprintf("%q is no address of Godwit", c.URL), Next: next}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return &Failure{Code: ExitUsage, What: "the address of Godwit has a user name, a query or a fragment", Next: next}
	}
	return nil
}

// Request is one call of the API.
type Request struct {
	Method, Path string
	Body         any    // is sent as JSON; nil = none
	IfMatch      string // the ETag of what is changed; "" = whatever it is

	key string // the Idempotency-Key; "" = none
}

// keyed gives a request that can be sent again: the API carries a POST out once for its
// key. The events of a batch have ids, which do the same and cost less.
func (r Request) keyed() Request {
	if r.Method == http.MethodPost && r.Path != "/v1/events/batch" {
		r.key = rand.Text()
	}
	return r
}

// Call makes one request with a body of JSON, unless in is nil, and reads the answer
// into out, unless that is nil. Its error is a *Failure.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	_, err := c.Do(ctx, Request{Method: method, Path: path, Body: in}, out)
	return err
}

// Do makes one request, reads the answer into out, unless that is nil, and gives the
// answer's headers. Its error is a *Failure.
func (c *Client) Do(ctx context.Context, r Request, out any) (http.Header, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = json.Marshal(r.Body); err != nil {
			return nil, err
		}
	}
	r = r.keyed()
	for waits, lost := 0, false; ; waits++ {
		header, err := c.once(ctx, r, body, out)
		var f *Failure
		early := errors.As(err, &f) && f.Status == http.StatusTooManyRequests && f.RetryAfter <= maxWait
		// With If-Match the second call would find what the first one has changed.
		again := f != nil && f.lost && !lost && r.IfMatch == ""
		if lost && f != nil && f.Status == http.StatusNotFound && r.Method == http.MethodDelete {
			return nil, nil // the first call has deleted it
		}
		if waits >= c.Waits || !early && !again {
			return header, err
		}
		lost = lost || again
		select {
		case <-time.After(f.RetryAfter):
		case <-ctx.Done():
			return header, err
		}
	}
}

func (c *Client) once(ctx context.Context, r Request, body []byte, out any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	resp, err := c.send(ctx, r, reader)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	lost := err != nil && ctx.Err() == nil
	if err == nil && out != nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		return nil, &Failure{lost: lost, Code: ExitUnreachable, What: "the answer of " + c.URL + " can't be read", Why: err.Error(), Next: "is this the address of Godwit?"}
	}
	return resp.Header, nil
}

// Send makes one request and gives an answer whose status is below 300; its body is to
// be closed. Its error is a *Failure.
func (c *Client) Send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	return c.send(ctx, Request{Method: method, Path: path}, body)
}

func (c *Client) send(ctx context.Context, in Request, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, in.Method, c.URL+in.Path, body)
	if err != nil {
		return nil, &Failure{Code: ExitUsage, What: "the request can't be made", Why: err.Error()}
	}
	if c.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.Key)
	}
	if in.key != "" {
		r.Header.Set("Idempotency-Key", in.key)
	}
	if in.IfMatch != "" {
		r.Header.Set("If-Match", in.IfMatch)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http().Do(r)
	if err != nil {
		var broken *url.Error
		if errors.As(err, &broken) {
			err = broken.Err
		}
		var dial *net.OpError
		lost := ctx.Err() == nil && !(errors.As(err, &dial) && dial.Op == "dial")
		return nil, &Failure{lost: lost, Code: ExitUnreachable, What: c.URL + " can't be reached", Why: err.Error(), Next: "is Godwit running there? --url or GODWIT_URL says where"}
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close()
		return nil, problemOf(resp)
	}
	return resp, nil
}

// http makes the calls, and follows no redirect: a POST or DELETE would become a GET,
// which succeeds without having changed anything, and the key would go elsewhere.
func (c *Client) http() *http.Client {
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

// problem is what the API answers when it refuses.
type problem struct {
	Title, Detail, Code string
	RequestID           string `json:"request_id"`
	Errors              []struct{ Pointer, Detail string }
}

func problemOf(resp *http.Response) *Failure {
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var p problem
	f := &Failure{Status: resp.StatusCode, Code: codeOf(resp.StatusCode)}
	if to, err := resp.Location(); err == nil && resp.StatusCode < http.StatusBadRequest {
		f.What, f.Next = "the answer was "+resp.Status, "call "+to.Scheme+"://"+to.Host+" where that is the address of Godwit: redirects are not followed"
		return f
	}
	if json.Unmarshal(raw, &p) != nil || p.Title == "" {
		f.What, f.Next = "the answer was "+resp.Status, "is this the address of Godwit?"
		return f
	}
	f.Problem = raw
	f.What, f.Why, f.RequestID, f.Next = p.Title, p.Detail, p.RequestID, nextOf(resp.StatusCode)
	for _, e := range p.Errors {
		f.Fields = append(f.Fields, Field{e.Pointer, e.Detail})
	}
	if len(f.Fields) > 0 {
		f.Why = "" // it only joins them
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		f.RetryAfter = time.Duration(s) * time.Second
	}
	return f
}

// The exit codes of commands.
const (
	ExitNo          = 1 // answered no
	ExitUsage       = 2
	ExitSignIn      = 3
	ExitNotFound    = 4
	ExitConflict    = 5
	ExitInvalid     = 6
	ExitUnreachable = 7 // or busy: it may be repeated
	ExitInterrupted = 130
)

func codeOf(status int) int {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ExitSignIn
	case http.StatusNotFound, http.StatusGone:
		return ExitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return ExitConflict
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		return ExitInvalid
	case http.StatusTooManyRequests:
		return ExitUnreachable
	}
	if status >= http.StatusInternalServerError {
		return ExitUnreachable
	}
	return ExitNo
}

func nextOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "check the key (godwit login, or GODWIT_KEY): it may have been revoked, or belong to another installation"
	case http.StatusForbidden:
		return "use a key of another role"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "try again in a moment"
	}
	return ""
}

// Field is what is wrong with one value.
type Field struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Failure is why a command could not do what it was asked.
type Failure struct {
	// Code is the exit code.
	Code int `json:"exit_code"`
	// Status is the API's; 0 = it gave no answer.
	Status int `json:"status,omitempty"`
	// What went wrong, why, and what to do next; the last two may be empty.
	What       string        `json:"what"`
	Why        string        `json:"why,omitempty"`
	Next       string        `json:"next,omitempty"`
	Fields     []Field       `json:"fields,omitempty"`
	RequestID  string        `json:"request_id,omitempty"`
	RetryAfter time.Duration `json:"-"`
	// Problem is the API's answer; nil = it gave none that is JSON.
	Problem json.RawMessage `json:"-"`

	lost bool // there was a connection, and no answer came over it
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(f.What)
	if f.Why != "" {
		fmt.Fprintf(&b, ": %s", f.Why)
	}
	for _, field := range f.Fields {
		fmt.Fprintf(&b, "\n  %s %s", field.Pointer, field.Detail)
	}
	if f.Next != "" {
		fmt.Fprintf(&b, "\n  next: %s", f.Next)
	}
	if f.RequestID != "" {
		fmt.Fprintf(&b, "\n  request id: %s", f.RequestID)
	}
	return b.String()
}
