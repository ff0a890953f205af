package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/internal/hook"
)

// once carries a request with an idempotency key out in one transaction with the
// keeping of its answer. Without one it is no more than a look at the headers.
func (s *server) once(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	keys := c.Request.Header.Values(access.HeaderIdempotencyKey)
	if len(keys) == 0 {
		next(ctx)
		return
	}
	raw, problem := readBody(ctx)
	if problem != nil {
		s.refuse(ctx, problem)
		return
	}
	k, err := idempotencyKey(ctx, keys, raw)
	if err == nil {
		ctx, err = readAhead(ctx, raw)
	}
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	var first answered
	var woken lateWakes
	kept, again, err := s.Store.Once(ctx.Context(), k, func(within context.Context) []byte {
		woken = lateWakes{}
		within = context.WithValue(within, lateWakesKey{}, woken)
		first = record(c, func() { next(huma.WithContext(ctx, within)) })
		answer := first.encode()
		access.BodyOf(c, access.ShareOf(within)).Charge(within, len(answer))
		return answer
	})
	switch {
	case err != nil:
		s.refuse(ctx, comeAgain(err))
	case again:
		s.replay(ctx, kept)
	default:
		first.send(c.Writer)
		for due := range woken {
			s.wake(ctx.Context(), due)
		}
	}
}

// readAhead lets the route's reader read the body.
func readAhead(ctx huma.Context, raw []byte) (huma.Context, error) {
	if ahead := access.ContentOf(ctx.Operation()).Ahead; ahead != nil {
		return ahead(ctx, raw)
	}
	return ctx, nil
}

// replay answers as the first time.
func (s *server) replay(ctx huma.Context, kept []byte) {
	var first answered
	if err := json.Unmarshal(kept, &first); err != nil {
		s.refuse(ctx, fmt.Errorf("decode a kept answer: %w", err))
		return
	}
	first.Header.Set("Idempotency-Replayed", "true")
	first.send(humagin.Unwrap(ctx).Writer)
}

// idempotencyKey reads the key, which is bound to the body.
func idempotencyKey(ctx huma.Context, keys []string, raw []byte) (hook.IdempotencyKey, error) {
	key := keys[0]
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	if len(keys) > 1 || key == "" || len(key) > access.MaxIdempotencyKey || strings.ContainsFunc(key, invisible) {
		return hook.IdempotencyKey{}, hook.Errorf(hook.CodeInvalid,
			"The header %s must be given once, with 1 to %d visible ASCII characters.", access.HeaderIdempotencyKey, access.MaxIdempotencyKey)
	}
	request := humagin.Unwrap(ctx).Request
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s\n", request.Method, request.URL.Path)
	hash.Write(modeOf(request.Header))
	hash.Write(raw)
	return hook.IdempotencyKey{Credential: hook.PrincipalOf(ctx.Context()).KeyID, Key: key, Request: hash.Sum(nil)}, nil
}

// comeAgain has those who come too early wait.
func comeAgain(err error) error {
	if hook.CodeOf(err) != hook.CodeConflict {
		return err
	}
	p := access.ProblemOf(err)
	p.Wait = time.Second
	return p
}

// answered is an answer as it is kept.
type answered struct {
	Status int
	Header http.Header
	Body   []byte
}

// encode gives what is kept of an answer: nothing unless all was well.
func (a answered) encode() []byte {
	if a.Status >= http.StatusMultipleChoices {
		return nil
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // these types can be encoded
	}
	return text
}

// send gives the answer to a client, who may be gone.
func (a answered) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// record has a handler answer c, and keeps the answer back.
func record(c *gin.Context, handle func()) answered {
	r := &recording{ResponseWriter: c.Writer, status: http.StatusOK, header: http.Header{}}
	c.Writer = r
	defer func() { c.Writer = r.ResponseWriter }()
	handle()
	return answered{r.status, r.header, r.body.Bytes()}
}

// recording is a writer of answers that sends nothing.
type recording struct {
	gin.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recording) Header() http.Header                  { return r.header }
func (r *recording) WriteHeader(status int)               { r.status = status }
func (r *recording) WriteHeaderNow()                      {}
func (r *recording) Write(b []byte) (int, error)          { return r.body.Write(b) }
func (r *recording) WriteString(text string) (int, error) { return r.body.WriteString(text) }
func (r *recording) Status() int                          { return r.status }
func (r *recording) Size() int                            { return r.body.Len() }
func (r *recording) Written() bool                        { return r.body.Len() > 0 }
