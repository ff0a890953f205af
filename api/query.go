package api

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"godwit/internal/hook"
)

// checkQuery refuses a query string of which a part would be dropped in silence:
// a filter that is mistyped must not list everything.
func (s *server) checkQuery(ctx huma.Context, next func(huma.Context)) {
	u := ctx.URL()
	if err := parameterFaults(ctx.Operation(), u.Query()); err != nil {
		s.refuse(ctx, err)
		return
	}
	next(ctx)
}

// queryFault says why a query string can't be read whole, for any address.
func queryFault(raw string) error {
	if strings.Contains(raw, ";") {
		return hook.Errorf(hook.CodeInvalid, "The query string holds a semicolon, which separates nothing here; put & between parameters, and write %%3B for a semicolon in a value.")
	}
	if _, err := url.ParseQuery(raw); err != nil {
		return hook.Errorf(hook.CodeInvalid, "The query string holds a percent sign that is not followed by two hexadecimal digits; write %%25 for a percent sign.")
	}
	return nil
}

// readableQuery refuses requests whose query string would be read in part: package
// net/url leaves out what it does not understand.
func (s *server) readableQuery(c *gin.Context) {
	if err := queryFault(c.Request.URL.RawQuery); err != nil {
		s.fail(c, s.report(c.Request.Context(), err))
	}
}

func parameterFaults(op *huma.Operation, values url.Values) error {
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
			if n := len(values[p.Name]); n > 1 && (p.Explode == nil || !*p.Explode) {
				return badParameter(p.Name, fmt.Sprintf("is given %d times; give it once", n))
			}
			delete(values, p.Name)
		}
	}
	slices.Sort(names)
	for name := range values {
		known := "there are none"
		if len(names) > 0 {
			known = "there are " + strings.Join(names, ", ")
		}
		return hook.Errorf(hook.CodeInvalid, "There is no query parameter %q here; %s.", shorten(name, maxNamed), known)
	}
	return nil
}

// maxNamed bounds a name of the caller's in an answer, in bytes.
const maxNamed = 60

// shorten cuts s to at most n bytes, at a character's border.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// parameterFault says in our words what is wrong with a parameter.
func parameterFault(e *huma.ErrorDetail) string {
	where, name, found := strings.Cut(e.Location, ".")
	if !found {
		return e.Message
	}
	words := ": " + e.Message
	if own, ok := strings.CutPrefix(e.Message, "invalid value: "); ok {
		words = " " + own
	} else if e.Message == "invalid integer" {
		words = " must be a whole number"
	}
	return "The " + where + " parameter " + name + words
}

// instant is a time in a query string; zero when it was left out.
type instant struct{ time.Time }

var _ encoding.TextUnmarshaler = (*instant)(nil)

// UnmarshalText reads RFC 3339.
func (i *instant) UnmarshalText(text []byte) error {
	t, ok := hook.ParseTime(string(text))
	if !ok {
		return errors.New(hook.TimeFormat + "; in a URL the + of an offset is written %2B")
	}
	i.Time = t
	return nil
}

// instantForm marks the schema of an instant until describeInstant replaces it: by
// the format date-time huma would judge the text itself, and refuse a leap second.
const instantForm = "instant"

// Schema makes instant a huma.SchemaProvider.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: instantForm}
}

// describeInstant gives the document a schema of its own for an instant.
func describeInstant(p *huma.Param) {
	if p.Schema.Format == instantForm {
		described := *p.Schema
		described.Format = "date-time"
		p.Schema = &described
	}
}

// optionalInstant reads a time of a request's body; "" is zero.
func optionalInstant(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	return hook.ParseTime(s)
}
