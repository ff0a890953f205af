package eventschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp/syntax"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

const notAllowed = "is not allowed by the schema; leave it out"

// words says what is wrong with a value and what would be right. It quotes the
// schema, cut to a bounded length, and never the value.
func words(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + strings.Join(k.Want, " or ") + ", not " + k.Got
	case *kind.Const:
		return "must be " + quote(k.Want)
	case *kind.Enum:
		return "must be " + oneOf(k.Want)
	case *kind.Format:
		return wordsOfFormat(k)
	case *kind.Pattern:
		return fmt.Sprintf("must match the pattern %s", cut(k.Want, maxWords))
	case *kind.FalseSchema:
		return notAllowed
	case *kind.Not:
		return "must not be what the schema excludes (not)"
	case *kind.UniqueItems:
		return fmt.Sprintf("must not hold an item twice, but items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	}
	if text := wordsOfSize(k); text != "" {
		return text
	}
	if text := wordsOfNumber(k); text != "" {
		return text
	}
	return "does not fit the schema of the event's type"
}

func wordsOfSize(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters, not %d", k.Want, k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters, not %d", k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("must hold at least %d items, not %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must hold at most %d items, not %d", k.Want, k.Got)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d properties, not %d", k.Want, k.Got)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d properties, not %d", k.Want, k.Got)
	case *kind.Contains:
		return "must hold an item of the kind that the schema asks for (contains)"
	case *kind.MinContains:
		return fmt.Sprintf("must hold at least %d items of the kind that the schema asks for (contains), not %d", k.Want, len(k.Got))
	case *kind.MaxContains:
		return fmt.Sprintf("must hold at most %d items of the kind that the schema names (contains), not %d", k.Want, len(k.Got))
	}
	return ""
}

func wordsOfNumber(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "must be at least " + exact(k.Want)
	case *kind.Maximum:
		return "must be at most " + exact(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + exact(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + exact(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + exact(k.Want)
	}
	return ""
}

// exact spells a number of a schema without rounding.
func exact(r *big.Rat) string {
	digits, _ := r.FloatPrec() // what was spelled in decimals ends in decimals
	return cut(r.FloatString(digits), maxWords)
}

func wordsOfFormat(k *kind.Format) string {
	var pattern *syntax.Error
	if errors.As(k.Err, &pattern) {
		return "must be a regular expression in RE2 syntax: " + pattern.Code.String()
	}
	text := "must be of the format " + k.Want
	if example := formatExample(k.Want); example != "" {
		text += ", such as " + example
	}
	return text
}

func formatExample(format string) string {
	switch format {
	case "date-time":
		return "2026-05-04T09:30:00Z"
	case "date":
		return "2026-05-04"
	case "time":
		return "09:30:00Z"
	case "duration":
		return "PT15M"
	case "email":
		return "una@example.com"
	case "uri":
		return "https://example.com/"
	case "uuid":
		return "0190b6c4-5b0e-7c3a-9d1e-2f6a7b8c9d0e"
	}
	return ""
}

// oneOf lists what an enum allows, as far as there is room.
func oneOf(want []any) string {
	var text strings.Builder
	for i, v := range want {
		item := quote(v)
		if i > 0 && text.Len()+len(item) > maxWords {
			return fmt.Sprintf("one of the %d values of the schema's enum, such as %s", len(want), text.String())
		}
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(item)
	}
	if len(want) < 2 {
		return text.String()
	}
	return "one of " + text.String()
}

// quote gives a value of a schema as JSON.
func quote(v any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "the value in the schema"
	}
	return cut(strings.TrimSuffix(text.String(), "\n"), maxWords)
}
