package match

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"godwit/internal/eventschema"
	"godwit/internal/filter"
	"godwit/internal/hook"
	"godwit/internal/store"
)

const (
	// cachedFilters and cachedRules bound what is kept in memory; what does not
	// fit is compiled or read again.
	cachedFilters = 5_000
	cachedRules   = 50_000
	// schemaTries is how often an event is checked anew because its type's schema
	// was changed in the meantime.
	schemaTries = 3
)

// Options are what an Engine works with.
type Options struct {
	Store *store.Store
	// FilterFailed counts a filter that failed on an event, by the kind of failure;
	// nil = nobody counts.
	FilterFailed func(kind string)
	// CountFailures adds to the counts of rules that their webhooks still have; nil =
	// the Store does.
	CountFailures func(ctx context.Context, failures []hook.CountedFailures) error
	// Now is the database's time; nil = this machine's.
	Now func() time.Time
}

// Engine matches events. It is safe for concurrent use.
type Engine struct {
	Options
	schemas    *eventschema.Schemas
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
	if o.FilterFailed == nil {
		o.FilterFailed = func(string) {}
	}
	if o.CountFailures == nil {
		o.CountFailures = o.Store.CountFilterFailures
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
	return &Engine{Options: o, schemas: eventschema.New(o.Store.TypeSchemas), filters: filters, rules: rules, allowances: allowances, large: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
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

// Check is the verdict on one event by the schema of its type.
type Check struct {
	version int64
	fault   *hook.Error // nil = it fits
}

// Check holds events to the schemas of their types. It takes no connection where the
// types are known, but time, so that it comes before a transaction.
func (e *Engine) Check(ctx context.Context, events []hook.Event) ([]Check, error) {
	versions, faults, err := e.schemas.Check(ctx, events)
	if err != nil {
		return nil, err
	}
	checks := make([]Check, len(events))
	for i, fault := range faults {
		checks[i] = Check{version: versions[i], fault: fault}
	}
	return checks, nil
}

// Faults are what is wrong with the event.
func (c Check) Faults() []hook.Field {
	if c.fault == nil {
		return nil
	}
	return c.fault.Fields
}

// beside adds what the schema says of an event to why it was refused.
func beside(a hook.Accepted, fault *hook.Error) hook.Accepted {
	if a.Err != nil && a.Err.Code == hook.CodeInvalid && fault != nil {
		a.Err.Fields = hook.FirstFaults(slices.Concat(a.Err.Fields, fault.Fields), hook.MaxEventFaults)
	}
	return a
}

// Ingest stores events with what they match, as far as they fit their schemas. checks
// are those that Check has made of them; nil = it makes them. Those of a schema that has
// changed since are made anew. The answers come in the order of the events, each by
// itself; the error means that none was accepted.
func (e *Engine) Ingest(ctx context.Context, events []hook.Event, checks []Check) ([]hook.Accepted, error) {
	out := make([]hook.Accepted, len(events))
	rest := make([]int, len(events)) // positions of events without an answer
	for i := range events {
		rest[i] = i
	}
	for try := 1; len(rest) > 0 && try <= schemaTries; try++ {
		some := make([]hook.Event, len(rest))
		for k, i := range rest {
			some[k] = events[i]
		}
		if checks == nil {
			var err error
			if checks, err = e.Check(ctx, some); err != nil {
				return nil, err
			}
		}
		again, err := e.offer(ctx, offered{some, rest, checks}, out)
		if err != nil {
			return nil, err
		}
		rest, checks = again, nil
	}
	for _, i := range rest {
		out[i].Err = hook.Errorf(hook.CodeConflict, "the schema of %s is just being changed; send the event again", events[i].Type)
	}
	return out, nil
}

// unchecked is the version of no schema: an event that is offered with it is
// not accepted, but one that was accepted before is found.
const unchecked = -1

// offered are some of the events of a request, with their positions in it.
type offered struct {
	events []hook.Event
	at     []int
	checks []Check
}

// offer offers events to the store. It fills out and gives the positions of those that
// have to be checked again.
func (e *Engine) offer(ctx context.Context, o offered, out []hook.Accepted) ([]int, error) {
	versions := make([]int64, len(o.checks))
	for k, c := range o.checks {
		if versions[k] = c.version; c.fault != nil {
			versions[k] = unchecked
		}
	}
	answers, err := e.Store.Ingest(ctx, o.events, versions, e.judge)
	if err != nil {
		return nil, err
	}
	var again []int
	var stale []string
	for k, i := range o.at {
		switch fault := o.checks[k].fault; {
		case !answers[k].SchemaChanged:
			out[i] = beside(answers[k], fault)
		case fault != nil: // by the schema as it is now: a refusal is never made from memory
			out[i] = hook.Accepted{Err: fault}
		default:
			again, stale = append(again, i), append(stale, o.events[k].Type)
		}
	}
	e.schemas.Forget(stale)
	return again, nil
}
