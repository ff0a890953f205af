package filter

import (
	"context"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"
	lru "github.com/hashicorp/golang-lru/v2"
)

// MaxSource bounds a filter's source, in bytes.
const MaxSource = 4 << 10

// Filters compiles filters, keeps the compiled ones that were used last, and
// matches events with them. It is safe for concurrent use.
type Filters struct {
	env   *cel.Env
	cache *lru.Cache[string, compiled]
}

// compiled is a program, or why there is none.
type compiled struct {
	program cel.Program
	// loops says that the program goes over lists or maps.
	loops bool
	// cost is that of a plain program; 0 = each evaluation is metered.
	cost uint64
	err  error
}

// run evaluates a program. Only one that loops can take long; the others are
// spared what it costs to watch a context.
func (c compiled) run(ctx context.Context, s *Subject) (value ref.Val, cost uint64, err error) {
	var details *cel.EvalDetails
	if c.loops {
		value, details, err = c.program.ContextEval(ctx, s)
	} else {
		value, details, err = c.program.Eval(s)
	}
	if c.cost > 0 {
		return value, c.cost, err
	}
	cost = MaxCost // of one that was ended there is no account
	if used := details.ActualCost(); used != nil {
		cost = *used
	}
	return value, cost, err
}

// New returns Filters that keep at most capacity compiled filters; it fails
// when capacity is not positive.
func New(capacity int) (*Filters, error) {
	cache, err := lru.New[string, compiled](capacity)
	if err != nil {
		return nil, fmt.Errorf("make a cache of %d filters: %w", capacity, err)
	}
	env, err := newEnv()
	if err != nil {
		return nil, fmt.Errorf("declare what filters may use: %w", err)
	}
	return &Filters{env: env, cache: cache}, nil
}

// Check returns nil when source is an acceptable filter, and otherwise an
// *Error. It leaves the cache alone, so that trying sources evicts nothing.
func (f *Filters) Check(source string) error {
	return f.compile(source).err
}

// Match says whether the filter matches the event. An error, always an
// *EvalError, means that it failed on this event, which then does not match;
// it wraps ctx's cause when ctx ended, and an *Error when source is no
// acceptable filter. cost is what the evaluation took, at most about MaxCost.
func (f *Filters) Match(ctx context.Context, source string, s *Subject) (matches bool, cost uint64, err error) {
	c := f.cached(source)
	if c.err != nil {
		return false, 0, &EvalError{Kind: KindOther, Message: "the filter can't be used: " + c.err.Error(), err: c.err}
	}
	if ctx.Err() != nil {
		return false, 0, stopped(context.Cause(ctx))
	}
	value, cost, err := c.run(ctx, s)
	if err != nil {
		return false, cost, evalError(ctx, err)
	}
	matches, ok := value.Value().(bool)
	if !ok {
		return false, cost, notBool(value)
	}
	return matches, cost, nil
}

func (f *Filters) cached(source string) compiled {
	if c, ok := f.cache.Get(source); ok {
		return c
	}
	c := f.compile(source)
	if len(source) <= MaxSource {
		// A bad source is kept too, or it would be compiled for every event.
		f.cache.Add(source, c)
	}
	return c
}
