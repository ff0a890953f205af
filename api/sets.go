package api

import (
	"fmt"
	"slices"

	"godwit/internal/hook"
)

// set is what the values of a set that deliveries are picked by have in common, in
// a query string and in a body alike.
type set struct {
	what string
	form string // for programs, as docs/errors.md has it
	most int
	fits func(value string) bool
	must string
}

// The most values are those of the tags maxItems.
var (
	typeSet = set{"type", "event_type", 200, func(name string) bool { return hook.ValidTypeName(name) || name == hook.CombinationType },
		"must be the name of an event type (GET /v1/event-types), or combination"}
	anySet    = set{"type", "event_type", 200, hook.ValidID, typeSet.must} // of what there was some day
	reasonSet = set{"reason", "reason", 50, func(name string) bool { return slices.Contains(hook.Reasons, hook.Reason(name)) },
		"must be the reason of a delivery or of an attempt, such as exhausted or status_5xx"}
	codeSet = set{"status code", "status_code", 50, func(codes string) bool { _, _, ok := hook.StatusCodes(codes).Range(); return ok },
		"must be a status code of three digits, such as 503, or a class of them, such as 5xx"}
)

// parameter says what is wrong with the values of a repeated query parameter.
func (s set) parameter(name string, values []string) []hook.Field {
	for _, value := range values {
		if !s.fits(value) {
			return []hook.Field{{Pointer: pointerTo("query", name), Code: hook.FieldForm, Params: hook.Params{"expected": s.form}, Detail: s.must}}
		}
	}
	return nil
}

// fields says what is wrong with a field of a body.
func (s set) fields(name string, values *[]string) (bad []hook.Field) {
	if values == nil {
		return nil
	}
	if n := len(*values); n == 0 || n > s.most {
		return []hook.Field{{Code: hook.FieldCount, Params: hook.Params{"min": 1, "max": s.most}, Pointer: "/" + name, Detail: fmt.Sprintf("must hold 1 to %d %ss; leave it out for every %[2]s", s.most, s.what)}}
	}
	for i, value := range *values {
		if !s.fits(value) {
			bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": s.form}, Pointer: fmt.Sprintf("/%s/%d", name, i), Detail: s.must})
		}
	}
	return bad
}

// valuesOf gives texts that were checked the type of what they are.
func valuesOf[T ~string](texts []string) []T {
	if len(texts) == 0 {
		return nil
	}
	out := make([]T, len(texts))
	for i, text := range texts {
		out[i] = T(text)
	}
	return out
}

// textsOf is an answer's list of names; it is never null.
func textsOf[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = string(value)
	}
	return out
}
