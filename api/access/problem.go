package access

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"godwit/api/view"
	"godwit/internal/eventjson"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// Problem is an error as clients see it (RFC 9457).
type Problem struct {
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
	Errors    []FieldError  `json:"errors" nullable:"false" doc:"Every bad value of the request; empty when the problem is of another kind"`

	// Wait is what Retry-After says; zero = nothing.
	Wait time.Duration `json:"-"`
}

// FieldError is one bad value of a request.
type FieldError struct {
	Pointer string         `json:"pointer" doc:"JSON pointer (RFC 6901) into the request body; or a parameter: ?limit of the query string, {id} of the path, If-Match: of the header"`
	Code    hook.FieldCode `json:"code" doc:"What is wrong, as a constant for programs"`
	Params  Params         `json:"params" doc:"The values in the words, by name"`
	Detail  string         `json:"detail" doc:"What is wrong and what to do"`
}

// Params are the values in a sentence, by name.
type Params map[string]any

// Schema makes Params a huma.SchemaProvider.
func (Params) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON gives an object where there are none, too.
func (p Params) MarshalJSON() ([]byte, error) {
	if len(p) == 0 {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]any(p))
}

// OfField shows a bad value.
func OfField(f hook.Field) FieldError {
	return FieldError{Pointer: f.Pointer, Code: cmp.Or(f.Code, hook.FieldOther), Params: Params(f.Params), Detail: f.Detail}
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus makes a problem a huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ErrorDetail makes a problem a huma.ErrorDetailer, so that it is found again in what huma makes of errors.
func (p *Problem) ErrorDetail() *huma.ErrorDetail {
	return &huma.ErrorDetail{Message: p.Detail, Value: p}
}

// ContentType makes a problem a huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return MediaProblem }

// NewProblem makes a problem of the kind with a code.
func NewProblem(code, detail string, fields ...hook.Field) *Problem {
	for _, k := range Kinds() {
		if k.Code == code {
			return OfKind(k, detail, fields)
		}
	}
	return NewProblem(CodeInternal, "")
}

// OfKind makes a problem of a kind.
func OfKind(k Kind, detail string, fields []hook.Field) *Problem {
	p := &Problem{Type: "/docs#" + k.Code, Title: k.Title, Status: k.Status, Code: k.Code, Detail: detail, Errors: []FieldError{}}
	for _, f := range fields {
		p.Errors = append(p.Errors, OfField(f))
	}
	return p
}

// ExampleOf gives a problem of the kind as the OpenAPI document shows it.
func ExampleOf(k Kind) any {
	example := OfKind(k, k.Help, nil)
	example.Instance, example.RequestID = "/v1/webhooks", "0b9f3c52-6d1c-4d6e-8a57-3f1f0c0f2a11"
	if k.Status == http.StatusUnprocessableEntity {
		example = OfKind(k, "/name must not be empty", nil)
		example.Errors = []FieldError{{Pointer: "/name", Code: hook.FieldEmpty, Detail: "must not be empty"}}
	}
	return example
}

// ProblemOf turns any error into what a client may see of it.
func ProblemOf(err error) *Problem {
	var known *hook.Error
	var syntax *strict.SyntaxError
	var ready *Problem
	var wrong Unauthorized
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &wrong):
		return NewProblem(CodeUnauthorized, string(wrong))
	case errors.As(err, &syntax):
		p := NewProblem(CodeMalformed, "The JSON is malformed: "+syntax.Error()+".")
		if syntax.Pointer != "" {
			p.Errors = append(p.Errors, FieldError{Pointer: syntax.Pointer, Code: hook.FieldSyntax, Detail: "holds " + syntax.Error()})
		}
		return p
	case errors.Is(err, eventjson.ErrTooLarge):
		return NewProblem(CodeTooLarge, eventjson.ErrTooLarge.Error())
	case errors.As(err, &known):
		p := NewProblem(string(known.Code), known.Message, known.Fields...)
		if p.Wait = known.Wait; known.Quota != nil {
			p.Quota = new(view.OfQuota(*known.Quota))
		}
		p.From, p.Changed, p.Deleted = view.OptionalTime(known.From), view.OfDeed(known.Changed), view.OfDeleted(known.Deleted)
		return p
	}
	return NewProblem(CodeInternal, "The request could not be carried out.")
}

// For gives a copy of p that names the request, and has the answer's headers say when to
// come again.
func (p *Problem) For(c *gin.Context) *Problem {
	q := *p
	q.Instance = c.Request.URL.EscapedPath()
	q.RequestID = RequestID(c.Request.Context())
	switch {
	case p.Wait > 0:
		c.Header("Retry-After", strconv.Itoa(Seconds(p.Wait)))
	case p.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "1")
	}
	return &q
}

// Answer answers c with p, from outside of huma.
func (p *Problem) Answer(c *gin.Context) error {
	c.Abort()
	c.Header("Content-Type", MediaProblem)
	body := p.For(c)
	c.Status(p.Status)
	return WriteJSON(c.Writer, body)
}
