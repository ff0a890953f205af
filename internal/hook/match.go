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
	// Unjudged names events that nothing was decided about, because the conditions
	// of one request may take only so much. They are not to be accepted.
	Unjudged []string
}

// Judge decides which of the candidates match. load reads rules by their ids;
// those that are gone are left out. Nothing of the events is stored before it has
// answered.
type Judge func(ctx context.Context, candidates []Candidate, load func(ids []int64) ([]StoredRule, error)) (Choice, error)

// Facts is what the ledger knows of an event and a webhook.
type Facts struct {
	// MemberSince is zero when the owner is no member of the event's project.
	MemberSince time.Time
	// Delivery is nil when there is none.
	Delivery *Delivery
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
