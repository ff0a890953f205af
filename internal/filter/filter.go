package filter

import (
	"context"
	"errors"
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
	// quick ends at QuickCost; whole makes the program that ends at MaxCost, which
	// most filters never need. A plain filter has one for both.
	quick cel.Program
	whole func() (cel.Program, error)
	// loops says that the program goes over lists or maps.
	loops bool
	// cost is that of a plain program; 0 = each evaluation is metered.
	cost uint64
	err  error
}

// run evaluates a program of c, which may cost so much. Only one that loops can
// take long; the others are spared what it costs to watch a context.
func (c compiled) run(ctx context.Context, program cel.Program, s *Subject, limit uint64) (value ref.Val, cost uint64, err error) {
	var details *cel.EvalDetails
	if c.loops {
		value, details, err = program.ContextEval(ctx, s)
	} else {
		value, details, err = program.Eval(s)
	}
	if c.cost > 0 {
		return value, c.cost, err
	}
	cost = limit // of one that was ended there is no account
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
	return f.compile(source, maxLoops).err
}

// Match says whether the filter matches the event. An error, always an
// *EvalError, means that it failed on this event, which then does not match;
// it wraps ctx's cause when ctx ended, and an *Error when source is no
// acceptable filter. cost is what the evaluation took, at most about MaxCost.
func (f *Filters) Match(ctx context.Context, source string, s *Subject) (matches bool, cost uint64, err error) {
	c := f.cached(source)
	if c.err != nil {
		return false, 0, unusable(c.err)
	}
	program, err := c.whole()
	if err != nil {
		return false, 0, unusable(err)
	}
	return c.match(ctx, program, s, MaxCost)
}

// Quick is a filter that a publisher waits for.
type Quick struct{ compiled }

// Quick gives the filter of a source.
func (f *Filters) Quick(source string) Quick { return Quick{f.cached(source)} }

// Match is that of Filters as long as it costs no more than about QuickCost. Where
// it costs more the error is ErrSlow, and only Filters.Match can tell.
func (c Quick) Match(ctx context.Context, s *Subject) (matches bool, cost uint64, err error) {
	if c.err != nil {
		return false, 0, unusable(c.err)
	}
	matches, cost, err = c.match(ctx, c.quick, s, QuickCost)
	if failed, ok := errors.AsType[*EvalError](err); ok && failed.limited {
		return false, cost, ErrSlow
	}
	return matches, cost, err
}

// ErrSlow says that a filter needs more than QuickCost.
var ErrSlow = errors.New("the filter needs more steps than a publisher waits for")

// Plain says whether what the filter costs depends on its source alone: some
// microseconds, whatever the event holds.
func (c Quick) Plain() bool { return c.cost > 0 }

func unusable(err error) *EvalError {
	return &EvalError{Kind: KindOther, Message: "the filter can't be used: " + err.Error(), err: err}
}

func (c compiled) match(ctx context.Context, program cel.Program, s *Subject, limit uint64) (matches bool, cost uint64, err error) {
	if ctx.Err() != nil {
		return false, 0, stopped(context.Cause(ctx))
	}
	value, cost, err := c.run(ctx, program, s, limit)
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
	c := f.compile(source, maxDepth) // older filters may have more loops than new ones
	if len(source) <= MaxSource {
		// A bad source is kept too, or it would be compiled for every event.
		f.cache.Add(source, c)
	}
	return c
}
