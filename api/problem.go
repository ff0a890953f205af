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

	"godwit/internal/eventjson"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

const mediaProblem = "application/problem+json"

// problem is an error as clients see it (RFC 9457).
type problem struct {
	Type      string       `json:"type" format:"uri-reference" doc:"Names the kind of problem; leads to what it means and what to do"`
	Title     string       `json:"title" doc:"The kind of problem in words; the same for each of its kind"`
	Status    int          `json:"status" minimum:"400" maximum:"599" doc:"HTTP status"`
	Detail    string       `json:"detail" doc:"What went wrong this time"`
	Instance  string       `json:"instance,omitempty" format:"uri-reference" doc:"Path of the request"`
	Code      string       `json:"code" doc:"The kind of problem as a constant for programs"`
	RequestID string       `json:"request_id,omitempty" pattern:"^[A-Za-z0-9._-]{1,128}$" doc:"The answer's X-Request-Id; quote it when asking for help"`
	Attempt   *attempt     `json:"attempt,omitempty" doc:"The probe that failed, where that is the problem"`
	Quota     *Quota       `json:"quota,omitempty" doc:"The limit that was reached, where that is the problem"`
	From      *time.Time   `json:"from,omitempty" doc:"From when on the state allows it by itself, where that is known"`
	Changed   *Deed        `json:"changed,omitempty" doc:"The change that was made in the meantime, where that is the problem"`
	Deleted   *deleted     `json:"deleted,omitempty" doc:"The webhook that had this id until it was deleted. Only its owner and admins get it"`
	Errors    []fieldError `json:"errors" nullable:"false" doc:"Every bad value of the request; empty when the problem is of another kind"`

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
func (p *problem) ContentType(string) string { return mediaProblem }

// kind is one row of the table from error code to HTTP status.
type kind struct {
	code   string
	status int
	title  string
	help   string
}

// Codes of problems that only HTTP knows.
const (
	codeMalformed    = "malformed"
	codeUnauthorized = "unauthorized"
	codeForbidden    = "forbidden"
	codeMethod       = "method_not_allowed"
	codeTooLarge     = "too_large"
	codeMediaType    = "unsupported_media_type"
	codeRateLimited  = string(hook.CodeRateLimited)
	codeInternal     = "internal"
)

// kinds is the one table from error code to HTTP status.
func kinds() []kind {
	return []kind{
		{codeMalformed, 400, "The request body is not JSON", "Send one JSON value in UTF-8, without duplicate names and without anything after it."},
		{codeUnauthorized, 401, "A valid API key is needed", "Send the header Authorization: Bearer <key>."},
		{codeForbidden, 403, "The key's role may not do this", "Use a key of a role that may."},
		{string(hook.CodeNotFound), 404, "Not found", "It does not exist, or this key may not see it."},
		{codeMethod, 405, "The method is not allowed here", "The header Allow lists the methods of this path."},
		{string(hook.CodeConflict), 409, "The present state does not allow it", "Read the detail; look at the object as it is now."},
		{string(hook.CodeStale), 412, "It was changed in the meantime", "Get it again, apply the change to the new version, and send that version's ETag in If-Match."},
		{string(hook.CodeQuota), 409, "A limit is reached", "Remove what is not needed, or have an admin raise the limit; the detail names both."},
		{codeTooLarge, 413, "The request body is too large", "Send less; the detail names the limit."},
		{codeMediaType, 415, "The request body is of an unknown type", "Send Content-Type: application/json, and Content-Encoding: gzip or none."},
		{string(hook.CodeInvalid), 422, "Some values are not acceptable", "The list of errors names each value and what is wrong with it."},
		{codeRateLimited, 429, "Too many requests", "Wait as long as Retry-After says."},
		{codeInternal, 500, "Something broke on our side", "Try again later; quote the request_id when it stays."},
		{string(hook.CodeUnavailable), 503, "A part that is needed can't be reached", "Try again after the seconds that Retry-After names."},
	}
}

func newProblem(code, detail string, fields ...hook.Field) *problem {
	for _, k := range kinds() {
		if k.code == code {
			return k.problem(detail, fields)
		}
	}
	return newProblem(codeInternal, "")
}

func (k kind) problem(detail string, fields []hook.Field) *problem {
	p := &problem{Type: "/docs#" + k.code, Title: k.title, Status: k.status, Code: k.code, Detail: detail, Errors: []fieldError{}}
	for _, f := range fields {
		p.Errors = append(p.Errors, viewField(f))
	}
	return p
}

// problemOf turns any error into what a client may see of it.
func problemOf(err error) *problem {
	var known *hook.Error
	var syntax *strict.SyntaxError
	var ready *problem
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &syntax):
		p := newProblem(codeMalformed, "The JSON is malformed: "+syntax.Error()+".")
		if syntax.Pointer != "" {
			p.Errors = append(p.Errors, fieldError{Pointer: syntax.Pointer, Code: hook.FieldSyntax, Detail: "holds " + syntax.Error()})
		}
		return p
	case errors.Is(err, eventjson.ErrTooLarge):
		return newProblem(codeTooLarge, eventjson.ErrTooLarge.Error())
	case errors.As(err, &known):
		p := newProblem(string(known.Code), known.Message, known.Fields...)
		if p.wait = known.Wait; known.Quota != nil {
			p.Quota = ptr(viewQuota(*known.Quota))
		}
		p.From, p.Changed, p.Deleted = optionalTime(known.From), viewDeed(known.Changed), viewDeleted(known.Deleted)
		return p
	}
	return newProblem(codeInternal, "The request could not be carried out.")
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
	for _, k := range kinds() {
		switch {
		case k.status == http.StatusUnprocessableEntity && k.status == model.Status && len(bad) > 0:
			return problemOf(badParameters(bad))
		case k.status == model.Status && k.status < 500:
			return k.problem("", bad)
		}
	}
	return newProblem(codeInternal, "The request could not be carried out.")
}

// of gives a copy of p that names the request.
func (p *problem) of(c *gin.Context) *problem {
	q := *p
	q.Instance = c.Request.URL.EscapedPath()
	q.RequestID = requestID(c.Request.Context())
	switch {
	case p.wait > 0:
		c.Header("Retry-After", strconv.Itoa(seconds(p.wait)))
	case p.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "1")
	}
	return &q
}

// fail answers c with p, from outside of huma.
func (s *server) fail(c *gin.Context, p *problem) {
	c.Abort()
	c.Header("Content-Type", mediaProblem)
	body := p.of(c)
	c.Status(p.Status)
	if err := marshal(c.Writer, body); err != nil {
		s.Log.Debug("write a problem", zap.Error(err))
	}
}
