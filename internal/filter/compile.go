package filter

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// compile returns a program, or an *Error in its place, also where more than
// nested loops are within one another.
func (f *Filters) compile(source string, nested int) (c compiled) {
	defer func() {
		if r := recover(); r != nil {
			c = compiled{err: at(1, 1, "it can't be read")}
		}
	}()
	if fault := acceptable(source); fault != nil {
		return compiled{err: fault}
	}
	parsed, issues := f.env.Parse(source)
	if issues.Err() != nil {
		return compiled{err: unfinished(source, firstIssue(issues))}
	}
	if loops(parsed) > nested {
		return compiled{err: at(1, 1, fmt.Sprintf("a filter has at most %d of exists, all, map, filter and the like within one another", nested))}
	}
	checked, issues := f.env.Check(parsed)
	if issues.Err() != nil {
		return compiled{err: firstIssue(issues)}
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return compiled{err: at(1, 1, fmt.Sprintf("a filter must be true or false, this is of type %s", cel.FormatCELType(t)))}
	}
	return f.program(checked)
}

// loops is how many loops are within one another at most.
func loops(parsed *cel.Ast) int {
	deepest := 0
	for _, loop := range ast.MatchDescendants(ast.NavigateAST(parsed.NativeRep()), ast.KindMatcher(ast.ComprehensionKind)) {
		n := 1
		for outer, more := loop.Parent(); more; outer, more = outer.Parent() {
			if outer.Kind() == ast.ComprehensionKind {
				n++
			}
		}
		deepest = max(deepest, n)
	}
	return deepest
}

// program makes a checked filter ready to run.
func (f *Filters) program(checked *cel.Ast) (c compiled) {
	var err error
	if isPlain(checked.NativeRep().Expr()) {
		c.cost = plainCost(checked.NativeRep())
		c.quick, err = f.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
		c.whole = func() (cel.Program, error) { return c.quick, nil }
	} else {
		c.quick, err = f.metered(checked, QuickCost)
		c.whole = sync.OnceValues(func() (cel.Program, error) { return f.metered(checked, MaxCost) })
	}
	if err != nil {
		return compiled{err: at(1, 1, err.Error())}
	}
	c.loops = len(ast.MatchDescendants(ast.NavigateAST(checked.NativeRep()), ast.KindMatcher(ast.ComprehensionKind))) > 0
	return c
}

func (f *Filters) metered(checked *cel.Ast, limit uint64) (cel.Program, error) {
	return f.env.Program(checked, append(metering(limit), cel.EvalOptions(cel.OptOptimize))...)
}

// acceptable checks what can be told without parsing.
func acceptable(source string) *Error {
	switch {
	case strings.TrimSpace(source) == "":
		return at(1, 1, "a filter can't be empty; leave it out to match every event")
	case len(source) > MaxSource:
		return at(1, 1, fmt.Sprintf("a filter has at most %d bytes, this has %d", MaxSource, len(source)))
	case !utf8.ValidString(source):
		return at(1, 1, "a filter must be UTF-8")
	}
	return nil
}

func firstIssue(issues *cel.Issues) *Error {
	errs := issues.Errors()
	if len(errs) == 0 {
		return at(1, 1, issues.Err().Error())
	}
	first := errs[0]
	// CEL counts columns from 0, and has no location for the source as a whole.
	return at(max(first.Location.Line(), 1), max(first.Location.Column()+1, 1), first.Message)
}

// unfinished tells a filter that ends too early from one that is wrong, so that its
// author is not told of a fault while writing. The parser's words for the end list
// whatever could follow.
func unfinished(source string, e *Error) *Error {
	text := strings.TrimRightFunc(source, unicode.IsSpace)
	lines, last := strings.Count(text, "\n")+1, text[strings.LastIndexByte(text, '\n')+1:]
	atEnd := e.Line > lines || e.Line == lines && e.Column > utf8.RuneCountInString(last)
	if atEnd || openText(text) || strings.ContainsAny(text[len(text)-1:], ".,([{&|=<>!+-*/%?:") {
		e.Unfinished, e.Message = true, "the filter is not finished; go on where it ends"
	}
	return e
}

// openText says whether a quote is open at the end.
func openText(source string) bool {
	var open rune
	escaped := false
	for _, r := range source {
		switch {
		case escaped:
			escaped = false
		case open != 0 && r == '\\':
			escaped = true
		case open == 0 && (r == '"' || r == '\''):
			open = r
		case r == open:
			open = 0
		}
	}
	return open != 0
}

func at(line, column int, message string) *Error {
	message = strings.ReplaceAll(message, fmt.Sprintf(" (in container '%s')", container), "")
	return &Error{Line: line, Column: column, Message: cut(message, maxMessage)}
}
