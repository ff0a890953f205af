package eventschema

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// MaxSteps bounds one check. A step is one part of the schema held to one
// value, or one value held to one of the schema's enum and const. Without a
// bound a short schema whose parts refer to one another twice each takes
// exponential time. A million steps take a fraction of a second.
const MaxSteps = 1_000_000

var errSpent = errors.New("more steps than a check may take")

// program is a compiled schema with a meter in each of its parts. It serves one
// check at a time.
type program struct {
	schema *jsonschema.Schema
	meter  *meter
}

// newProgram compiles a document that is known to compile.
func newProgram(document any) (*program, error) {
	p := &program{meter: &meter{}}
	c := newCompiler(document)
	c.RegisterVocabulary(&jsonschema.Vocabulary{URL: "godwit:///steps", Compile: p.meter.compile})
	c.AssertVocabs()
	var err error
	p.schema, err = c.Compile(base)
	return p, err
}

// validate gives nil, a *jsonschema.ValidationError, or errSpent.
func (p *program) validate(v any, steps int) (err error) {
	if steps < 0 {
		return errSpent
	}
	p.meter.left = steps
	defer func() {
		// The library knows no way to stop but this one.
		if r := recover(); r != nil {
			if r != any(errSpent) {
				panic(r)
			}
			err = errSpent
		}
	}()
	return p.schema.Validate(v)
}

// take gives a program that nobody else uses until it is given back.
func (s *Schema) take() *program {
	select {
	case p := <-s.idle:
		return p
	default:
	}
	p, err := newProgram(s.document)
	if err != nil {
		panic(fmt.Sprintf("compile a schema once more: %v", err))
	}
	return p
}

func (s *Schema) give(p *program) {
	select {
	case s.idle <- p:
	default:
	}
}

// meter counts what is left of MaxSteps.
type meter struct{ left int }

// compile puts the meter into one part of a schema.
func (m *meter) compile(_ *jsonschema.CompilerContext, part map[string]any) (jsonschema.SchemaExt, error) {
	own := metered{meter: m, branches: 1}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := part[keyword].([]any)
		own.branches += len(list)
	}
	patterns, _ := part["patternProperties"].(map[string]any)
	own.patterns = 1 + len(patterns)
	return own, nil
}

// metered is the meter in one part of a schema.
type metered struct {
	*meter
	branches, patterns int
}

// Validate makes metered a jsonschema.SchemaExt. It runs once the part has been
// held to v, all but its unevaluated keywords.
func (m metered) Validate(_ *jsonschema.ValidatorContext, v any) {
	cost := m.branches
	switch v := v.(type) {
	case map[string]any:
		cost += len(v) * m.patterns
	case []any:
		cost += len(v)
	}
	if m.left -= cost; m.left < 0 {
		panic(errSpent)
	}
}
