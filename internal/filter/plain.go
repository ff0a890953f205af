package filter

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Counting what an evaluation costs takes longer than a usual filter itself. A
// plain filter need not be counted: it takes time by the length of its source
// alone, whatever the event holds, because it reads keys and compares what it
// finds with literals.

// plainCost is what a plain filter is said to cost: one unit for four of its
// parts, as it takes that much less time than one that is metered.
func plainCost(a *ast.AST) uint64 {
	return 1 + uint64(len(ast.MatchDescendants(ast.NavigateAST(a), func(ast.NavigableExpr) bool { return true }))/4)
}

// isPlain says whether the expression is made of nothing but keys, literals,
// logic, and comparisons with literals.
func isPlain(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind, ast.IdentKind:
		return true
	case ast.SelectKind:
		return isPlain(e.AsSelect().Operand())
	case ast.CallKind:
		return isPlainCall(e.AsCall())
	}
	return false
}

func isPlainCall(call ast.CallExpr) bool {
	args := call.Args()
	if call.IsMemberFunction() {
		// The value of a key that may be missing.
		return call.FunctionName() == "orValue" && len(args) == 1 && isLiteral(args[0]) && isPlain(call.Target())
	}
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
		return !slices.ContainsFunc(args, func(e ast.Expr) bool { return !isPlain(e) })
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return isLiteral(args[0]) && isPlain(args[1]) || isLiteral(args[1]) && isPlain(args[0])
	case operators.OptSelect, operators.Index:
		return isLiteral(args[1]) && isPlain(args[0])
	case operators.In:
		return isPlain(args[0]) && isListOfLiterals(args[1]) || isLiteral(args[0]) && isChanged(args[1])
	}
	return false
}

func isLiteral(e ast.Expr) bool { return e.Kind() == ast.LiteralKind }

func isListOfLiterals(e ast.Expr) bool {
	return e.Kind() == ast.ListKind && !slices.ContainsFunc(e.AsList().Elements(), func(e ast.Expr) bool { return !isLiteral(e) })
}

func isChanged(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "event.changed" }

// nameList is a list of names that knows at once whether it contains one.
type nameList struct {
	traits.Lister
	names map[string]bool
}

func newNameList(names []string) nameList {
	l := nameList{names: make(map[string]bool, len(names))}
	elements := make([]ref.Val, len(names))
	for i, name := range names {
		elements[i], l.names[name] = types.String(name), true
	}
	l.Lister = types.NewList(types.DefaultTypeAdapter, elements)
	return l
}

// Contains is in the place of a search through the list.
func (l nameList) Contains(value ref.Val) ref.Val {
	name, ok := value.(types.String)
	return types.Bool(ok && l.names[string(name)])
}
