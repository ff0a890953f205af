package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/eventjson"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// problem is an error as clients see it (RFC 9457).
type problem struct {
	Type      string        `json:"type" format:"uri-reference" doc:"Names the kind of problem; leads to what it means and what to do"`
	Title     string        `json:"title" doc:"The kind of problem in words; the same for each of its kind"`
	Status    int           `json:"status" minimum:"400" maximum:"599" doc:"HTTP status"`
	Detail    string        `json:"detail" doc:"What went wrong this time"`
	Instance  string        `json:"instance,omitempty" format:"uri-reference" doc:"Path of the request"`
	Code      string        `json:"code" doc:"The kind of problem as a constant for programs"`
	RequestID string        `json:"request_id,omitempty" pattern:"^[A-Za-z0-9._-]{1,128}$" doc:"The answer's X-Request-Id; quote it when asking for help"`
	Attempt   *view.Attempt `json:"attempt,omitempty" doc:"The probe that failed, where that is the problem"`
	Quota     *view.Quota   `json:"quota,omitempty" doc:"The limit that was reached, where that is the problem"`
	From      *time.Time    `json:"from,omitempty" doc:"From when on the state allows it by itself, where that is known"`
	Changed   *view.Deed    `json:"changed,omitempty" doc:"The change that was made in the meantime, where that is the problem"`
	Deleted   *view.Deleted `json:"deleted,omitempty" doc:"The webhook that had this id until it was deleted. Only its owner and admins get it"`
	Errors    []fieldError  `json:"errors" nullable:"false" doc:"Every bad value of the request; empty when the problem is of another kind"`

	// wait is what Retry-After says; zero = nothing.
	wait time.Duration
}

type fieldError struct {
	Pointer string         `json:"pointer" doc:"JSON pointer (RFC 6901) into the request body; or a parameter: ?limit of the query string, {id} of the path, If-Match: of the header"`
	Code    hook.FieldCode `json:"code" doc:"What is wrong, as a constant for programs"`
	Params  params         `json:"params" doc:"The values in the words, by name"`
	Detail  string         `json:"detail" doc:"What is wrong and what to do"`
}

// params are the values in a sentence, by name.
type params map[string]any

// Schema makes params a huma.SchemaProvider.
func (params) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON gives an object where there are none, too.
func (p params) MarshalJSON() ([]byte, error) {
	if len(p) == 0 {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]any(p))
}

func viewField(f hook.Field) fieldError {
	return fieldError{Pointer: f.Pointer, Code: cmp.Or(f.Code, hook.FieldOther), Params: params(f.Params), Detail: f.Detail}
}

func (p *problem) Error() string { return p.Detail }

// GetStatus makes a problem a huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ErrorDetail makes a problem a huma.ErrorDetailer, so that adopt finds it again.
func (p *problem) ErrorDetail() *huma.ErrorDetail {
	return &huma.ErrorDetail{Message: p.Detail, Value: p}
}

// ContentType makes a problem a huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return access.MediaProblem }

func newProblem(code, detail string, fields ...hook.Field) *problem {
	for _, k := range access.Kinds() {
		if k.Code == code {
			return problemOfKind(k, detail, fields)
		}
	}
	return newProblem(access.CodeInternal, "")
}

func problemOfKind(k access.Kind, detail string, fields []hook.Field) *problem {
	p := &problem{Type: "/docs#" + k.Code, Title: k.Title, Status: k.Status, Code: k.Code, Detail: detail, Errors: []fieldError{}}
	for _, f := range fields {
		p.Errors = append(p.Errors, viewField(f))
	}
	return p
}

// exampleOf gives a problem of the kind as the OpenAPI document shows it.
func exampleOf(k access.Kind) any {
	example := problemOfKind(k, k.Help, nil)
	example.Instance, example.RequestID = "/v1/webhooks", "0b9f3c52-6d1c-4d6e-8a57-3f1f0c0f2a11"
	if k.Status == http.StatusUnprocessableEntity {
		example = problemOfKind(k, "/name must not be empty", nil)
		example.Errors = []fieldError{{Pointer: "/name", Code: hook.FieldEmpty, Detail: "must not be empty"}}
	}
	return example
}

// problemOf turns any error into what a client may see of it.
func problemOf(err error) *problem {
	var known *hook.Error
	var syntax *strict.SyntaxError
	var ready *problem
	var wrong access.Unauthorized
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &wrong):
		return newProblem(access.CodeUnauthorized, string(wrong))
	case errors.As(err, &syntax):
		p := newProblem(access.CodeMalformed, "The JSON is malformed: "+syntax.Error()+".")
		if syntax.Pointer != "" {
			p.Errors = append(p.Errors, fieldError{Pointer: syntax.Pointer, Code: hook.FieldSyntax, Detail: "holds " + syntax.Error()})
		}
		return p
	case errors.Is(err, eventjson.ErrTooLarge):
		return newProblem(access.CodeTooLarge, eventjson.ErrTooLarge.Error())
	case errors.As(err, &known):
		p := newProblem(string(known.Code), known.Message, known.Fields...)
		if p.wait = known.Wait; known.Quota != nil {
			p.Quota = new(view.OfQuota(*known.Quota))
		}
		p.From, p.Changed, p.Deleted = view.OptionalTime(known.From), view.OfDeed(known.Changed), view.OfDeleted(known.Deleted)
		return p
	}
	return newProblem(access.CodeInternal, "The request could not be carried out.")
}

// transform runs on everything that is about to be written: huma's own errors
// become problems, and problems learn which request they belong to.
func (s *server) transform(ctx huma.Context, _ string, v any) (any, error) {
	if model, ok := v.(*huma.ErrorModel); ok {
		v = adopt(model)
	}
	if p, ok := v.(*problem); ok {
		c := humagin.Unwrap(ctx)
		return p.of(c), nil
	}
	return v, nil
}

// adopt translates huma's form of an error: either a problem that Payload gave
// it, or parameters that did not parse.
func adopt(model *huma.ErrorModel) *problem {
	var bad []hook.Field
	for _, e := range model.Errors {
		if p, ok := e.Value.(*problem); ok {
			return p
		}
		bad = append(bad, inField(e))
	}
	for _, k := range access.Kinds() {
		switch {
		case k.Status == http.StatusUnprocessableEntity && k.Status == model.Status && len(bad) > 0:
			return problemOf(badParameters(bad))
		case k.Status == model.Status && k.Status < 500:
			return problemOfKind(k, "", bad)
		}
	}
	return newProblem(access.CodeInternal, "The request could not be carried out.")
}

// of gives a copy of p that names the request.
func (p *problem) of(c *gin.Context) *problem {
	q := *p
	q.Instance = c.Request.URL.EscapedPath()
	q.RequestID = requestID(c.Request.Context())
	switch {
	case p.wait > 0:
		c.Header("Retry-After", strconv.Itoa(access.Seconds(p.wait)))
	case p.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "1")
	}
	return &q
}

// fail answers c with p, from outside of huma.
func (s *server) fail(c *gin.Context, p *problem) {
	c.Abort()
	c.Header("Content-Type", access.MediaProblem)
	body := p.of(c)
	c.Status(p.Status)
	if err := marshal(c.Writer, body); err != nil {
		s.Log.Debug("write a problem", zap.Error(err))
	}
}
