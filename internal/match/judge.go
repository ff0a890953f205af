package match

import (
	"context"
	"errors"
	"maps"
	"slices"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// judge asks the conditions of the candidates; see hook.Judge.
func (e *Engine) judge(ctx context.Context, candidates []hook.Candidate, load func([]int64) ([]hook.StoredRule, error)) (hook.Choice, error) {
	rules, err := e.rulesOf(candidates, load)
	if err != nil {
		return hook.Choice{}, err
	}
	s := &sitting{engine: e, accounts: map[string]*account{}, happened: map[happening]int{}}
	for i, c := range candidates {
		switch {
		case s.unjudged(c):
		case c.RuleID == 0:
			s.match(c, s.account(c))
		case rules[i] != nil:
			s.ask(ctx, c, rules[i])
		}
	}
	s.leaveOutUnjudged()
	// Filters that were cut short must not pass for filters that don't match.
	return s.choice, ctx.Err()
}

// rulesOf gives the rules with a condition; those that are not in the cache are
// read with one statement.
func (e *Engine) rulesOf(candidates []hook.Candidate, load func([]int64) ([]hook.StoredRule, error)) ([]*hook.Rule, error) {
	rules := make([]*hook.Rule, len(candidates))
	var missing map[int64]*hook.Rule
	for i, c := range candidates {
		if c.RuleID == 0 {
			continue
		}
		if rule, ok := e.rules.Get(c.RuleID); ok {
			rules[i] = &rule
		} else {
			if missing == nil {
				missing = map[int64]*hook.Rule{}
			}
			missing[c.RuleID] = nil
		}
	}
	if len(missing) == 0 {
		return rules, nil
	}
	loaded, err := load(slices.Collect(maps.Keys(missing)))
	for _, r := range loaded {
		missing[r.ID] = &r.Rule
		e.rules.Add(r.ID, r.Rule)
	}
	for i, c := range candidates {
		if rules[i] == nil && c.RuleID != 0 {
			rules[i] = missing[c.RuleID]
		}
	}
	return rules, err
}

// happening names an event's place in a combination.
type happening struct {
	eventID string
	ruleID  int64
}

// sitting is one call of judge. The candidates come event by event, those
// without a condition first.
type sitting struct {
	engine   *Engine
	accounts map[string]*account // by webhook
	eventID  string              // of subject
	subject  *filter.Subject
	happened map[happening]int // place in choice.Happenings
	choice   hook.Choice
}

// unjudged says whether the candidate's event is given up already.
func (s *sitting) unjudged(c hook.Candidate) bool {
	n := len(s.choice.Unjudged)
	return n > 0 && s.choice.Unjudged[n-1] == c.Event.ID
}

// leaveOutUnjudged forgets what was decided about events before they were given up.
func (s *sitting) leaveOutUnjudged() {
	if len(s.choice.Unjudged) == 0 {
		return
	}
	s.choice.Matches = slices.DeleteFunc(s.choice.Matches, func(c hook.Candidate) bool { return slices.Contains(s.choice.Unjudged, c.Event.ID) })
	s.choice.Happenings = slices.DeleteFunc(s.choice.Happenings, func(h hook.Happening) bool { return slices.Contains(s.choice.Unjudged, h.EventID) })
}

// account is what one event, and all events so far, have come to for a webhook.
type account struct {
	eventID string
	matched bool
	// spent and total are what the webhook's filters have cost, on the event and in
	// all.
	spent, total uint64
}

func (s *sitting) account(c hook.Candidate) *account {
	a := s.accounts[c.WebhookID]
	if a == nil {
		a = &account{}
		s.accounts[c.WebhookID] = a
	}
	if a.eventID != c.Event.ID {
		a.eventID, a.matched, a.spent = c.Event.ID, false, 0
	}
	return a
}

func (s *sitting) match(c hook.Candidate, a *account) {
	if !a.matched { // one delivery per webhook, however many of its rules match
		a.matched = true
		s.choice.Matches = append(s.choice.Matches, c)
	}
}

func (s *sitting) ask(ctx context.Context, c hook.Candidate, rule *hook.Rule) {
	a := s.account(c)
	if c.Part == 0 && a.matched {
		return
	}
	if s.subject == nil || s.eventID != c.Event.ID {
		s.eventID, s.subject = c.Event.ID, filter.NewSubject(*c.Event)
	}
	source, covered := conditionOf(rule, c)
	if !covered {
		return
	}
	if source != "" && a.total >= MaxBatchCost {
		// Whether an event matches must not depend on what it is sent together with.
		s.choice.Unjudged = append(s.choice.Unjudged, c.Event.ID)
		s.engine.Observer.FilterFailed(kindBudget)
		return
	}
	switch {
	case !s.holds(ctx, a, source):
	case c.Part == 0:
		s.match(c, a)
	default:
		s.happen(c, *rule.Combination)
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
	id := happening{c.Event.ID, c.RuleID}
	at, seen := s.happened[id]
	if !seen {
		at = len(s.choice.Happenings)
		s.happened[id] = at
		s.choice.Happenings = append(s.choice.Happenings, hook.Happening{
			EventID: c.Event.ID, WebhookID: c.WebhookID, RuleID: c.RuleID, Key: key,
		})
	}
	h := &s.choice.Happenings[at]
	*h = h.With(c.Part, combination.InOrder)
}

// Bounds of what all filters of one webhook may cost together, in the units of
// filter.MaxCost: on one event, and on all events that are accepted together. A
// publisher waits for them, who can do nothing about a stranger's filters. Beyond
// the first a filter fails on the event; beyond the second the other events of
// the batch are not accepted, for their producer to send them again.
const (
	MaxEventCost = filter.MaxCost
	MaxBatchCost = 20 * filter.MaxCost
)

// kindBudget is the kind of failure of a filter that was not asked, because
// those before it have used up what the webhook may cost.
const kindBudget = "budget"

// holds says whether a filter is true of the subject. One that fails is not.
func (s *sitting) holds(ctx context.Context, a *account, source string) bool {
	if source == "" {
		return true
	}
	if a.spent >= MaxEventCost {
		s.engine.Observer.FilterFailed(kindBudget)
		return false
	}
	ok, cost, err := s.engine.filters.Match(ctx, source, s.subject)
	a.spent += cost
	a.total += cost
	var failed *filter.EvalError
	if err != nil && errors.As(err, &failed) && ctx.Err() == nil {
		s.engine.Observer.FilterFailed(string(failed.Kind))
	}
	return ok && err == nil
}
