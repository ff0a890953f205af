package filter

import (
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

const (
	// compareUnit is how many bytes of a text one unit of cost compares, and
	// copyUnit how many it copies, which is CEL's own rate.
	compareUnit = 100
	copyUnit    = 10
)

// meter charges an evaluation while a step is under way; CEL itself charges
// when the step is done, which is too late for a step without bounds.
type meter struct{ tracker *cost.Tracker }

// charge ends the evaluation by a panic, as CEL's own limit does, when it has
// used up its cost; CEL turns that into an error.
func (m meter) charge(units int) {
	if m.tracker == nil {
		return
	}
	for ; units > 0; units-- {
		m.tracker.Qualify(0)
	}
}

// metered replaces the steps that could take any time or memory by ones that
// are charged or bounded.
func metered(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := step.(interpreter.InterpretableCall)
	if !ok || len(call.Args()) != 2 {
		return step, nil
	}
	var apply func(m meter, l, r ref.Val) ref.Val
	switch call.Function() {
	case operators.Equals:
		apply = func(m meter, l, r ref.Val) ref.Val { return types.Bool(equal(m, l, r)) }
	case operators.NotEquals:
		apply = func(m meter, l, r ref.Val) ref.Val { return types.Bool(!equal(m, l, r)) }
	case operators.In:
		apply = contains
	case operators.Add:
		apply = add
	case operators.Subtract, operators.Multiply, operators.Divide:
		function := call.Function()
		apply = func(m meter, l, r ref.Val) ref.Val {
			m.charge(1)
			return arithmetic(function, l, r)
		}
	case overloads.Matches:
		return newMatch(call)
	default:
		return step, nil
	}
	return &binary{InterpretableCall: call, left: call.Args()[0], right: call.Args()[1], apply: apply}, nil
}

// binary is a call of two arguments with an implementation that charges for
// itself.
type binary struct {
	interpreter.InterpretableCall
	left, right interpreter.InterpretableV2
	apply       func(m meter, l, r ref.Val) ref.Val
}

func (b *binary) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	l := b.left.Exec(frame)
	if types.IsUnknownOrError(l) {
		return l
	}
	r := b.right.Exec(frame)
	if types.IsUnknownOrError(r) {
		return r
	}
	return b.apply(meter{frame.CostTracker()}, l, r)
}

func (b *binary) Eval(vars interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(vars, b.Exec)
}

// equal is CEL's equality. A filter can nest one list in the next so that what
// is small in memory is endless to walk, hence the charge for each value.
func equal(m meter, l, r ref.Val) bool {
	m.charge(1)
	switch l := l.(type) {
	case types.String:
		r, ok := r.(types.String)
		if !ok || len(l) != len(r) {
			return false
		}
		m.charge(len(l) / compareUnit)
		return l == r
	case traits.Lister:
		r, ok := r.(traits.Lister)
		return ok && equalLists(m, l, r)
	case traits.Mapper:
		r, ok := r.(traits.Mapper)
		return ok && equalMaps(m, l, r)
	case *types.Optional:
		r, ok := r.(*types.Optional)
		if !ok || l.HasValue() != r.HasValue() {
			return false
		}
		return !l.HasValue() || equal(m, l.GetValue(), r.GetValue())
	}
	return types.Equal(l, r) == types.True
}

func equalLists(m meter, l, r traits.Lister) bool {
	if l.Size() != r.Size() {
		return false
	}
	for i := range l.Size().(types.Int) {
		if !equal(m, l.Get(i), r.Get(i)) {
			return false
		}
	}
	return true
}

func equalMaps(m meter, l, r traits.Mapper) bool {
	if l.Size() != r.Size() {
		return false
	}
	for keys := l.Iterator(); keys.HasNext() == types.True; {
		m.charge(1)
		key := keys.Next()
		left, _ := l.Find(key)
		right, found := r.Find(key)
		if !found || !equal(m, left, right) {
			return false
		}
	}
	return true
}

func contains(m meter, element, container ref.Val) ref.Val {
	m.charge(1)
	list, ok := container.(traits.Lister)
	if !ok {
		container, ok := container.(traits.Container)
		if !ok {
			return types.NoSuchOverloadErr()
		}
		return container.Contains(element)
	}
	for i := range list.Size().(types.Int) {
		if equal(m, element, list.Get(i)) {
			return types.True
		}
	}
	return types.False
}
