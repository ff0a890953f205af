package match

import (
	"context"
	"errors"
	"fmt"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// verdict asks the clauses of a rule one after another.
func (e *Engine) verdict(ctx context.Context, r hook.Rule, s subject) Verdict {
	if r.Combination != nil {
		return e.combination(ctx, r, s)
	}
	if !hook.Covers(r.Events, s.event.Type) {
		return Verdict{Reason: ReasonEventType}
	}
	if hook.Covers(r.NotEvents, s.event.Type) {
		return Verdict{Reason: ReasonExcluded}
	}
	if reason := s.reach(r); reason != "" {
		return Verdict{Reason: reason}
	}
	if reason := e.condition(ctx, r.Filter, s); reason != "" {
		return Verdict{Reason: reason}
	}
	return Verdict{Matched: true, Reason: ReasonMatched}
}

// subject is an event as a rule looks at it.
type subject struct {
	event hook.Event
	// member: the webhook's owner is a member of the event's project.
	member bool
	values *filter.Subject
	// spent is what the filters of one webhook have cost on the event so far.
	spent *uint64
}

// reach says why the rule does not reach the event's project; "" = it does.
func (s subject) reach(r hook.Rule) string {
	switch {
	case !r.InScope(s.event.ProjectID, s.event.CompanyID):
		return ReasonProject
	case !s.member:
		return ReasonMembership
	}
	return ""
}

// condition says why a filter does not hold; "" = it does.
func (e *Engine) condition(ctx context.Context, source string, s subject) string {
	if source == "" {
		return ""
	}
	if *s.spent >= MaxEventCost {
		return ReasonFilterError + overBudget
	}
	ok, cost, err := e.filters.Match(ctx, source, s.values)
	*s.spent += cost
	var failed *filter.EvalError
	switch {
	case errors.As(err, &failed):
		return ReasonFilterError + failed.Message
	case err != nil:
		return ReasonFilterError + err.Error()
	case !ok:
		return ReasonFilterFalse
	}
	return ""
}

// overBudget says why a filter was not asked.
var overBudget = fmt.Sprintf("budget: the filters of this webhook need more than %d steps on this event together", MaxEventCost)

// combination asks which parts of a combination the event fills. Such a verdict
// never matches by itself: the other parts have to happen too.
func (e *Engine) combination(ctx context.Context, r hook.Rule, s subject) Verdict {
	c := *r.Combination
	v := Verdict{Reason: ReasonEventType}
	if hook.Operational(s.event.Type) {
		return v
	}
	ask := func(parts []hook.Part, filled func(i int)) {
		for i, p := range parts {
			if !hook.Covers(p.Events, s.event.Type) {
				continue
			}
			reason := s.reach(r)
			if hook.Covers(p.NotEvents, s.event.Type) {
				reason = ReasonExcluded
			}
			if reason == "" {
				reason = e.condition(ctx, p.Filter, s)
			}
			if reason == "" {
				filled(i)
			} else if rank(reason) > rank(v.Reason) {
				v.Reason = reason
			}
		}
	}
	excluded := false
	ask(c.AllOf, func(i int) { v.Parts = append(v.Parts, i+1) })
	ask(c.NoneOf, func(int) { excluded = true })
	if !excluded && v.Parts == nil {
		return v
	}
	switch _, ok := s.values.Key(c.Path()); {
	case !ok:
		return Verdict{Reason: ReasonNoKey + c.Path()}
	case excluded:
		return Verdict{Reason: ReasonNoneOf}
	}
	v.Reason = ReasonWindowClosed
	return v
}

// because completes a verdict with what the ledger knows of the event and the
// rule. Where a delivery was made, neither the rule's age nor that of the
// owner's membership can have stood in its way: an event and a rule that come at
// the same time may be stored in another order than their times say.
func (v Verdict) because(f hook.RuleFacts, event hook.Event, delivered bool) Verdict {
	v.FiredAs = f.FiredAs
	switch {
	case v.FiredAs != "":
		v.Matched, v.Reason = true, ReasonMatched
	case f.Waiting:
		v.Reason = ReasonWindowOpen
	case v.Matched && !delivered, v.Parts != nil && f.CreatedAt.After(event.AcceptedAt):
		v.Matched, v.Reason = false, ReasonNotCreated
	}
	return v
}
