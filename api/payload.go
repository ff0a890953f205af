package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/internal/hook"
)

const mediaMergePatch = "application/merge-patch+json"

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
func readBody(ctx huma.Context) ([]byte, *problem) {
	c := humagin.Unwrap(ctx)
	limit := ctx.Operation().MaxBodyBytes
	raw, err := readAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit), min(c.Request.ContentLength, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, newProblem(codeTooLarge, fmt.Sprintf("The body is larger than %d bytes.", limit))
	case err != nil:
		return nil, newProblem(codeMalformed, "The body did not arrive whole or in time.")
	}
	return raw, nil
}

// readAll is io.ReadAll with one allocation when the size is known.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size <= 0 {
		return io.ReadAll(r)
	}
	raw := make([]byte, size)
	_, err := io.ReadFull(r, raw)
	if err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(r)
	return append(raw, rest...), err
}

func checkMediaType(ctx huma.Context) *problem {
	header := ctx.Header("Content-Type")
	if header == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	wanted := media == mediaJSON || media == mediaMergePatch && ctx.Method() == http.MethodPatch
	charset := params["charset"]
	if err == nil && wanted && (charset == "" || charset == "utf-8" || charset == "UTF-8") {
		return nil
	}
	return newProblem(codeMediaType, "The body must be sent with Content-Type: application/json, in UTF-8.")
}

// invalid gives one error of CodeInvalid for all fields, or nil for none. Of
// several faults of one value the first is kept.
func invalid(fields []hook.Field) error {
	seen := map[string]bool{}
	var kept []hook.Field
	for _, f := range fields {
		if !seen[f.Pointer] {
			seen[f.Pointer] = true
			kept = append(kept, f)
		}
	}
	switch len(kept) {
	case 0:
		return nil
	case 1:
		return &hook.Error{Code: hook.CodeInvalid, Message: kept[0].Pointer + " " + kept[0].Detail, Fields: kept}
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: fmt.Sprintf("%d values are not acceptable.", len(kept)), Fields: kept}
}
