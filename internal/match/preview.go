package match

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// Bounds of one preview. Where one is reached, the answer says that it looked
// at the newest events only.
const (
	MaxPreviewEvents = 10_000
	MaxPreviewBytes  = 64 << 20
	MaxPreviewTime   = 3 * time.Second
	// MaxExamples is how many events are shown. Up to keptExamples are kept before the
	// older ones are dropped, so that they are sorted seldom.
	MaxExamples  = 10
	keptExamples = 8 * MaxExamples
	// DefaultPreview is how far a preview looks back unless it is told.
	DefaultPreview = 24 * time.Hour
)

// Question asks what rules would have matched since a time.
type Question struct {
	// OwnerID is the user whose memberships count; empty = every project counts.
	OwnerID string
	Rules   []hook.Rule
	// Since is zero for DefaultPreview ago.
	Since time.Time
}

// Preview is the answer to a Question, as of Until.
type Preview struct {
	Since time.Time
	Until time.Time
	// Examined is how many events were looked at, the newest first.
	Examined int
	// Sampled: there are more events than were looked at; those before
	// ExaminedSince were not.
	Sampled       bool
	ExaminedSince time.Time
	// Matched is how many deliveries the rules would have made.
	Matched   int
	ByType    []Count
	ByProject []Count
	// ByRule has an entry for each rule, in their order.
	ByRule []RuleOutcome
	// Examples are the newest that matched.
	Examples []Example
	// Failures are what filters failed with, the most frequent first.
	Failures []Failure
}

// Failure is a way in which a rule's filter failed on events, which so did not match.
type Failure struct {
	// Rule is the position of the rule.
	Rule int
	// Message says what is wrong, in words for the webhook's owner.
	Message string
	// Count is on how many events it failed so, and EventID the newest of them.
	Count   int
	EventID string
}

// MaxFailures is how many kinds of failures are told apart.
const MaxFailures = 20

// RuleOutcome is what one rule would have made.
type RuleOutcome struct {
	// Matched is how many deliveries are this rule's; what an earlier rule matched is
	// that rule's.
	Matched int
	// Stopped is the clause that let nothing through; nil when something matched, or
	// when no event was looked at.
	Stopped *Stopped
}

// Stopped is where those events failed that came furthest with a rule.
type Stopped struct {
	// Reason is that of the verdict on Event, the newest of them.
	Reason string
	// Count is how many events failed there.
	Count int
	// Event comes without its states.
	Event hook.Event
}

// Count is how often something of a name matched.
type Count struct {
	Name string
	N    int
}

// Example is an event that would have matched; of a combination the newest of
// its events.
type Example struct {
	Event hook.Event
	// Rule is the position of the first rule that matched.
	Rule int
	// Parts are the ids of a combination's events, in the order of its parts.
	Parts []string
}

// Preview tells which events of the past the rules would have matched. It
// writes nothing.
func (e *Engine) Preview(ctx context.Context, q Question) (Preview, error) {
	if err := e.Store.CheckRules(ctx, q.OwnerID, q.Rules); err != nil {
		return Preview{}, err
	}
	until := e.Now().UTC()
	if q.Since.IsZero() {
		q.Since = until.Add(-DefaultPreview)
	}
	s := &study{engine: e, rules: q.Rules, windows: map[windowKey][]hook.WindowEvent{}, events: map[string]hook.Event{},
		byType: map[string]int{}, byProject: map[string]int{}, byRule: make([]RuleOutcome, len(q.Rules))}
	s.out = Preview{Since: q.Since.UTC(), Until: until, ExaminedSince: q.Since.UTC(), Examples: make([]Example, 0, keptExamples)}
	recent := hook.RecentQuery{Since: q.Since, Until: until, States: s.needsStates()}
	if q.OwnerID != "" {
		var err error
		if recent.ProjectIDs, err = e.Store.Memberships(ctx, q.OwnerID); err != nil {
			return Preview{}, err
		}
		recent.OfProjects = true
	}
	if err := s.read(ctx, recent); err != nil {
		return Preview{}, err
	}
	return s.conclude(), nil
}

// windowKey is a window of a combination: a rule and the hash of its key.
type windowKey struct {
	rule int
	key  string
}

// study is one Preview under way.
type study struct {
	engine    *Engine
	rules     []hook.Rule
	windows   map[windowKey][]hook.WindowEvent // newest first
	events    map[string]hook.Event            // of windows
	byType    map[string]int
	byProject map[string]int
	byRule    []RuleOutcome
	out       Preview
}

// needsStates says whether a rule looks into events.
func (s *study) needsStates() bool {
	return slices.ContainsFunc(s.rules, func(r hook.Rule) bool { return r.Combination != nil || r.Filter != "" })
}

// read looks at the events, newest first, as far as the bounds allow.
func (s *study) read(ctx context.Context, q hook.RecentQuery) error {
	r := s.engine.recent(q, bounds{events: MaxPreviewEvents, bytes: MaxPreviewBytes, time: MaxPreviewTime})
	err := r.back(ctx, nil, func(ctx context.Context, event hook.Event) bool {
		// Recent gives events of the owner's projects alone.
		sub := subject{event: event, member: true, spent: new(uint64)}
		if q.States {
			sub.values = filter.NewSubject(event)
		}
		rested(ctx, func() { s.judge(ctx, sub) })
		s.out.ExaminedSince = event.AcceptedAt
		return true
	})
	s.out.Examined, s.out.Sampled = r.events, r.cut
	return err
}

