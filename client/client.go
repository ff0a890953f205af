package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultTries bounds how often one call is sent: with the waits between them the
	// server may be away for 7 seconds.
	defaultTries = 6
	firstWait    = 250 * time.Millisecond
	// maxWait is the longest Retry-After that a call waits for; with a longer one the
	// caller gets the error.
	maxWait = 30 * time.Second
	// tryTimeout bounds one try. The server takes up to 30 s for a probe (EnableWebhook).
	tryTimeout = 60 * time.Second
	// maxAnswer bounds an answer in memory.
	maxAnswer = 64 << 20
)

// Client calls one installation of Godwit. It is safe for concurrent use; its fields are
// set before the first call.
type Client struct {
	// URL is the address of the API, such as https://godwit.example.com.
	URL string
	// Key is an API key.
	Key string
	// HTTP makes the requests; nil = http.DefaultClient. Redirects are never followed.
	HTTP *http.Client
	// Tries is how often one call is sent at most; 0 = 6.
	Tries int
}

// New gives a client of the installation at an address.
func New(url, key string) *Client { return &Client{URL: url, Key: key} }

// errNoAnswer is an error of the network, after which a call may have been carried out.
var errNoAnswer = errors.New("godwit: no answer")

// Error is an answer that says no. Its Problem says why, as the API does.
type Error struct {
	Problem
	// RetryAfter is when to come again; 0 = the answer does not say.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	text := fmt.Sprintf("godwit: %d %s", e.Status, e.Title)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.RequestID != nil {
		text += " (request id " + *e.RequestID + ")"
	}
	return text
}

// IsCode says whether an error is an answer of this kind, such as ProblemCodeNotFound.
func IsCode(err error, code ProblemCode) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Option changes one call.
type Option func(*request)

// IdempotencyKey names this call, so that the same call with the same key within 24 hours
// is carried out once, also from another process. Without it each call has its own, which
// keeps a repetition of the client's own from doing something twice.
func IdempotencyKey(key string) Option {
	return func(r *request) { r.header.Set("Idempotency-Key", key) }
}

// ETag stores the version of the object in the answer, for the IfMatch of a change.
func ETag(version *string) Option {
	return func(r *request) { r.version = version }
}

// Null sends null for fields of the body: a patch takes such a field's value away.
func Null(fields ...string) Option {
	return func(r *request) { r.nulls = append(r.nulls, fields...) }
}

// call is an operation with what the caller gave.
type call struct {
	method, path string
	params, body any
}

// request is a call as it is sent, the same in every try.
type request struct {
	call
	header  http.Header
	nulls   []string
	version *string
	raw     []byte // the body; nil = none
}

func answer[T any](ctx context.Context, c *Client, in call, options []Option) (*T, error) {
	out := new(T)
	if err := c.do(ctx, in, options, out); err != nil {
		return nil, err
	}
	return out, nil
}

// do makes a call, and makes it again while that may help. Every operation may be
// repeated: a POST has a key, or changes nothing the second time.
func (c *Client) do(ctx context.Context, in call, options []Option, out any) error {
	r, err := c.request(in, options)
	if err != nil {
		return err
	}
	unknown := false // an earlier try may have been carried out
	for try := 1; ; try++ {
		err := c.try(ctx, r, out)
		again, wait := r.repeats(err, try)
		switch {
		case unknown && in.method == http.MethodDelete && IsCode(err, ProblemCodeNotFound):
			return nil // what was to be deleted is gone
		case err == nil || !again || try >= c.tries():
			return err
		}
		unknown = unknown || !IsCode(err, ProblemCodeRateLimited)
		if stopped := pause(ctx, wait); stopped != nil {
			return errors.Join(stopped, err)
		}
	}
}

func (c *Client) tries() int {
	if c.Tries > 0 {
		return c.Tries
	}
	return defaultTries
}

// waitAfter is how long to wait after a try, the first being 1.
func waitAfter(try int) time.Duration {
	wait := firstWait << min(try-1, 4)
	return wait + time.Duration(mathrand.Int64N(int64(wait/4)))
}

func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) request(in call, options []Option) (*request, error) {
	r := &request{call: in, header: http.Header{}}
	if in.method == http.MethodPost {
		r.header.Set("Idempotency-Key", rand.Text())
	}
	query := encode(in.params, r.header)
	if len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	for _, option := range options {
		option(r)
	}
	if in.body == nil {
		return r, nil
	}
	var err error
	if r.raw, err = json.Marshal(in.body); err != nil {
		return nil, fmt.Errorf("godwit: the body can't be encoded: %w", err)
	}
	r.header.Set("Content-Type", "application/json")
	if len(r.nulls) > 0 {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(r.raw, &fields); err != nil {
			return nil, fmt.Errorf("godwit: the body is no object: %w", err)
		}
		for _, name := range r.nulls {
			fields[name] = json.RawMessage("null")
		}
		r.raw, err = json.Marshal(fields)
	}
	return r, err
}

// repeats says whether to send a request again after an error, and when. With If-Match a
// second try could only find that the first one has changed the object.
func (r *request) repeats(err error, try int) (bool, time.Duration) {
	wait := waitAfter(try)
	var e *Error
	refused := errors.As(err, &e)
	if r.header.Get("If-Match") != "" && (!refused || e.Status != http.StatusTooManyRequests) {
		return false, 0
	}
	if !refused {
		return errors.Is(err, errNoAnswer), wait
	}
	again := e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError ||
		e.Status == http.StatusConflict && e.RetryAfter > 0 // the try before is under way
	return again && e.RetryAfter <= maxWait, max(wait, e.RetryAfter)
}

// try sends a request once.
func (c *Client) try(ctx context.Context, r *request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, strings.TrimSuffix(c.URL, "/")+r.path, bytes.NewReader(r.raw))
	if err != nil {
		return errors.New("godwit: the URL of the client is no address")
	}
	req.Header = r.header.Clone()
	req.Header.Set("Authorization", "Bearer "+c.Key)
	resp, err := c.http().Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return problemOf(resp, raw)
	}
	if r.version != nil {
		*r.version = resp.Header.Get("ETag")
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("godwit: the answer can't be read; is %s the address of the API? %w", req.URL.Host, err)
	}
	return nil
}

// http follows no redirect: a POST would become a GET, and the key would go elsewhere.
func (c *Client) http() *http.Client {
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

func problemOf(resp *http.Response, raw []byte) *Error {
	e := &Error{}
	if json.Unmarshal(raw, &e.Problem) != nil || e.Title == "" {
		e.Problem = Problem{Title: http.StatusText(resp.StatusCode), Detail: "the answer is none of Godwit's; is " + resp.Request.URL.Host + " the address of the API?"}
	}
	e.Status = int64(resp.StatusCode)
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// path puts ids into a path.
func path(format string, ids ...any) string {
	for i, id := range ids {
		ids[i] = url.PathEscape(fmt.Sprint(id))
	}
	return fmt.Sprintf(format, ids...)
}
