package access

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"godwit/internal/hook"
)

// ReadBody reads the request's body, of up to limit bytes.
func ReadBody(ctx huma.Context, limit int64) ([]byte, *Problem) {
	c := humagin.Unwrap(ctx)
	raw, err := BodyOf(c, ShareOf(ctx.Context())).Receive(ctx.Context(), c, limit, true)
	if err != nil {
		p := BodyProblem(c, err, limit)
		if remedy := ContentOf(ctx.Operation()).Remedy; p.Code == CodeTooLarge && remedy != "" {
			p.Detail += " " + remedy
		}
		return nil, p
	}
	return raw, nil
}

// BodyProblem says why a body of at most limit bytes was not read.
func BodyProblem(c *gin.Context, err error, limit int64) *Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, ErrNoRoom):
		c.Header("Connection", "close") // what is still to come is not read
		return ProblemOf(err)
	case hook.CodeOf(err) != "":
		return ProblemOf(err)
	case errors.Is(err, ErrCoding):
		c.Header("Accept-Encoding", "gzip")
		return NewProblem(CodeMediaType, "The header Content-Encoding may be gzip alone, or be left out.")
	case errors.Is(err, ErrNotGzip):
		return NewProblem(CodeMalformed, "The body is not gzip, as the header Content-Encoding says, or not whole.")
	case errors.As(err, &tooLarge):
		return NewProblem(CodeTooLarge, fmt.Sprintf("The body is larger than %d bytes.", limit))
	}
	return NewProblem(CodeMalformed, "The body did not arrive whole or in time.")
}

// CheckMediaType says why a body of this type is not taken; nil = it is.
func CheckMediaType(ctx huma.Context) *Problem {
	header := ctx.Header("Content-Type")
	if header == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	wanted := media == MediaJSON || media == MediaMergePatch && ctx.Method() == http.MethodPatch
	charset := params["charset"]
	if err == nil && wanted && (charset == "" || charset == "utf-8" || charset == "UTF-8") {
		return nil
	}
	if ContentOf(ctx.Operation()).Events {
		return NewProblem(CodeMediaType, "The body must be sent with Content-Type: application/json, application/cloudevents+json or application/cloudevents-batch+json, in UTF-8.")
	}
	return NewProblem(CodeMediaType, "The body must be sent with Content-Type: application/json, in UTF-8.")
}
