package match

import (
	"context"
	"errors"
	"maps"
	"slices"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// judge asks the conditions of the candidates while a publisher waits; see
// hook.Judge and the bounds in budget.go.
func (e *Engine) judge(ctx context.Context, o hook.Offer) (hook.Choice, error) {
	return e.sit(ctx, o, &budget{allowances: e.allowances})
}

// JudgeDeferred asks conditions for which nobody waits. It defers none: a filter
// that costs more than MaxEventCost fails. It is a hook.Judge.
func (e *Engine) JudgeDeferred(ctx context.Context, o hook.Offer) (hook.Choice, error) {
	return e.sit(ctx, o, nil)
}

func (e *Engine) sit(ctx context.Context, o hook.Offer, b *budget) (hook.Choice, error) {
	rules, err := e.rulesOf(ctx, o)
	if err != nil {
		return hook.Choice{}, err
	}
	s := &sitting{engine: e, budget: b, inTransaction: o.InTransaction, standings: map[string]*standing{}, happened: map[of]int{}}
	defer s.close()
	for i, c := range o.Candidates {
		s.event(c.Event)
		switch {
		case c.RuleID == 0:
			s.match(c, s.standing(c))
		case rules[i] != nil:
			s.ask(ctx, c, rules[i])
		}
	}
	s.separate(o.Candidates)
	// Filters that were cut short must not pass for filters that don't match.
	return s.choice, ctx.Err()
}

// rulesOf gives the rules with a condition; those that are not in the cache are
// read with one statement.
func (e *Engine) rulesOf(ctx context.Context, o hook.Offer) ([]*hook.StoredRule, error) {
	rules := make([]*hook.StoredRule, len(o.Candidates))
	var missing map[int64]*hook.StoredRule
	for i, c := range o.Candidates {
		if c.RuleID == 0 {
			continue
		}
		if rule, ok := e.rules.Get(c.RuleID); ok {
			rules[i] = &rule
		} else {
			if missing == nil {
				missing = map[int64]*hook.StoredRule{}
			}
			missing[c.RuleID] = nil
		}
	}
	if len(missing) == 0 {
		return rules, nil
	}
	loaded, err := o.Load(ctx, slices.Collect(maps.Keys(missing)))
	for _, r := range loaded {
		missing[r.ID] = &r
		e.rules.Add(r.ID, r)
	}
	for i, c := range o.Candidates {
		if rules[i] == nil && c.RuleID != 0 {
			rules[i] = missing[c.RuleID]
		}
	}
	return rules, err
}

// of names an event and a rule.
type of struct {
	eventID string
	ruleID  int64
}

// sitting is one call of a judge. The candidates come event by event, those
// without a condition first.
type sitting struct {
	engine        *Engine
	budget        *budget // nil = nobody waits
	inTransaction bool
	standings     map[string]*standing // by webhook
	eventID       string
	subject       *filter.Subject // of that event; nil = nothing was asked of it yet
	large         bool            // the subject has one of the engine's places
	happened      map[of]int      // place in choice.Happenings
	deferred      map[of]bool     // nil = none
	choice        hook.Choice
}

// event begins another event, where e is one.
func (s *sitting) event(e *hook.Event) {
	if s.eventID == e.ID {
		return
	}
	s.close()
	s.eventID, s.subject = e.ID, nil
	if s.budget != nil {
		s.budget.next()
	}
}

// largeSubject is from how many bytes on an event is large: read for filters it
// takes up to 30 times as much. Of large ones two for each processor are read at a
// time.
const largeSubject = 32 << 10

// open reads the event for filters, as soon as there is a place for it. Where a
// transaction waits, nothing waits for a place.
func (s *sitting) open(ctx context.Context, e *hook.Event) bool {
	if s.subject != nil {
		return true
	}
	if len(e.Previous)+len(e.Current) >= largeSubject {
		select {
		case s.engine.large <- struct{}{}:
		default:
			if s.inTransaction {
				return false
			}
			select {
			case s.engine.large <- struct{}{}:
			case <-ctx.Done():
				return false
			}
		}
		s.large = true
	}
	s.subject = filter.NewSubject(*e)
	return true
}

// close gives the place of a large event back.
func (s *sitting) close() {
	if s.large {
		<-s.engine.large
		s.large = false
	}
}

// separate takes out of the choice what is deferred: of a combination all parts,
// since what an event is in it follows from all of them. A webhook that matches
// by another rule needs no filter any more.
func (s *sitting) separate(candidates []hook.Candidate) {
	if s.deferred == nil {
		return
	}
	s.choice.Happenings = slices.DeleteFunc(s.choice.Happenings, func(h hook.Happening) bool { return s.deferred[of{h.EventID, h.RuleID}] })
	matched := map[hook.Match]bool{}
	for _, c := range s.choice.Matches {
		matched[hook.Match{EventID: c.Event.ID, WebhookID: c.WebhookID}] = true
	}
	for _, c := range candidates {
		if s.deferred[of{c.Event.ID, c.RuleID}] && (c.Part != 0 || !matched[hook.Match{EventID: c.Event.ID, WebhookID: c.WebhookID}]) {
			s.choice.Deferred = append(s.choice.Deferred, c)
		}
	}
}

// standing is what one event has come to for a webhook.
type standing struct {
	eventID string
	matched bool
	spent   uint64 // by the webhook's filters
}

func (s *sitting) standing(c hook.Candidate) *standing {
	a := s.standings[c.WebhookID]
	if a == nil {
		a = &standing{}
		s.standings[c.WebhookID] = a
	}
	if a.eventID != c.Event.ID {
		*a = standing{eventID: c.Event.ID}
	}
	return a
}

func (s *sitting) match(c hook.Candidate, a *standing) {
	if !a.matched { // one delivery per webhook, however many of its rules match
		a.matched = true
		s.choice.Matches = append(s.choice.Matches, c)
	}
}

func (s *sitting) ask(ctx context.Context, c hook.Candidate, rule *hook.StoredRule) {
	a := s.standing(c)
	if c.Part == 0 && a.matched || s.deferred[of{c.Event.ID, c.RuleID}] {
		return
	}
	source, covered := conditionOf(&rule.Rule, c)
	if !covered {
		return
	}
	holds, known := true, true
	switch open := s.open(ctx, c.Event); {
	case !open:
		holds, known = false, s.budget == nil // where ctx has ended, that is said at the end
	case source == "":
	case s.budget != nil:
		holds, known = s.try(ctx, c, rule.OwnerID, source)
	default:
		holds = s.holds(ctx, c, a, source)
	}
	switch {
	case !known:
		if s.deferred == nil {
			s.deferred = map[of]bool{}
		}
		s.deferred[of{c.Event.ID, c.RuleID}] = true
	case !holds:
	case c.Part == 0:
		s.match(c, a)
	default:
		s.happen(c, *rule.Rule.Combination)
	}
}

// conditionOf gives the filter of the candidate's part of a rule, and says whether
// that part covers the event: the look-up knows nothing of what parts leave out.
func conditionOf(rule *hook.Rule, c hook.Candidate) (source string, covered bool) {
	if c.Part == 0 {
		return rule.Filter, true
	}
	part := rule.Combination.NoneOf
	at := -c.Part - 1
	if c.Part > 0 {
		part, at = rule.Combination.AllOf, c.Part-1
	}
	return part[at].Filter, !hook.Covers(part[at].NotEvents, c.Event.Type)
}

func (s *sitting) happen(c hook.Candidate, combination hook.Combination) {
	key, ok := s.subject.Key(combination.Path())
	if !ok {
		return
	}
	id := of{c.Event.ID, c.RuleID}
	at, seen := s.happened[id]
	if !seen {
		at = len(s.choice.Happenings)
		s.happened[id] = at
		s.choice.Happenings = append(s.choice.Happenings, hook.Happening{
			EventID: c.Event.ID, WebhookID: c.WebhookID, RuleID: c.RuleID, Key: key, Within: combination.Window(),
		})
	}
	h := &s.choice.Happenings[at]
	*h = h.With(c.Part, combination.InOrder)
}

// kindBudget is the kind of failure of a filter that was not asked, because
// those before it have used up what the webhook may cost.
const kindBudget = "budget"

// try says whether a filter is true of the subject, if that is known within what
// it may cost while a publisher waits. One that fails is not.
func (s *sitting) try(ctx context.Context, c hook.Candidate, owner, source string) (holds, known bool) {
	quick := s.engine.filters.Quick(source)
	plain := quick.Plain()
	if s.inTransaction && !plain || !s.budget.allows(owner, plain) {
		return false, false
	}
	holds, cost, err := quick.Match(ctx, s.subject)
	s.budget.spend(owner, plain, cost)
	if errors.Is(err, filter.ErrSlow) {
		return false, false
	}
	s.failed(ctx, c, err)
	return holds && err == nil, true
}

// holds says whether a filter is true of the subject. One that fails is not.
func (s *sitting) holds(ctx context.Context, c hook.Candidate, a *standing, source string) bool {
	if a.spent >= MaxEventCost {
		s.count(c, kindBudget)
		return false
	}
	ok, cost, err := s.engine.filters.Match(ctx, source, s.subject)
	a.spent += cost
	s.failed(ctx, c, err)
	return ok && err == nil
}

// failed counts a failure, unless the filter was only cut short.
func (s *sitting) failed(ctx context.Context, c hook.Candidate, err error) {
	if failed, ok := errors.AsType[*filter.EvalError](err); ok && ctx.Err() == nil {
		s.count(c, string(failed.Kind))
	}
}

func (s *sitting) count(c hook.Candidate, kind string) {
	s.engine.FilterFailed(kind)
	s.engine.failures.add(hook.FilterFailure{RuleID: c.RuleID, EventID: c.Event.ID, Kind: kind, At: s.engine.Now()}, 1)
}
