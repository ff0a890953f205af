// Package reference writes the OpenAPI document, the page made of it, and what each
// operation is described by, in operations/. It knows no handler and no form.
package reference

import (
	"cmp"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
)

const about = `Webhooks that arrive: publish events, subscribe to them, see every attempt of every delivery.

Bodies are JSON in UTF-8; times are RFC 3339 in UTC. Request bodies are closed: a field that is not described is refused by its name, and null in place of an optional value is the same as leaving it out. Answers may grow by fields.

Lists come newest first, in pages of limit rows; next_cursor of an answer asks for the page after it, and is null at the end.

Every error is a problem (RFC 9457) with a code for programs, words for people, and the request_id that also stands in X-Request-Id, which a request may bring along. A path that does not exist is 404, a method that a path does not have is 405 with the header Allow.`

// Installation is what the document says of one installation.
type Installation struct {
	Version   string
	PublicURL string
	Cookie    string // the name of the session's
	// Problem gives a problem of a kind as clients get it.
	Problem func(access.Kind) any
}

// NewDocument begins the OpenAPI document; each operation of the table is added
// to it as it is registered, and finish completes it.
func NewDocument(of Installation) *huma.OpenAPI {
	schemas := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	// huma describes its own errors in every operation; ours take their place.
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), of.problemType())
	d := description{ReadNotes(), of}
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Godwit",
			Version:     of.Version,
			Description: about,
			License:     &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
			Contact:     &huma.Contact{Name: "Whoever operates this installation", URL: of.PublicURL},
		},
		Servers: []*huma.Server{{URL: cmp.Or(strings.TrimSuffix(of.PublicURL, "/"), "/"), Description: "The installation that gave this document"}},
		Tags:    d.tags(),
		Components: &huma.Components{
			Schemas:   schemas,
			Responses: map[string]*huma.Response{},
			Headers:   sharedHeaders(),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key":     {Type: "http", Scheme: "bearer", Description: "An API key of the role admin (everything), publisher (publishes events) or user (one user's webhooks, deliveries and projects). What a key may not see is 404."},
				"session": {Type: "apiKey", In: "cookie", Name: of.Cookie, Description: "The session of a browser that has signed in to the web app, by a portal link or with a key."},
			},
		},
		OnAddOperation: []huma.AddOpFunc{d.complete},
	}
}

// Finish completes the document, once every operation is in it.
func Finish(doc *huma.OpenAPI) {
	doc.Webhooks = received(doc.Components.Schemas) // open as answers are, which the registry knows by now
	doc.Paths["/v1/webhooks"].Post.Callbacks = calledBack(doc.Webhooks["event"])
	bound(doc)
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
			huma.Schema{Type: huma.TypeString, MaxLength: new(500)}, `"management";q=50;w=1`),
		"RateLimit": header("How much is left of each limit (r), and in how many seconds all of it is there again (t)",
			huma.Schema{Type: huma.TypeString, MaxLength: new(500)}, `"management";r=49;t=1`),
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

func (of Installation) problemType() reflect.Type {
	return reflect.TypeOf(of.Problem(access.Kinds()[0])).Elem()
}

// response describes an answer with a problem of the kind.
func (of Installation) response(k access.Kind, schemas huma.Registry, description string) *huma.Response {
	schema := schemas.Schema(of.problemType(), true, "")
	return &huma.Response{Description: description, Headers: headersOf(k.Status),
		Content: map[string]*huma.MediaType{access.MediaProblem: {Schema: schema, Example: of.Problem(k)}}}
}

// kindOf is the kind of problem with a status; the table has one for each.
func kindOf(status int) access.Kind {
	if k, ok := access.KindWith(status); ok {
		return k
	}
	panic("api: no kind of problem has the status " + strconv.Itoa(status))
}
