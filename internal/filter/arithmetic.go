package filter

import (
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// add bounds what it builds.
func add(m meter, l, r ref.Val) ref.Val {
	size := length(l) + length(r)
	if size > maxText {
		return types.WrapErr(errTooBig)
	}
	m.charge(1 + size/copyUnit)
	if left, ok := l.(traits.Lister); ok {
		if right, ok := r.(traits.Lister); ok && left.Size().(types.Int)+right.Size().(types.Int) > maxElements {
			return types.WrapErr(errTooBig)
		}
	}
	return arithmetic(operators.Add, l, r)
}

// arithmetic is CEL's, but for numbers of two kinds, which CEL refuses: whether
// a producer writes 12 or 12.5 is no business of who writes a filter.
func arithmetic(operator string, l, r ref.Val) ref.Val {
	if l.Type() != r.Type() && isNumber(l) && isNumber(r) {
		l, r = l.ConvertToType(types.DoubleType), r.ConvertToType(types.DoubleType)
	}
	switch operator {
	case operators.Add:
		if l, ok := l.(traits.Adder); ok {
			return l.Add(r)
		}
	case operators.Subtract:
		if l, ok := l.(traits.Subtractor); ok {
			return l.Subtract(r)
		}
	case operators.Multiply:
		if l, ok := l.(traits.Multiplier); ok {
			return l.Multiply(r)
		}
	case operators.Divide:
		if l, ok := l.(traits.Divider); ok {
			return l.Divide(r)
		}
	}
	return types.NoSuchOverloadErr()
}

func isNumber(v ref.Val) bool {
	switch v.(type) {
	case types.Int, types.Uint, types.Double:
		return true
	}
	return false
}
