package match

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"godwit/internal/eventschema"
	"godwit/internal/filter"
	"godwit/internal/hook"
)

const (
	// cachedFilters and cachedRules bound what is kept in memory; what does not
	// fit is compiled or read again.
	cachedFilters = 5_000
	cachedRules   = 50_000
	// schemaTries is how often an event is checked anew because its type's schema
	// was changed meanwhile.
	schemaTries = 3
)

// Ingester stores events with what they match; see hook.Judge.
type Ingester interface {
	// Ingest takes for each event the version of the schema that it was checked
	// against; with another one it is hook.Accepted.SchemaChanged.
	Ingest(ctx context.Context, events []hook.Event, schemas []int64, judge hook.Judge) ([]hook.Accepted, error)
}

// Observer counts filters that failed on an event, by kind.
type Observer interface {
	FilterFailed(kind string)
}

// Options are the parts that an Engine works with; all are required.
type Options struct {
	Ingester Ingester
	History  History
	Webhooks Webhooks
	// Snapshots is what Explain reads in.
	Snapshots Snapshots
	Schemas   *eventschema.Schemas
	Observer  Observer
	Failures  FailureCounts
	// Now is the database's time; nil = this machine's.
	Now func() time.Time
}

// Engine matches events. It is safe for concurrent use.
type Engine struct {
	Options
	filters    *filter.Filters
	rules      *lru.Cache[int64, hook.StoredRule]
	allowances *allowances
	large      chan struct{} // a place for each large event that is read for filters
	failures   failures      // yet to be written
}

// New makes an Engine.
func New(o Options) (*Engine, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	filters, err := filter.New(cachedFilters)
	if err != nil {
		return nil, fmt.Errorf("make the cache of filters: %w", err)
	}
	rules, err := lru.New[int64, hook.StoredRule](cachedRules)
	if err != nil {
		return nil, fmt.Errorf("make the cache of rules: %w", err)
	}
	allowances, err := newAllowances()
	if err != nil {
		return nil, fmt.Errorf("make the cache of allowances: %w", err)
	}
	return &Engine{Options: o, filters: filters, rules: rules, allowances: allowances, large: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		failures: failures{ofRule: map[int64]hook.CountedFailures{}}}, nil
}

// CheckRule says what is wrong with a rule's filters and path, with pointers
// below the rule. hook.CheckRules has looked at the rest.
func (e *Engine) CheckRule(r hook.Rule) []hook.Field {
	var bad []hook.Field
	for _, f := range r.Filters() {
		if err := e.filters.Check(f.Source); err != nil {
			bad = append(bad, filterFault(f.Pointer, err))
		}
	}
	if r.Combination == nil {
		return bad
	}
	if err := filter.CheckPath(r.Combination.Path()); err != nil {
		bad = append(bad, hook.Field{Code: hook.FieldPath, Pointer: "/same", Detail: err.Error()})
	}
	return bad
}

// filterFault says where a filter is wrong, as far as that is known.
func filterFault(pointer string, err error) hook.Field {
	fault := hook.Field{Pointer: pointer, Code: hook.FieldFilter, Detail: err.Error()}
	var at *filter.Error
	if errors.As(err, &at) {
		fault.Params = hook.Params{"line": at.Line, "column": at.Column}
		if at.Length > 0 {
			fault.Params["length"] = at.Length
		}
		if at.Unfinished {
			fault.Code = hook.FieldFilterUnfinished
		}
	}
	return fault
}

// Ingest checks events against the schemas of their types and stores them with
// what they match. The answers come in the order of the events, each by itself;
// the error means that none was accepted.
func (e *Engine) Ingest(ctx context.Context, events []hook.Event) ([]hook.Accepted, error) {
	out := make([]hook.Accepted, len(events))
	rest := make([]int, len(events)) // positions of events without an answer
	for i := range events {
		rest[i] = i
	}
	for try := 1; len(rest) > 0 && try <= schemaTries; try++ {
		var err error
		if rest, err = e.offer(ctx, events, rest, out); err != nil {
			return nil, err
		}
	}
	for _, i := range rest {
		out[i].Err = hook.Errorf(hook.CodeConflict, "the schema of %s is just being changed; send the event again", events[i].Type)
	}
	return out, nil
}

// unchecked is the version of no schema: an event that is offered with it is
// not accepted, but one that was accepted before is found.
const unchecked = -1

// offer checks the events at the given positions and offers them to the store.
// It fills out and gives the positions of those that have to be checked again.
func (e *Engine) offer(ctx context.Context, events []hook.Event, at []int, out []hook.Accepted) ([]int, error) {
	some := make([]hook.Event, len(at))
	for k, i := range at {
		some[k] = events[i]
	}
	versions, faults, err := e.Schemas.Check(ctx, some)
	if err != nil {
		return nil, err
	}
	for k, fault := range faults {
		if fault != nil {
			versions[k] = unchecked
		}
	}
	answers, err := e.Ingester.Ingest(ctx, some, versions, e.judge)
	if err != nil {
		return nil, err
	}
	var again []int
	var stale []string
	for k, i := range at {
		switch {
		case !answers[k].SchemaChanged:
			out[i] = answers[k]
		case faults[k] != nil: // by the schema as it is now: a refusal is never made from memory
			out[i] = hook.Accepted{Err: faults[k]}
		default:
			again, stale = append(again, i), append(stale, events[i].Type)
		}
	}
	e.Schemas.Forget(stale)
	return again, nil
}
