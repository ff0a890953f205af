package api

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/reference"
	"godwit/internal/hook"
)

// A fault of a parameter points at it by its name, since JSON pointers lead into the
// body: ?limit for the query string, {id} for the path, If-Match: for a header.

// pointerTo points at a parameter.
func pointerTo(in, name string) string {
	switch in {
	case "path":
		return "{" + name + "}"
	case "header":
		return name + ":"
	}
	return "?" + name
}

// badParameter is the error of one parameter.
func badParameter(f hook.Field) error { return badParameters([]hook.Field{f}) }

// badParameters names what is wrong with parameters; nil when nothing is.
func badParameters(bad []hook.Field) error {
	switch len(bad) {
	case 0:
		return nil
	case 1:
		f := bad[0]
		if f.Code == hook.FieldUnknown {
			return &hook.Error{Code: hook.CodeInvalid, Message: fmt.Sprintf("There is no query parameter %q here; %s.", strings.TrimPrefix(f.Pointer, "?"), f.Detail), Fields: bad}
		}
		return &hook.Error{Code: hook.CodeInvalid, Message: "The " + kindOfParameter(f.Pointer) + " " + strings.Trim(f.Pointer, "?{}:") + " " + f.Detail + ".", Fields: bad}
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: fmt.Sprintf("%d parameters are not acceptable.", len(bad)), Fields: hook.FirstFaults(bad, hook.MaxFaults)}
}

func kindOfParameter(pointer string) string {
	switch pointer[0] {
	case '?':
		return "query parameter"
	case '{':
		return "path parameter"
	}
	return "header"
}

// parameterFaults finds what is wrong with a query string whatever else is asked.
func parameterFaults(op *huma.Operation, values url.Values) (bad []hook.Field) {
	var names []string
	for _, p := range op.Parameters {
		if p.In != "query" {
			continue
		}
		names = append(names, p.Name)
		if f := parameterFault(p, values[p.Name]); f != nil {
			f.Pointer = pointerTo(p.In, p.Name)
			bad = append(bad, *f)
		}
		delete(values, p.Name)
	}
	slices.Sort(names)
	known := "there are none"
	if len(names) > 0 {
		known = "there are " + strings.Join(names, ", ")
	}
	var unknown []hook.Field
	for name := range values {
		unknown = append(unknown, hook.Field{Pointer: pointerTo("query", shorten(name, maxNamed)), Code: hook.FieldUnknown, Detail: known})
	}
	slices.SortFunc(unknown, func(a, b hook.Field) int { return cmp.Compare(a.Pointer, b.Pointer) })
	return append(bad, unknown...)
}

// parameterFault finds what is wrong with the values of a parameter; nil = nothing.
func parameterFault(p *huma.Param, values []string) *hook.Field {
	schema, several := p.Schema, p.Explode != nil && *p.Explode
	if n := len(values); n > 1 && !several {
		return &hook.Field{Code: hook.FieldTwice, Detail: fmt.Sprintf("is given %d times; give it once", n)}
	}
	if schema.Type == huma.TypeArray {
		if !several && len(values) == 1 {
			values = strings.Split(values[0], ",")
		}
		if most := schema.MaxItems; most != nil && len(values) > *most {
			return &hook.Field{Code: hook.FieldCount, Params: hook.Params{"min": 0, "max": *most}, Detail: fmt.Sprintf("must have at most %d values", *most)}
		}
		schema = schema.Items
	}
	for _, value := range values {
		if value == "" { // as if it were left out
			continue
		}
		if f := valueFault(schema, value); f != nil {
			return f
		}
	}
	return nil
}

// valueFault says in what way a text is not what its schema asks for; nil = in none.
func valueFault(schema *huma.Schema, value string) *hook.Field {
	switch {
	case schema.Type == huma.TypeInteger:
		return numberFault(schema, value)
	case schema.Type == huma.TypeBoolean:
		if _, err := strconv.ParseBool(value); err != nil {
			return &hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "boolean"}, Detail: "must be true or false"}
		}
	case schema.Format == reference.InstantForm, schema.Format == "date-time":
		if _, ok := hook.ParseTime(value); !ok {
			return &hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "time"}, Detail: timeInURL}
		}
	case len(schema.Enum) > 0 && !slices.Contains(schema.Enum, any(value)):
		choices := make([]string, len(schema.Enum))
		for i, choice := range schema.Enum {
			choices[i] = fmt.Sprint(choice)
		}
		return &hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": choices}, Detail: "must be one of " + strings.Join(choices, ", ")}
	case schema.MaxLength != nil && utf8.RuneCountInString(value) > *schema.MaxLength:
		return &hook.Field{Code: hook.FieldTooLong, Params: hook.Params{"max": *schema.MaxLength}, Detail: fmt.Sprintf("must have at most %d characters", *schema.MaxLength)}
	}
	return nil
}

func numberFault(schema *huma.Schema, value string) *hook.Field {
	n, err := strconv.Atoi(value)
	if err != nil {
		return &hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "integer"}, Detail: "must be a whole number"}
	}
	low, high := schema.Minimum, schema.Maximum
	if low != nil && float64(n) < *low || high != nil && float64(n) > *high {
		f := &hook.Field{Code: hook.FieldRange, Params: hook.Params{}, Detail: "must be a number from " + limitOf(low) + " to " + limitOf(high)}
		if low != nil {
			f.Params["min"] = *low
		}
		if high != nil {
			f.Params["max"] = *high
		}
		return f
	}
	return nil
}

func limitOf(n *float64) string {
	if n == nil {
		return "any"
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

// inField makes a field of what huma has found wrong with a parameter that checkQuery
// does not look at.
func inField(e *huma.ErrorDetail) hook.Field {
	where, name, found := strings.Cut(e.Location, ".")
	if !found {
		return hook.Field{Code: hook.FieldOther, Pointer: "", Detail: e.Message}
	}
	words := strings.TrimPrefix(e.Message, "invalid value: ")
	if words == e.Message {
		words = "is not acceptable: " + words
	}
	return hook.Field{Code: hook.FieldOther, Pointer: pointerTo(where, name), Detail: words}
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

// timeInURL says what a time in a URL must be.
const timeInURL = hook.TimeFormat + "; in a URL the + of an offset is written %2B"
