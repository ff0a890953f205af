package eventschema

import (
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Limits of the patterns of a schema. A pattern of a few characters such as
// "(a|b){0,900}" becomes thousands of instructions, and 64 KiB of them took seconds and
// a hundred MiB to compile.
const (
	// MaxPattern bounds the text of one pattern, in bytes. A class such as \pL has three
	// of them and hundreds of ranges.
	MaxPattern = 4 << 10
	// MaxPatterns bounds all patterns of a schema together, in instructions. That of a
	// UUID has about 40. So many compile in some tens of milliseconds.
	MaxPatterns = 100_000
	// rangeUnit is how many ranges of a class cost as much as an instruction.
	rangeUnit = 16
)

// patterns judges the patterns in a member of a schema before they are compiled.
func (in *inspection) patterns(path []string, name string, v any) {
	switch v := v.(type) {
	case string:
		if name == "pattern" {
			in.pattern(path, v)
		}
	case map[string]any:
		if name == "patternProperties" {
			for _, text := range slices.Sorted(maps.Keys(v)) {
				in.pattern(append(path, text), text)
			}
		}
	}
}

func (in *inspection) pattern(path []string, text string) {
	if len(text) > MaxPattern {
		in.fault(path, "must be a pattern of at most %d bytes, not %d; make several of it, below allOf or anyOf", MaxPattern, len(text))
		return
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil || in.instructions > MaxPatterns {
		return // the compiler says so, or the fault is named already
	}
	if in.instructions += instructions(tree); in.instructions > MaxPatterns {
		in.fault(path, "and the patterns before it have more than %d instructions together; repeat less in them, as {0,900} does, or leave some out", MaxPatterns)
	}
}

// instructions is about how many instructions a pattern will be compiled to; large
// classes count as more than one.
func instructions(tree *syntax.Regexp) int {
	n := 1 + len(tree.Rune)/2/rangeUnit
	if tree.Op == syntax.OpLiteral {
		n = len(tree.Rune)
	}
	if tree.Op == syntax.OpCapture {
		n = 2
	}
	for _, part := range tree.Sub {
		n += instructions(part)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(1, tree.Min+1, tree.Max)
	}
	return n
}

// compiled are the patterns of one schema. The library asks for each of them several
// times, and again for each program. It is safe for concurrent use.
type compiled struct {
	mu    sync.Mutex
	known map[string]*pattern
}

// pattern is a compiled pattern.
type pattern struct {
	*regexp.Regexp
	size int // in instructions
}

func newCompiled() *compiled { return &compiled{known: map[string]*pattern{}} }

func (c *compiled) pattern(text string) (*pattern, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.known[text]; ok {
		return p, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	p := &pattern{re, sizeOf(text)}
	c.known[text] = p
	return p, nil
}

// engine is the jsonschema.RegexpEngine of a check whose steps nobody counts.
func (c *compiled) engine(text string) (jsonschema.Regexp, error) {
	p, err := c.pattern(text)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// sizeOf counts the instructions of a pattern that compiles.
func sizeOf(text string) int {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 1
	}
	compiled, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 1
	}
	return len(compiled.Inst)
}
