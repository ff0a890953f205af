package eventschema

import "github.com/santhosh-tekuri/jsonschema/v6"

// findEndless looks for a part of the schema that comes back to itself without
// going into the value: it would be held to the same value forever.
func findEndless(root *jsonschema.Schema) (at string, found bool) {
	g := graph{open: map[*jsonschema.Schema]bool{}, done: map[*jsonschema.Schema]bool{}}
	g.todo = append(g.todo, root)
	for len(g.todo) > 0 {
		s := g.todo[len(g.todo)-1]
		g.todo = g.todo[:len(g.todo)-1]
		if bad := g.visit(s); bad != nil {
			return bad.Location, true
		}
	}
	return "", false
}

// graph is a walk through the parts of a schema.
type graph struct {
	open, done map[*jsonschema.Schema]bool
	todo       []*jsonschema.Schema
}

// visit follows what applies to the same value and leaves what applies to values
// inside of it for later. It gives the part that it met inside of itself.
func (g *graph) visit(s *jsonschema.Schema) *jsonschema.Schema {
	switch {
	case s == nil, g.done[s]:
		return nil
	case g.open[s]:
		return s
	}
	g.open[s] = true
	for _, next := range inPlace(s) {
		if bad := g.visit(next); bad != nil {
			return bad
		}
	}
	g.open[s], g.done[s] = false, true
	g.todo = append(g.todo, inside(s)...)
	return nil
}

// inPlace lists the parts that s holds to the same value as itself.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	out := []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else}
	if s.DynamicRef != nil {
		out = append(out, s.DynamicRef.Ref)
	}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		out = append(out, list...)
	}
	for _, part := range s.DependentSchemas {
		out = append(out, part)
	}
	for _, part := range s.Dependencies {
		out = append(out, schemaOf(part))
	}
	return out
}

// inside lists the parts that s holds to values inside of its own.
func inside(s *jsonschema.Schema) []*jsonschema.Schema {
	out := []*jsonschema.Schema{
		s.PropertyNames, schemaOf(s.AdditionalProperties), s.UnevaluatedProperties, s.Items2020, s.Contains, s.UnevaluatedItems,
	}
	out = append(out, s.PrefixItems...)
	for _, part := range s.Properties {
		out = append(out, part)
	}
	for _, part := range s.PatternProperties {
		out = append(out, part)
	}
	return out
}

// schemaOf gives the schema of a keyword that may also hold something else.
func schemaOf(v any) *jsonschema.Schema {
	s, _ := v.(*jsonschema.Schema)
	return s
}
