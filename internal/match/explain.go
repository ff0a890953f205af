package match

import (
	"context"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// The reasons of a verdict. A filter's failure carries its words behind
// ReasonFilterError.
const (
	ReasonMatched      = "matched"
	ReasonEventType    = "event_type"
	ReasonExcluded     = "not_events"
	ReasonProject      = "project"
	ReasonMembership   = "membership"
	ReasonFilterFalse  = "filter: false"
	ReasonFilterError  = "filter error: "
	ReasonDisabled     = "webhook disabled"
	ReasonNotCreated   = "not created yet"
	ReasonItself       = "is about this webhook itself"
	ReasonRulesChanged = "matched by a rule that was changed since"
	ReasonNoKey        = "same: the event has no value at "
	ReasonJudging      = "judging: some of the webhook's filters take long and are yet to be asked"
	ReasonWindowOpen   = "combination: waits for the other parts"
	ReasonWindowClosed = "combination: the window closed without the other parts, or was not opened"
	ReasonNoneOf       = "combination: is one of none_of"
	ReasonExpunged     = "the event's payload was expunged"
)

// Explanation tells why an event did or did not go to a webhook.
type Explanation struct {
	Matched bool
	// Rule is the position of the rule that matched; -1 = none.
	Rule   int
	Reason string
	// Delivery is nil unless there is one.
	Delivery *hook.Delivery
	// Rules holds a verdict for each rule that the webhook has now.
	Rules []Verdict
	// Event is what was asked about, and OwnerID the webhook's owner.
	Event   hook.Event
	OwnerID string
}

// Verdict is what one rule says to one event.
type Verdict struct {
	Matched bool
	// Reason is the first clause that failed, or ReasonMatched.
	Reason string
	// Parts lists the parts of a combination that the event fills, from 1.
	Parts []int
	// FiredAs is the event that the combination made of it; empty = none.
	FiredAs string
}

// Explain tells why an event did or did not go to a webhook, by the rules that
// the webhook has now and the memberships that there are.
func (e *Engine) Explain(ctx context.Context, webhookID, eventID string) (Explanation, error) {
	var w hook.Webhook
	var event hook.Event
	var facts hook.Facts
	err := e.Store.Snapshot(ctx, func(ctx context.Context) (err error) {
		if w, err = e.Store.Webhook(ctx, webhookID); err != nil {
			return err
		}
		if event, err = e.Store.Event(ctx, eventID); err != nil {
			return err
		}
		facts, err = e.Store.Facts(ctx, w, event)
		return err
	})
	if err != nil {
		return Explanation{}, err
	}
	out := Explanation{Rule: -1, Delivery: facts.Delivery, Rules: make([]Verdict, len(facts.Rules)), Event: event, OwnerID: w.OwnerID}
	delivered := facts.Delivery != nil
	member := !facts.MemberSince.IsZero() && (delivered || !facts.MemberSince.After(event.AcceptedAt))
	s := subject{event, member, filter.NewSubject(event), new(uint64)}
	for i, r := range facts.Rules {
		switch {
		case event.Type == hook.CombinationType: // no rule covers it, one made it
			out.Rules[i] = Verdict{Reason: ReasonEventType}.because(r, event, delivered)
		case !event.ExpungedAt.IsZero():
			out.Rules[i] = Verdict{Reason: ReasonExpunged}
		case hook.AboutWebhook(event) == webhookID:
			out.Rules[i] = Verdict{Reason: ReasonItself}
		default:
			rested(ctx, func() { out.Rules[i] = e.verdict(ctx, r.Rule, s).because(r, event, delivered) })
		}
	}
	out.Rule = firstMatch(out.Rules, facts, event)
	out.conclude(w, event)
	if facts.Judging && !out.Matched {
		out.Rule, out.Reason = -1, ReasonJudging
	}
	return out, ctx.Err()
}

// firstMatch is the position of the first rule that matched; one that is older
// than the event goes first.
func firstMatch(verdicts []Verdict, facts hook.Facts, event hook.Event) int {
	first := -1
	for i, v := range verdicts {
		if v.Matched && (first < 0 || facts.Rules[first].CreatedAt.After(event.AcceptedAt) && !facts.Rules[i].CreatedAt.After(event.AcceptedAt)) {
			first = i
		}
	}
	return first
}

// conclude sums the verdicts up. Whether there is a delivery is the fact; the
// verdicts only say why.
func (x *Explanation) conclude(w hook.Webhook, event hook.Event) {
	x.Matched = x.Delivery != nil || x.Rule >= 0 && x.Rules[x.Rule].FiredAs != ""
	switch {
	case x.Delivery != nil && x.Delivery.Status == hook.Held:
		x.Reason = ReasonDisabled
	case x.Matched && !event.ExpungedAt.IsZero():
		x.Reason = ReasonMatched
	case x.Matched && x.Rule < 0:
		x.Reason = ReasonRulesChanged
	case x.Matched:
		x.Reason = ReasonMatched
	case w.CreatedAt.After(event.AcceptedAt):
		x.Rule, x.Reason = -1, ReasonNotCreated
	default:
		x.Rule = -1
		for _, v := range x.Rules { // the one that came furthest
			if x.Reason == "" || rank(v.Reason) > rank(x.Reason) {
				x.Reason = v.Reason
			}
		}
	}
}

// rank is how far an event came with a rule before a clause failed.
func rank(reason string) int {
	switch reason {
	case ReasonEventType:
		return 0
	case ReasonExcluded:
		return 1
	case ReasonProject:
		return 2
	case ReasonMembership:
		return 3
	}
	return 4
}
