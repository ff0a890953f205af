package api

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/internal/hook"
)

// Payload is the part of an input that holds the request's body. The bytes
// belong to the request alone: no pool takes them back.
type Payload struct {
	raw []byte
}

// Resolve reads the body. It is called by huma after authorization; what it
// returns becomes the answer.
func (p *Payload) Resolve(ctx huma.Context) []error {
	if problem := checkMediaType(ctx); problem != nil {
		return []error{problem}
	}
	raw, problem := readBody(ctx)
	if problem != nil {
		return []error{problem}
	}
	p.raw = raw
	return nil
}

// readBody reads the request's body as far as the route takes it.
func readBody(ctx huma.Context) ([]byte, *access.Problem) {
	c := humagin.Unwrap(ctx)
	limit := bodyLimit(ctx)
	raw, err := access.BodyOf(c, access.ShareOf(ctx.Context())).Receive(ctx.Context(), c, limit, true)
	if err != nil {
		p := bodyProblem(c, err, limit)
		if remedy := access.ContentOf(ctx.Operation()).Remedy; p.Code == access.CodeTooLarge && remedy != "" {
			p.Detail += " " + remedy
		}
		return nil, p
	}
	return raw, nil
}

// bodyProblem says why a body of at most limit bytes was not read.
func bodyProblem(c *gin.Context, err error, limit int64) *access.Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, access.ErrNoRoom):
		c.Header("Connection", "close") // what is still to come is not read
		return access.ProblemOf(err)
	case hook.CodeOf(err) != "":
		return access.ProblemOf(err)
	case errors.Is(err, access.ErrCoding):
		c.Header("Accept-Encoding", "gzip")
		return access.NewProblem(access.CodeMediaType, "The header Content-Encoding may be gzip alone, or be left out.")
	case errors.Is(err, access.ErrNotGzip):
		return access.NewProblem(access.CodeMalformed, "The body is not gzip, as the header Content-Encoding says, or not whole.")
	case errors.As(err, &tooLarge):
		return access.NewProblem(access.CodeTooLarge, fmt.Sprintf("The body is larger than %d bytes.", limit))
	}
	return access.NewProblem(access.CodeMalformed, "The body did not arrive whole or in time.")
}

func checkMediaType(ctx huma.Context) *access.Problem {
	header := ctx.Header("Content-Type")
	if header == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	wanted := media == access.MediaJSON || media == access.MediaMergePatch && ctx.Method() == http.MethodPatch
	charset := params["charset"]
	if err == nil && wanted && (charset == "" || charset == "utf-8" || charset == "UTF-8") {
		return nil
	}
	if access.ContentOf(ctx.Operation()).Events {
		return access.NewProblem(access.CodeMediaType, "The body must be sent with Content-Type: application/json, application/cloudevents+json or application/cloudevents-batch+json, in UTF-8.")
	}
	return access.NewProblem(access.CodeMediaType, "The body must be sent with Content-Type: application/json, in UTF-8.")
}

// invalid gives one error of CodeInvalid for all fields, or nil for none. Of
// several faults of one value the first is kept.
func invalid(fields []hook.Field) error {
	kept := firstOfEach(fields)
	n := len(kept)
	kept = hook.FirstFaults(kept, hook.MaxFaults)
	switch n {
	case 0:
		return nil
	case 1:
		return &hook.Error{Code: hook.CodeInvalid, Message: kept[0].Pointer + " " + kept[0].Detail, Fields: kept}
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: fmt.Sprintf("%d values are not acceptable.", n), Fields: kept}
}

// firstOfEach keeps the first fault of each value, and of a URL each, since they are
// about different parts of it. What says how many more there are is about no value.
func firstOfEach(fields []hook.Field) (kept []hook.Field) {
	seen := map[string]bool{}
	for _, f := range fields {
		of := f.Pointer
		if strings.HasPrefix(string(f.Code), "url_") {
			of += " " + f.Detail
		}
		if f.Code == hook.FieldMore || !seen[of] {
			seen[of] = true
			kept = append(kept, f)
		}
	}
	return kept
}
