package eventschema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/hook"
)

// Limits of numbers, in a schema and in a state that is held to one. Beyond
// them exact comparisons would take seconds.
const (
	// MaxDigits bounds a number as it is spelled, in characters.
	MaxDigits = 400
	// MaxExponent bounds the exponent of a number, in both directions.
	MaxExponent = 400
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// inspection is what a walk through a schema's text finds: what the compiler
// would take wrongly or take too long for.
type inspection struct {
	bad          []hook.Field
	enumerated   int
	instructions int // of all patterns so far
}

func inspect(document any) inspection {
	var in inspection
	in.value(nil, document)
	return in
}

func (in *inspection) fault(path []string, format string, args ...any) {
	in.bad = append(in.bad, place("/schema", path, hook.FieldSchema, fmt.Sprintf(format, args...)))
}

func (in *inspection) value(path []string, v any) {
	_, object := v.(map[string]any)
	_, array := v.([]any)
	if (object || array) && len(path) >= MaxSchemaDepth {
		in.fault(path, "is nested more than %d levels deep; move inner parts into $defs", MaxSchemaDepth)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			in.member(append(path, name), name, v[name])
		}
	case []any:
		for i, item := range v {
			in.value(append(path, strconv.Itoa(i)), item)
		}
	case json.Number:
		if !fits(v) {
			in.bad = append(in.bad, unfit("/schema", path))
		}
	}
}

func (in *inspection) member(path []string, name string, v any) {
	switch v := v.(type) {
	case string:
		if name == "$schema" && strings.TrimSuffix(v, "#") != draft {
			in.fault(path, "must be %q, the only draft that is taken; translate the schema or leave $schema out", draft)
		}
	case []any:
		if name == "enum" {
			in.enumerated += len(v)
		}
	case json.Number:
		if isBound(name) && fits(v) && tooLarge(v) {
			in.fault(path, "must be at most %d", MaxBound)
			return
		}
	}
	if name == "const" {
		in.enumerated++
	}
	in.patterns(path, name, v)
	in.value(path, v)
}

// isBound says whether a keyword counts something.
func isBound(keyword string) bool {
	switch keyword {
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains":
		return true
	}
	return false
}

func tooLarge(n json.Number) bool {
	r, ok := new(big.Rat).SetString(n.String())
	return ok && r.Cmp(big.NewRat(MaxBound, 1)) > 0
}

// fits says whether a number is one that can be compared exactly at little cost.
func fits(n json.Number) bool {
	s := n.String()
	if len(s) > MaxDigits {
		return false
	}
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(s[i+1:])
	return err == nil && exponent >= -MaxExponent && exponent <= MaxExponent
}

// survey counts the values that v is made of and says whether all its numbers fit.
func survey(v any) (values int, fit bool) {
	values, fit = 1, true
	add := func(item any) {
		n, ok := survey(item)
		values, fit = values+n, fit && ok
	}
	switch v := v.(type) {
	case map[string]any:
		for _, item := range v {
			add(item)
		}
	case []any:
		for _, item := range v {
			add(item)
		}
	case json.Number:
		fit = fits(v)
	}
	return values, fit
}

// unfitNumbers points at every number of v that does not fit.
func unfitNumbers(at string, path []string, v any) []hook.Field {
	var bad []hook.Field
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			bad = append(bad, unfitNumbers(at, append(path, name), item)...)
		}
	case []any:
		for i, item := range v {
			bad = append(bad, unfitNumbers(at, append(path, strconv.Itoa(i)), item)...)
		}
	case json.Number:
		if !fits(v) {
			bad = append(bad, unfit(at, path))
		}
	}
	return bad
}

func unfit(at string, path []string) hook.Field {
	return place(at, path, hook.FieldRange, fmt.Sprintf("must be a number of at most %d characters with an exponent from -%d to %d; send a longer one as a string",
		MaxDigits, MaxExponent, MaxExponent))
}
