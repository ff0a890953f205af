package api

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/hook"
)

const about = `Webhooks that arrive: publish events, subscribe to them, see every attempt of every delivery.

Bodies are JSON in UTF-8; times are RFC 3339 in UTC. Request bodies are closed: a field that is not described is refused by its name, and null in place of an optional value is the same as leaving it out. Answers may grow by fields.

Lists come newest first, in pages of limit rows; next_cursor of an answer asks for the page after it, and is null at the end.

Every error is a problem (RFC 9457) with a code for programs, words for people, and the request_id that also stands in X-Request-Id, which a request may bring along. A path that does not exist is 404, a method that a path does not have is 405 with the header Allow.`

// document begins the OpenAPI document; each operation of the table is added
// to it as it is registered.
func (s *server) document() *huma.OpenAPI {
	schemas := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	// huma describes its own errors in every operation; ours take their place.
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem]())
	d := description{notes: readNotes()}
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Godwit",
			Version:     s.Version,
			Description: about,
			License:     &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
			Contact:     &huma.Contact{Name: "Whoever operates this installation", URL: s.PublicURL},
		},
		Servers: []*huma.Server{{URL: cmp.Or(strings.TrimSuffix(s.PublicURL, "/"), "/"), Description: "The installation that gave this document"}},
		Tags:    d.tags(),
		Components: &huma.Components{
			Schemas:   schemas,
			Responses: map[string]*huma.Response{},
			Headers:   sharedHeaders(),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key":     {Type: "http", Scheme: "bearer", Description: "An API key of the role admin (everything), publisher (publishes events) or user (one user's webhooks, deliveries and projects). What a key may not see is 404."},
				"session": {Type: "apiKey", In: "cookie", Name: s.sessionCookie(), Description: "The session of a browser that has signed in to the web app, by a portal link or with a key."},
			},
		},
		OnAddOperation: []huma.AddOpFunc{d.complete},
	}
}

// sharedHeaders are headers of many answers.
func sharedHeaders() map[string]*huma.Header {
	header := func(description string, schema huma.Schema, example any) *huma.Header {
		return &huma.Header{Description: description, Schema: &schema, Example: example}
	}
	one := 1.0
	headers := map[string]*huma.Header{
		"X-Request-Id": header("Names the request; the caller's own, if it sent one of this form",
			huma.Schema{Type: huma.TypeString, Pattern: "^[A-Za-z0-9._-]{1,128}$"}, "0b9f3c52-6d1c-4d6e-8a57-3f1f0c0f2a11"),
		"RateLimit-Policy": header("How many requests (q) the key may make in so many seconds (w), and other limits that the request counts for, by their names; left out where there is no limit",
			huma.Schema{Type: huma.TypeString, MaxLength: ptr(500)}, `"management";q=50;w=1`),
		"RateLimit": header("How much is left of each limit (r), and in how many seconds all of it is there again (t)",
			huma.Schema{Type: huma.TypeString, MaxLength: ptr(500)}, `"management";r=49;t=1`),
		"Retry-After": header("Seconds to wait before the request is sent again",
			huma.Schema{Type: huma.TypeInteger, Minimum: &one}, 1),
		"WWW-Authenticate": header("How to authenticate",
			huma.Schema{Type: huma.TypeString, Enum: []any{"Bearer"}}, "Bearer"),
		"Idempotency-Replayed": header("The request was carried out before under its Idempotency-Key, and this is the answer of then; left out the first time",
			huma.Schema{Type: huma.TypeString, Enum: []any{"true"}}, "true"),
	}
	headers["X-Request-Id"].Required = true
	return headers
}

// headersOf names the shared headers of an answer.
func headersOf(status int) map[string]*huma.Param {
	names := []string{"X-Request-Id", "RateLimit-Policy", "RateLimit"}
	switch status {
	case http.StatusUnauthorized:
		names = []string{"X-Request-Id", "WWW-Authenticate"}
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		names = append(names, "Retry-After")
	}
	out := map[string]*huma.Param{}
	for _, name := range names {
		out[name] = sharedHeader(name)
	}
	return out
}

func sharedHeader(name string) *huma.Param {
	return &huma.Param{Ref: "#/components/headers/" + name}
}

// response describes an answer with a problem of the kind.
func (k kind) response(schemas huma.Registry, description string) *huma.Response {
	example := k.problem(k.help, nil)
	example.Instance, example.RequestID = "/v1/webhooks", "0b9f3c52-6d1c-4d6e-8a57-3f1f0c0f2a11"
	if k.status == http.StatusUnprocessableEntity {
		example = k.problem("/name must not be empty", nil)
		example.Errors = []fieldError{{Pointer: "/name", Code: hook.FieldEmpty, Detail: "must not be empty"}}
	}
	schema := schemas.Schema(reflect.TypeFor[problem](), true, "")
	return &huma.Response{Description: description, Headers: headersOf(k.status),
		Content: map[string]*huma.MediaType{mediaProblem: {Schema: schema, Example: example}}}
}

// kindOf is the kind of problem with a status; the table has one for each.
func kindOf(status int) kind {
	if k, ok := kindWith(status); ok {
		return k
	}
	panic("api: no kind of problem has the status " + strconv.Itoa(status))
}

func kindWith(status int) (k kind, found bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.status == status })
	if i < 0 {
		return kind{}, false
	}
	return all[i], true
}

func ptr[T any](v T) *T { return &v }
