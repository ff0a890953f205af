package eventschema

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"godwit/internal/hook"
)

// Check gives every way in which a state does not fit the schema, each with its
// JSON pointer below at: none for a state that fits. Of more than MaxFaults the
// last entry says how many there are. A nil state is not checked. When ctx ends
// before the check does, that is a fault too. It is safe for concurrent use.
func (s *Schema) Check(ctx context.Context, at string, state json.RawMessage) []hook.Field {
	if s == nil || state == nil {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(state))
	if err != nil {
		return []hook.Field{{Code: hook.FieldSyntax, Pointer: at, Detail: "must be one JSON value"}}
	}
	values, fit := survey(value)
	if !fit {
		return arrange(at, unfitNumbers(at, nil, value))
	}
	p := s.take()
	defer s.give(p)
	ok, err := p.fits(ctx, value, MaxSteps-values*s.enumerated)
	switch {
	case errors.Is(err, errSpent):
		return []hook.Field{{Code: hook.FieldUnchecked, Pointer: at, Detail: fmt.Sprintf("takes more than %d steps to check against the schema of its type; send less in one event, or make the schema simpler", MaxSteps)}}
	case err != nil:
		return []hook.Field{{Code: hook.FieldUnchecked, Pointer: at, Detail: unchecked}}
	case ok:
		return nil
	}
	err = p.explain(ctx, value)
	switch {
	case ctx.Err() != nil:
		return []hook.Field{{Code: hook.FieldUnchecked, Pointer: at, Detail: unchecked}}
	case errors.Is(err, errSpent):
		return []hook.Field{{Code: hook.FieldMismatch, Pointer: at, Detail: fmt.Sprintf("does not fit the schema of its type; where, would take more than %d steps to tell. Hold it to the schema yourself", maxExplained)}}
	}
	return arrange(at, faultsOf(at, value, err))
}

// unchecked is said of a state whose check did not end with its context.
const unchecked = "could not be checked in time; send it again"

// faultsOf turns the library's tree of errors into faults, in no order.
func faultsOf(at string, value any, err error) []hook.Field {
	var root *jsonschema.ValidationError
	if !errors.As(err, &root) {
		return nil
	}
	c := collector{at: at, value: value}
	c.add(root)
	return c.bad
}

type collector struct {
	at    string
	value any
	bad   []hook.Field
}

func (c *collector) fault(path []string, detail string) {
	c.bad = append(c.bad, place(c.at, path, hook.FieldMismatch, detail))
}

// each adds one fault for each named member of the object at path.
func (c *collector) each(path, names []string, detail string) {
	for _, name := range names {
		c.fault(append(path[:len(path):len(path)], name), detail)
	}
}

func (c *collector) add(e *jsonschema.ValidationError) {
	path := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		for _, cause := range e.Causes {
			c.add(cause)
		}
	case *kind.AnyOf:
		c.alternatives(e)
	case *kind.OneOf:
		if len(k.Subschemas) > 1 {
			c.fault(path, fmt.Sprintf("must fit exactly one of the schema's alternatives (oneOf), but fits those at %d and %d", k.Subschemas[0], k.Subschemas[1]))
			return
		}
		c.alternatives(e)
	case *kind.Required:
		c.each(path, k.Missing, "is required")
	case *kind.DependentRequired:
		c.each(path, k.Missing, fmt.Sprintf("is required where %q is given", short(k.Prop)))
	case *kind.Dependency:
		c.each(path, k.Missing, fmt.Sprintf("is required where %q is given", short(k.Prop)))
	case *kind.AdditionalProperties:
		c.each(path, k.Properties, notAllowed)
	case *kind.PropertyNames:
		c.each(c.owner(path, k.Property), []string{k.Property}, "has a name that the schema does not allow: it "+innermost(e))
	default:
		c.fault(path, words(k))
	}
}

// alternatives tells about a value that fits none of several. When all but one
// are plainly meant for other values, the faults of that one are the answer.
func (c *collector) alternatives(e *jsonschema.ValidationError) {
	var near, undecided []*jsonschema.ValidationError
	var want []string
	got := ""
	for _, cause := range e.Causes {
		k, mismatch := typeMismatch(cause, len(e.InstanceLocation))
		if mismatch {
			want, got = append(want, k.Want...), k.Got
			continue
		}
		near = append(near, cause)
		if !isFixed(cause) {
			undecided = append(undecided, cause)
		}
	}
	switch {
	case len(near) == 0 && len(want) > 0:
		c.fault(e.InstanceLocation, words(&kind.Type{Got: got, Want: want}))
	case len(near) == 1:
		c.add(near[0])
	case len(undecided) == 1:
		c.add(undecided[0])
	default:
		c.fault(e.InstanceLocation, fmt.Sprintf("must fit one of the schema's %d alternatives (%s), but fits none", len(e.Causes), e.ErrorKind.KeywordPath()[0]))
	}
}

// typeMismatch says whether an alternative is for values of another type.
func typeMismatch(e *jsonschema.ValidationError, depth int) (*kind.Type, bool) {
	for isWrapper(e) && len(e.Causes) == 1 {
		e = e.Causes[0]
	}
	k, ok := e.ErrorKind.(*kind.Type)
	return k, ok && len(e.InstanceLocation) == depth
}

// isFixed says whether an alternative is for another value of some const, which
// is how alternatives are usually told apart.
func isFixed(e *jsonschema.ValidationError) bool {
	if _, ok := e.ErrorKind.(*kind.Const); ok {
		return true
	}
	if isWrapper(e) {
		for _, cause := range e.Causes {
			if isFixed(cause) {
				return true
			}
		}
	}
	return false
}

// isWrapper says whether an error is nothing but its causes.
func isWrapper(e *jsonschema.ValidationError) bool {
	switch e.ErrorKind.(type) {
	case *kind.Group, *kind.Reference, *kind.AllOf:
		return true
	}
	return false
}

func innermost(e *jsonschema.ValidationError) string {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	return words(e.ErrorKind)
}

// owner gives the path of the object that holds the property. The library may
// have overwritten the end of the path that it gives with a neighbour's.
func (c *collector) owner(path []string, property string) []string {
	if holds(c.value, path, property) {
		return path
	}
	var found []string
	walk(nil, c.value, func(at []string, v any) {
		if object, ok := v.(map[string]any); ok && len(at) == len(path) && found == nil {
			if _, ok := object[property]; ok {
				found = append([]string{}, at...)
			}
		}
	})
	return found
}

func holds(v any, path []string, property string) bool {
	for _, name := range path {
		v = child(v, name)
	}
	object, _ := v.(map[string]any)
	_, ok := object[property]
	return ok
}
