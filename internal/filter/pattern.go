package filter

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

const (
	// maxPattern bounds the patterns of a filter's calls of matches() altogether,
	// in instructions; a letter is one.
	maxPattern = 1000
	// classUnit is how many bounds of a class of characters weigh as much as one
	// instruction.
	classUnit = 100
	// patternUnit is how many instructions times bytes one unit of cost matches.
	patternUnit = 20
)

// errPattern is what is wrong with patterns that are too big.
var errPattern = fmt.Errorf("the patterns of matches(…) are too long or repeat too much; all together may have about %d characters", maxPattern)

// parsePattern returns the pattern and its size. It sizes the pattern before it
// is compiled, for x{1000} is short to write and long to compile.
func parsePattern(text string) (*regexp.Regexp, int, error) {
	if len(text) > MaxSource {
		return nil, 0, errPattern
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		var fault *syntax.Error
		if errors.As(err, &fault) {
			return nil, 0, fmt.Errorf("the pattern of matches(…) is wrong: %s", fault.Code)
		}
		return nil, 0, err
	}
	size := patternSize(tree)
	if size > maxPattern {
		return nil, 0, errPattern
	}
	pattern, err := regexp.Compile(text)
	return pattern, size, err
}

// patternSize is about how many instructions a pattern compiles to. The parser
// keeps repetitions within 1000 altogether, so that nothing overflows.
func patternSize(r *syntax.Regexp) int {
	size := 1
	switch r.Op {
	case syntax.OpLiteral:
		size = len(r.Rune)
	case syntax.OpCharClass:
		// One instruction, but \pL is a table of hundreds of ranges.
		size += len(r.Rune) / classUnit
	}
	for _, sub := range r.Sub {
		size += patternSize(sub)
	}
	if r.Op == syntax.OpRepeat {
		size = (size - 1) * max(r.Min, r.Max, 1)
	}
	return size
}

// patternValidator reports bad patterns when a filter is checked.
type patternValidator struct{}

// Name implements cel.ASTValidator.
func (patternValidator) Name() string { return "godwit.pattern" }

// Validate implements cel.ASTValidator.
func (patternValidator) Validate(_ *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	total := 0
	for _, call := range ast.MatchDescendants(ast.NavigateAST(a), ast.FunctionMatcher(overloads.Matches)) {
		args := call.AsCall().Args()
		if len(args) == 0 || args[len(args)-1].Kind() != ast.LiteralKind {
			continue
		}
		pattern, ok := args[len(args)-1].AsLiteral().(types.String)
		if !ok {
			continue
		}
		_, size, err := parsePattern(string(pattern))
		if total += size; err == nil && total > maxPattern {
			err = errPattern
		}
		if err != nil {
			issues.ReportErrorAtID(args[len(args)-1].ID(), "%s", err)
		}
	}
}

// match is a call of matches(). It is no InterpretableCall, so that CEL does
// not put its own, which charges by the pattern's text, in its place.
type match struct {
	id            int64
	text, pattern interpreter.InterpretableV2
	// fixed and size are those of a pattern that is a literal.
	fixed *regexp.Regexp
	size  int
}

func newMatch(call interpreter.InterpretableCall) (interpreter.InterpretableV2, error) {
	m := &match{id: call.ID(), text: call.Args()[0], pattern: call.Args()[1]}
	literal, ok := m.pattern.(interpreter.InterpretableConst)
	if !ok {
		return m, nil
	}
	pattern, ok := literal.Value().(types.String)
	if !ok {
		return m, nil
	}
	var err error
	m.fixed, m.size, err = parsePattern(string(pattern))
	return m, err
}

// ID implements interpreter.Interpretable.
func (m *match) ID() int64 { return m.id }

// Eval implements interpreter.Interpretable.
func (m *match) Eval(vars interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(vars, m.Exec)
}

// Exec implements interpreter.InterpretableV2.
func (m *match) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	value := m.text.Exec(frame)
	if types.IsUnknownOrError(value) {
		return value
	}
	text, ok := value.(types.String)
	if !ok {
		return types.NoSuchOverloadErr()
	}
	pattern, size := m.fixed, m.size
	if pattern == nil {
		value = m.pattern.Exec(frame)
		if types.IsUnknownOrError(value) {
			return value
		}
		source, ok := value.(types.String)
		if !ok {
			return types.NoSuchOverloadErr()
		}
		var err error
		// Reading and compiling it costs, whether or not it is a good one.
		meter{frame.CostTracker()}.charge(min(len(source), MaxSource))
		if pattern, size, err = parsePattern(string(source)); err != nil {
			return types.WrapErr(err)
		}
		meter{frame.CostTracker()}.charge(size)
	}
	meter{frame.CostTracker()}.charge(1 + len(text)*size/patternUnit)
	return types.Bool(pattern.MatchString(string(text)))
}