// judge counts the event if a rule matches it, and puts it into the windows of
// the combinations that it is of.
func (s *study) judge(ctx context.Context, sub subject) {
	if sub.event.Type == hook.CombinationType || hook.Operational(sub.event.Type) {
		return // made by Godwit: no rule matches the one, and the other is of another owner's webhooks perhaps
	}
	matched := false
	for i, r := range s.rules {
		if r.Combination == nil && matched {
			continue
		}
		v := s.engine.verdict(ctx, r, sub)
		if v.Matched {
			matched = true
			s.count(Example{Event: sub.event, Rule: i}, sub.event.Type)
		} else if s.byRule[i].Matched == 0 {
			s.byRule[i].stop(v.Reason, sub.event)
		}
		if v.Parts != nil || v.Reason == ReasonNoneOf {
			s.happen(i, v, sub)
		}
		if message, failed := strings.CutPrefix(v.Reason, ReasonFilterError); failed {
			s.fail(i, message, sub.event.ID)
		}
	}
}

// stop notes an event that a rule did not match, if it came as far as any.
func (o *RuleOutcome) stop(reason string, event hook.Event) {
	event.Previous, event.Current = nil, nil
	switch {
	case o.Stopped == nil || rank(reason) > rank(o.Stopped.Reason):
		o.Stopped = &Stopped{Reason: reason, Count: 1, Event: event}
	case rank(reason) == rank(o.Stopped.Reason):
		o.Stopped.Count++
	}
}

func (s *study) happen(rule int, v Verdict, sub subject) {
	w := hook.WindowEvent{EventID: sub.event.ID, ProjectID: sub.event.ProjectID, At: sub.event.AcceptedAt}
	for _, part := range v.Parts {
		w.Parts |= 1 << (part - 1)
	}
	key, _ := sub.values.Key(s.rules[rule].Combination.Path())
	at := windowKey{rule, key}
	s.windows[at] = append(s.windows[at], w)
	kept := sub.event
	kept.Previous, kept.Current = nil, nil
	s.events[kept.ID] = kept
}

// fail counts a failure. Messages may name keys of events, so that there may be
// any number of them.
func (s *study) fail(rule int, message, eventID string) {
	same := func(f Failure) bool { return f.Rule == rule && f.Message == message }
	i := slices.IndexFunc(s.out.Failures, same)
	if i < 0 && len(s.out.Failures) >= MaxFailures {
		message = "the filter failed in other ways, too"
		i = slices.IndexFunc(s.out.Failures, same)
	}
	if i < 0 {
		i, s.out.Failures = len(s.out.Failures), append(s.out.Failures, Failure{Rule: rule, Message: message, EventID: eventID})
	}
	s.out.Failures[i].Count++
}

func (s *study) count(x Example, name string) {
	s.out.Matched++
	s.byRule[x.Rule].Matched++
	s.byRule[x.Rule].Stopped = nil
	s.byType[name]++
	s.byProject[x.Event.ProjectID]++
	x.Event.Previous, x.Event.Current = nil, nil
	if s.out.Examples = append(s.out.Examples, x); len(s.out.Examples) == cap(s.out.Examples) {
		s.newest()
	}
}

// newest keeps the newest of the examples so far.
func (s *study) newest() {
	slices.SortFunc(s.out.Examples, func(a, b Example) int {
		return cmp.Or(b.Event.AcceptedAt.Compare(a.Event.AcceptedAt), cmp.Compare(b.Event.ID, a.Event.ID), cmp.Compare(a.Rule, b.Rule))
	})
	s.out.Examples = s.out.Examples[:min(len(s.out.Examples), MaxExamples)]
}

// conclude lets the combinations fire and sorts everything out.
func (s *study) conclude() Preview {
	for at, events := range s.windows {
		slices.Reverse(events)
		for _, fired := range hook.Combine(*s.rules[at.rule].Combination, events, s.out.Until).Fired {
			x := Example{Rule: at.rule}
			for _, w := range fired {
				x.Parts = append(x.Parts, w.EventID)
				if e := s.events[w.EventID]; !e.AcceptedAt.Before(x.Event.AcceptedAt) {
					x.Event = e
				}
			}
			s.count(x, hook.CombinationType)
		}
	}
	s.newest()
	slices.SortStableFunc(s.out.Failures, func(a, b Failure) int { return cmp.Compare(b.Count, a.Count) })
	s.out.ByType, s.out.ByProject, s.out.ByRule = counts(s.byType), counts(s.byProject), s.byRule
	if !s.out.Sampled {
		s.out.ExaminedSince = s.out.Since
	}
	return s.out
}

// counts puts the most frequent first.
func counts(by map[string]int) []Count {
	out := make([]Count, 0, len(by))
	for _, name := range slices.Sorted(maps.Keys(by)) {
		out = append(out, Count{name, by[name]})
	}
	slices.SortStableFunc(out, func(a, b Count) int { return cmp.Compare(b.N, a.N) })
	return out
}
