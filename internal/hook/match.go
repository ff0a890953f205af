package hook

import (
	"context"
	"time"
)

// StoredRule is a rule with the id that the store gave it. A rule never
// changes under its id.
type StoredRule struct {
	ID   int64
	Rule Rule
	// OwnerID is the owner of its webhook.
	OwnerID string
}

// Candidate is a rule whose event types and scope cover an event. The webhook
// matches at once when RuleID is 0; else the rule's condition decides.
type Candidate struct {
	// Event tells which of the events; its CompanyID and OccurredAt are known here.
	// The candidates of one event share it.
	Event     *Event
	WebhookID string
	RuleID    int64
	// Part is 0 for a rule with a filter; 1.. numbers the parts of a
	// combination's AllOf, -1.. those of its NoneOf.
	Part int
}

// Match names an event and a webhook.
type Match struct {
	EventID   string
	WebhookID string
}

// Happening says that an event is of a combination, under a key.
type Happening struct {
	EventID   string
	WebhookID string
	RuleID    int64
	Key       string
	// Within is how long the combination's window is.
	Within time.Duration
	// Parts is the set of the parts that the event may fill (bit 0 = the first).
	Parts uint8
	// Excluded: it is one of NoneOf, and so fills no part.
	Excluded bool
	// Opens is whether it may be the first of its window.
	Opens bool
}

// With adds one more part that the event is of; see Candidate.Part.
func (h Happening) With(part int, inOrder bool) Happening {
	if part < 0 {
		h.Excluded = true
	} else {
		h.Parts |= 1 << (part - 1)
	}
	if h.Excluded {
		h.Parts = 0
	}
	h.Opens = h.Parts&1 == 1 || h.Parts != 0 && !inOrder
	return h
}

// Choice is what a set of candidates comes to.
type Choice struct {
	// Matches holds one candidate for each event and webhook that match.
	Matches    []Candidate
	Happenings []Happening
	// Deferred are the candidates whose conditions take longer than a publisher is
	// made to wait. They become Judgements.
	Deferred []Candidate
}

// Offer is what is asked of a Judge.
type Offer struct {
	// Candidates come event by event, those of an event in the order of the rules.
	Candidates []Candidate
	// Load reads rules by their ids; those that are gone are left out.
	Load func(ctx context.Context, ids []int64) ([]StoredRule, error)
	// InTransaction: a transaction waits, so only conditions are asked that take
	// microseconds whatever the event holds. All others are deferred.
	InTransaction bool
}

// Judge decides which candidates match.
type Judge func(context.Context, Offer) (Choice, error)

// Judgement is what is yet to be judged of an event for a webhook. It is kept
// until it is judged, whatever dies in between.
type Judgement struct {
	WebhookID string
	// Candidates are the rules, or parts of rules, whose conditions are yet to be
	// asked, as they were when the event was accepted. They share the event.
	Candidates []Candidate
}

// Settled is the result of judgements.
type Settled struct {
	// Due: there are deliveries to send. Happened: combinations have a new part.
	Due, Happened bool
}

// Facts is what the ledger knows of an event and a webhook.
type Facts struct {
	// MemberSince is zero when the owner is no member of the event's project.
	MemberSince time.Time
	// Delivery is nil when there is none.
	Delivery *Delivery
	// Judging: some of the webhook's conditions are yet to be asked.
	Judging bool
	// Rules are the webhook's, in their order.
	Rules []RuleFacts
}

// RuleFacts is what the ledger knows of an event and a rule.
type RuleFacts struct {
	Rule      Rule
	CreatedAt time.Time
	// Waiting: the event stands in an open window of the rule.
	Waiting bool
	// FiredAs is the event that the combination made of it; empty = none.
	FiredAs string
}
