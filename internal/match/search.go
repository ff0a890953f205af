package match

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// Bounds of one page of a search. Where one is reached, the page ends there and the
// next one goes on.
const (
	MaxSearchEvents = MaxPreviewEvents
	MaxSearchBytes  = MaxPreviewBytes
	MaxSearchTime   = 5 * time.Second
)

// Search asks for the events of the past for which a rule holds.
type Search struct {
	// OwnerID is the user whose memberships count; empty = every project counts.
	OwnerID string
	// Rule is one without a combination.
	Rule hook.Rule
	// Since and Until bound the time of acceptance, both included.
	Since, Until time.Time
	// After is where the page before ended; nil = there is none.
	After *hook.Cursor
	Limit int
}

// Found is a page of a search, the newest events first.
type Found struct {
	// Events come without their states.
	Events []hook.Event
	// Next is where the next page begins; nil = there is nothing more.
	Next *hook.Cursor
	// Examined is how many events were looked at, ExaminedSince the time of the oldest.
	Examined      int
	ExaminedSince time.Time
	// Failures are what the filter failed with, the most frequent first.
	Failures []Failure
}

// Search finds events by a condition. It writes nothing. Events that Godwit made
// itself are not searched: no rule matches a combination, and what is told of
// webhooks belongs to their owners alone.
func (e *Engine) Search(ctx context.Context, q Search) (Found, error) {
	if err := e.Searchable(ctx, q); err != nil {
		return Found{}, err
	}
	recent, err := e.searched(ctx, q)
	if err != nil {
		return Found{}, err
	}
	out := Found{Events: []hook.Event{}, ExaminedSince: q.Since.UTC()}
	s := &study{engine: e}
	r := e.recent(recent, bounds{events: MaxSearchEvents, bytes: MaxSearchBytes, time: MaxSearchTime})
	err = r.back(ctx, q.After, func(ctx context.Context, event hook.Event) bool {
		if event.Type == hook.CombinationType || hook.Operational(event.Type) {
			return true
		}
		var v Verdict
		rested(ctx, func() { v = e.verdict(ctx, q.Rule, subject{event, true, filter.NewSubject(event), new(uint64)}) })
		if ctx.Err() != nil {
			return true // the filter was cut short; the next page asks it again
		}
		if message, failed := strings.CutPrefix(v.Reason, ReasonFilterError); failed {
			s.fail(0, message, event.ID)
		}
		if v.Matched {
			event.Previous, event.Current = nil, nil
			out.Events = append(out.Events, event)
		}
		return len(out.Events) < q.Limit
	})
	if err != nil {
		return Found{}, err
	}
	if r.cut && r.last == nil {
		return Found{}, hook.Errorf(hook.CodeUnavailable, "No event could be read within %s; search again, or for less: a shorter time (since, until), fewer types or projects.", MaxSearchTime)
	}
	if r.cut || len(out.Events) >= q.Limit {
		out.Next, out.ExaminedSince = r.last, r.last.Time.UTC()
	}
	slices.SortStableFunc(s.out.Failures, func(a, b Failure) int { return b.Count - a.Count })
	out.Examined, out.Failures = r.events, s.out.Failures
	return out, nil
}

// Searchable is CodeInvalid when the owner or something that the search names does not
// exist. It may have what no new rule may: types that are archived.
func (e *Engine) Searchable(ctx context.Context, q Search) error {
	err := e.Store.CheckRules(ctx, q.OwnerID, []hook.Rule{q.Rule})
	var known *hook.Error
	if !errors.As(err, &known) || known.Code != hook.CodeInvalid {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(known.Fields), func(f hook.Field) bool { return f.Code == hook.FieldArchived })
	if len(left) == 0 {
		return nil
	}
	return &hook.Error{Code: known.Code, Message: known.Message, Fields: left}
}

// searched is what a search reads: events of the projects that are asked for and that
// the owner is a member of.
func (e *Engine) searched(ctx context.Context, q Search) (hook.RecentQuery, error) {
	recent := hook.RecentQuery{Since: q.Since, Until: q.Until, States: true, OfProjects: q.OwnerID != "" || len(q.Rule.Projects) > 0, ProjectIDs: q.Rule.Projects}
	if q.OwnerID == "" {
		return recent, nil
	}
	mine, err := e.Store.Memberships(ctx, q.OwnerID)
	if len(q.Rule.Projects) > 0 {
		mine = slices.DeleteFunc(mine, func(id string) bool { return !slices.Contains(q.Rule.Projects, id) })
	}
	recent.ProjectIDs = mine
	return recent, err
}
