package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// compile returns a program, or an *Error in its place.
func (f *Filters) compile(source string) (c compiled) {
	defer func() {
		if r := recover(); r != nil {
			c = compiled{err: at(1, 1, "it can't be read")}
		}
	}()
	if fault := acceptable(source); fault != nil {
		return compiled{err: fault}
	}
	checked, issues := f.env.Compile(source)
	if issues.Err() != nil {
		return compiled{err: firstIssue(issues)}
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return compiled{err: at(1, 1, fmt.Sprintf("a filter must be true or false, this is of type %s", cel.FormatCELType(t)))}
	}
	return f.program(checked)
}

// program makes a checked filter ready to run.
func (f *Filters) program(checked *cel.Ast) (c compiled) {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if isPlain(checked.NativeRep().Expr()) {
		c.cost = plainCost(checked.NativeRep())
	} else {
		options = append(options, metering()...)
	}
	var err error
	if c.program, err = f.env.Program(checked, options...); err != nil {
		return compiled{err: at(1, 1, err.Error())}
	}
	c.loops = len(ast.MatchDescendants(ast.NavigateAST(checked.NativeRep()), ast.KindMatcher(ast.ComprehensionKind))) > 0
	return c
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

func at(line, column int, message string) *Error {
	message = strings.ReplaceAll(message, fmt.Sprintf(" (in container '%s')", container), "")
	return &Error{Line: line, Column: column, Message: cut(message, maxMessage)}
}
