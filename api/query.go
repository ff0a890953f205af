package api

import (
	"encoding"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"godwit/api/reference"
	"godwit/internal/hook"
)

// checkQuery refuses a query string of which a part would be dropped in silence:
// a filter that is mistyped must not list everything. It names all that is wrong.
func (s *server) checkQuery(ctx huma.Context, next func(huma.Context)) {
	u := ctx.URL()
	if bad := parameterFaults(ctx.Operation(), u.Query()); len(bad) > 0 {
		s.refuse(ctx, badParameters(bad))
		return
	}
	next(ctx)
}

// queryFault says why a query string can't be read whole, for any address.
func queryFault(raw string) error {
	if strings.Contains(raw, ";") {
		return hook.Field{Pointer: "?", Code: hook.FieldSyntax, Detail: "The query string holds a semicolon, which separates nothing here; put & between parameters, and write %3B for a semicolon in a value."}.Invalid()
	}
	if _, err := url.ParseQuery(raw); err != nil {
		return hook.Field{Pointer: "?", Code: hook.FieldSyntax, Detail: "The query string holds a percent sign that is not followed by two hexadecimal digits; write %25 for a percent sign."}.Invalid()
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

// instant is a time in a query string; zero when it was left out.
type instant struct{ time.Time }

var _ encoding.TextUnmarshaler = (*instant)(nil)

// UnmarshalText reads RFC 3339.
func (i *instant) UnmarshalText(text []byte) error {
	t, ok := hook.ParseTime(string(text))
	if !ok {
		return errors.New(timeInURL)
	}
	i.Time = t
	return nil
}

// Schema makes instant a huma.SchemaProvider.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: reference.InstantForm}
}

// optionalInstant reads a time of a request's body; "" is zero.
func optionalInstant(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	return hook.ParseTime(s)
}
