package reference

import (
	"fmt"
	"html/template"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// typeOf writes the type of a schema, with links to those that have a name.
func typeOf(s *huma.Schema) template.HTML {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		name := template.HTMLEscapeString(strings.TrimPrefix(s.Ref, schemaPrefix))
		return template.HTML(`<a href="#` + name + `">` + name + `</a>`) //nolint:gosec // escaped
	case len(s.AnyOf) > 0:
		var of []string
		for _, one := range s.AnyOf {
			of = append(of, string(typeOf(one)))
		}
		return template.HTML(strings.Join(of, " or ")) //nolint:gosec // made by typeOf
	}
	out := template.HTML(template.HTMLEscapeString(s.Type)) //nolint:gosec // escaped
	values, ofValues := s.AdditionalProperties.(*huma.Schema)
	switch {
	case s.Type == huma.TypeArray:
		out = "array of " + typeOf(s.Items)
	case ofValues:
		out = "object of " + typeOf(values)
	}
	if s.Nullable {
		out += " or null"
	}
	return out
}

// boundsOf says in words what a value must keep to.
func boundsOf(s *huma.Schema) []string {
	if s == nil {
		return nil
	}
	var out []string
	add := func(words string) {
		if words != "" {
			out = append(out, words)
		}
	}
	if s.Format != "" && !strings.HasPrefix(s.Format, "int") && s.Format != "double" {
		add(s.Format)
	}
	add(between(s.MinLength, s.MaxLength, "characters"))
	add(between(s.MinItems, s.MaxItems, "items"))
	add(between(s.MinProperties, s.MaxProperties, "members"))
	add(between(s.Minimum, s.Maximum, ""))
	if len(s.Enum) > 0 {
		add("one of " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(named(s.Enum))), ", "), "[]"))
	}
	if s.Pattern != "" {
		add("matches " + s.Pattern)
	}
	if s.Default != nil {
		add(fmt.Sprintf("default %v", value(s.Default)))
	}
	if s.Type == huma.TypeArray {
		for _, words := range boundsOf(s.Items) {
			add("each " + words)
		}
	}
	return out
}

// named leaves null out, which is in the type already.
func named(values []any) []any {
	return slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })
}

// value gives what a pointer points to.
func value(v any) any {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer {
		return p.Elem().Interface()
	}
	return v
}

// between says what a number, or a count of something, may be.
func between[N int | float64](least, most *N, of string) string {
	of = strings.TrimRight(" "+of, " ")
	switch {
	case least != nil && most != nil:
		return fmt.Sprintf("%v to %v%s", *least, *most, of)
	case least != nil:
		return fmt.Sprintf("at least %v%s", *least, of)
	case most != nil:
		return fmt.Sprintf("at most %v%s", *most, of)
	}
	return ""
}

// lines splits a text into its paragraphs.
func lines(text string) []string { return strings.Split(text, "\n\n") }
