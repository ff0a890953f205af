package eventschema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// MaxSteps bounds one check. A step is one part of the schema held to one
	// value, one value held to one of the schema's enum and const, patternUnit of a
	// pattern, or what weight says of keywords that read all of a value. Without a bound a short schema whose parts refer to one another
	// twice each takes exponential time. A million steps take a fraction of a second.
	MaxSteps = 1_000_000
	// maxExplained bounds the check that tells what does not fit, in steps. The
	// library keeps an error of up to 2 KB for each of them until the check ends.
	maxExplained = 50_000
	// Of checks that take more steps than these, one runs at a time in this process,
	// since the library keeps about 100 bytes for each step of the one kind and up
	// to 2 KB for each of the other. Most checks take some hundreds.
	lightSteps     = 20_000
	lightExplained = 1_000
	// askEvery is after how many charges the context is asked.
	askEvery = 1_000
	// patternUnit is how many instructions of a pattern times bytes of a text one
	// step matches.
	patternUnit = 20
	// textUnit is how many bytes of a text one step reads.
	textUnit = 64
	// A number of more characters than shortNumber, or with an exponent, takes
	// longNumber steps to calculate with: it has hundreds of digits, perhaps.
	shortNumber, longNumber = 20, 25
)

var errSpent = errors.New("more steps than a check may take")

// heavy is held by the one check of this process that may take much memory.
var heavy = make(chan struct{}, 1)

// program is a compiled schema with a meter in each of its parts. It serves one
// check at a time.
type program struct {
	// refuses fits exactly the values that schema does not fit. The library asks
	// what stands below "not" for yes or no alone and keeps no errors.
	refuses, schema *jsonschema.Schema
	meter           *meter
}

// inverse is the address of the schema that refuses comes from.
const inverse = "godwit:///inverse"

// newProgram compiles a document that is known to compile.
func newProgram(document any, patterns *compiled) (*program, error) {
	p := &program{meter: &meter{patterns: patterns}}
	c := newCompiler(document, p.meter.pattern)
	c.RegisterVocabulary(&jsonschema.Vocabulary{URL: "godwit:///steps", Compile: p.meter.compile})
	c.AssertVocabs()
	if err := c.AddResource(inverse, map[string]any{"not": map[string]any{"$ref": base}}); err != nil {
		return nil, err
	}
	var err error
	if p.schema, err = c.Compile(base); err != nil {
		return nil, err
	}
	p.refuses, err = c.Compile(inverse)
	return p, err
}

// fits says whether v fits the schema. The error is errSpent or that of ctx.
func (p *program) fits(ctx context.Context, v any, steps int) (bool, error) {
	err := p.within(ctx, p.refuses, v, []int{min(steps, lightSteps), steps})
	var refused *jsonschema.ValidationError
	if errors.As(err, &refused) {
		return true, nil
	}
	return false, err
}

// explain gives a *jsonschema.ValidationError for a value that does not fit,
// errSpent, or the error of ctx.
func (p *program) explain(ctx context.Context, v any) error {
	return p.within(ctx, p.schema, v, []int{lightExplained, maxExplained})
}

// within runs a check with the first number of steps, and if these are not
// enough with the second one, when its turn has come.
func (p *program) within(ctx context.Context, schema *jsonschema.Schema, v any, steps []int) error {
	err := p.run(ctx, schema, v, steps[0])
	if !errors.Is(err, errSpent) || steps[1] <= steps[0] {
		return err
	}
	select {
	case heavy <- struct{}{}:
		defer func() { <-heavy }()
		return p.run(ctx, schema, v, steps[1])
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *program) run(ctx context.Context, schema *jsonschema.Schema, v any, steps int) (err error) {
	if steps < 0 {
		return errSpent
	}
	p.meter.ctx, p.meter.left, p.meter.charges = ctx, steps, 0
	defer func() {
		p.meter.ctx = nil
		// The library knows no way to stop but this one.
		if r := recover(); r != nil {
			stop, ok := r.(stopped)
			if !ok {
				panic(r)
			}
			err = stop.cause
		}
	}()
	return schema.Validate(v)
}

// stopped is what a meter ends a check with.
type stopped struct{ cause error }

// take gives a program that nobody else uses until it is given back.
func (s *Schema) take() *program {
	select {
	case p := <-s.idle:
		return p
	default:
	}
	p, err := newProgram(s.document, s.patterns)
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

// meter counts what is left of the steps of a check.
type meter struct {
	ctx           context.Context // nil while no check runs
	left, charges int
	patterns      *compiled
}

func (m *meter) charge(steps int) {
	if m.ctx == nil {
		return
	}
	if m.left -= steps; m.left < 0 {
		panic(stopped{errSpent})
	}
	if m.charges++; m.charges%askEvery == 0 && m.ctx.Err() != nil {
		panic(stopped{m.ctx.Err()})
	}
}

// compile puts the meter into one part of a schema.
func (m *meter) compile(_ *jsonschema.CompilerContext, part map[string]any) (jsonschema.SchemaExt, error) {
	own := metered{meter: m, branches: 1, deep: has(part, "uniqueItems", "const", "enum"), text: has(part, "minLength", "maxLength", "format"),
		number: has(part, "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := part[keyword].([]any)
		own.branches += len(list)
	}
	return own, nil
}

// metered is the meter in one part of a schema.
type metered struct {
	*meter
	branches int
	// deep, text and number say that its keywords read all of a value, all of a text,
	// or calculate with a number.
	deep, text, number bool
}

func has(part map[string]any, keywords ...string) bool {
	return slices.ContainsFunc(keywords, func(k string) bool { _, ok := part[k]; return ok })
}

// Validate makes metered a jsonschema.SchemaExt. It runs once the part has been
// held to v, all but its unevaluated keywords.
func (m metered) Validate(_ *jsonschema.ValidatorContext, v any) {
	cost := m.branches
	switch v := v.(type) {
	case map[string]any:
		cost += len(v)
	case []any:
		cost += len(v)
	case string:
		if m.text {
			cost += len(v) / textUnit
		}
	case json.Number:
		if m.number && (len(v) > shortNumber || strings.ContainsAny(v.String(), "eE")) {
			cost += longNumber
		}
	}
	if m.deep {
		cost += weight(v)
	}
	m.charge(cost)
}

// weight is how many steps it takes to read all of v, or to compare it.
func weight(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			n += len(name)/textUnit + weight(item)
		}
	case []any:
		for _, item := range v {
			n += weight(item)
		}
	case string:
		n += len(v) / textUnit
	case json.Number:
		n += len(v) / shortNumber * longNumber
	}
	return n
}

// pattern makes a pattern that charges before it matches. The library also asks
// here whether a value is of the format regex: every value is, as Godwit's
// patterns are RE2 and the format means those of ECMA-262.
func (m *meter) pattern(text string) (jsonschema.Regexp, error) {
	if m.ctx != nil {
		return nil, nil
	}
	p, err := m.patterns.pattern(text)
	if err != nil {
		return nil, err
	}
	return meteredPattern{p, m}, nil
}

type meteredPattern struct {
	*pattern
	meter *meter
}

// MatchString is in the place of the pattern's own.
func (p meteredPattern) MatchString(s string) bool {
	p.meter.charge(1 + len(s)*p.size/patternUnit)
	return p.Regexp.MatchString(s)
}
