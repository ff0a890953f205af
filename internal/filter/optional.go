package filter

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// nullIsAbsent makes orValue take null for a value that is missing. Producers
// send an empty field as null or leave it out, often one and the same field at
// different times, so that a filter which minds only one of them fails on some
// events. CEL's own orValue gives null back.
//
// It must be in the environment before CEL's optional types, whose own step it
// replaces.
type nullIsAbsent struct{}

func (nullIsAbsent) CompileOptions() []cel.EnvOption { return nil }

func (nullIsAbsent) ProgramOptions() []cel.ProgramOption {
	return []cel.ProgramOption{cel.CustomDecoratorV2(func(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		call, ok := step.(interpreter.InterpretableCall)
		if !ok || call.Function() != "orValue" || len(call.Args()) != 2 {
			return step, nil
		}
		return &orValue{id: call.ID(), value: call.Args()[0], otherwise: call.Args()[1]}, nil
	})}
}

// orValue is a call of orValue(). It works out what it is to give instead only
// when that is needed.
type orValue struct {
	id               int64
	value, otherwise interpreter.InterpretableV2
}

func (o *orValue) ID() int64 { return o.id }

func (o *orValue) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	value := o.value.Exec(frame)
	if types.IsUnknownOrError(value) {
		return value
	}
	optional, ok := value.(*types.Optional)
	switch {
	case !ok:
		return types.NoSuchOverloadErr()
	case optional.HasValue() && optional.GetValue() != types.NullValue:
		return optional.GetValue()
	}
	return o.otherwise.Exec(frame)
}

func (o *orValue) Eval(vars interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(vars, o.Exec)
}
