package hook

import (
	"cmp"
	"strconv"
	"time"
)

// Cursor is the place in a list after which the next page begins: the sort key
// of the last row that was seen.
type Cursor struct {
	Time time.Time
	// Sequence is 0 in lists that are not of events.
	Sequence int64
	ID       string
	// Text is what a list is sorted by that is not by time; empty in all others.
	Text string
}

// Compare tells which of two places in a list by time comes first: -1 = c does. Ids
// compare as bytes, as they do in the database.
func (c Cursor) Compare(d Cursor) int {
	return cmp.Or(d.Time.Compare(c.Time), cmp.Compare(d.Sequence, c.Sequence), cmp.Compare(d.ID, c.ID))
}

// Cursor is the place of the event in a list, the newest first.
func (e Event) Cursor() Cursor { return Cursor{Time: e.AcceptedAt, Sequence: e.Sequence, ID: e.ID} }

// Cursor is the place of the delivery in a list, the newest first.
func (d Delivery) Cursor() Cursor { return Cursor{Time: d.CreatedAt, ID: d.ID} }

// Cursor is the place of the webhook in a list, the newest first.
func (w Webhook) Cursor() Cursor { return SortCreated.Cursor(w) }

// Cursor is the place of the user in a list, the newest first.
func (u User) Cursor() Cursor { return Cursor{Time: u.CreatedAt, ID: u.ID} }

// Cursor is the place of the company in a list, the newest first.
func (c Company) Cursor() Cursor { return Cursor{Time: c.CreatedAt, ID: c.ID} }

// Cursor is the place of the project in a list, the newest first.
func (p Project) Cursor() Cursor { return Cursor{Time: p.CreatedAt, ID: p.ID} }

// Page asks for up to Limit rows, newest first, that come after After.
type Page struct {
	Limit int
	// After is nil for the first page.
	After *Cursor
	// Stopped bounds what a list looks at: where few rows meet the filter, it may give fewer than Limit and set Stopped to the place to
	// go on after. nil = it looks until the end.
	Stopped *Cursor
}

// WebhookFilter narrows a list of webhooks; zero fields don't.
type WebhookFilter struct {
	Status    WebhookStatus
	Enabled   *bool
	OwnerID   string
	ProjectID string // webhooks with a rule that names this project
	EventType string // webhooks with a rule that names this event type
	// Matches is an event type: webhooks with a rule that it can match, by its name or by a pattern.
	Matches string
	// Reaches is a project: webhooks with a rule that reaches it.
	Reaches string
	// Stuck: webhooks that do not go on by themselves, because something other than
	// their owner has switched them off or no event can match one of their rules.
	Stuck bool
	IDs   []string // webhooks with one of these ids; nil = any
	// Text is a part of the name or of the URL's host, or the beginning of the id.
	Text string
	Sort WebhookSort
}

// WebhookSort is an order of a list of webhooks.
type WebhookSort string

// The orders of a list of webhooks; "" is SortCreated.
const (
	SortCreated WebhookSort = "created" // the newest first
	SortName    WebhookSort = "name"
	// SortAttention begins with those that Attention puts first; those alike are sorted by name.
	SortAttention WebhookSort = "needs_attention"
)

// SortedLetters is by how many letters of their names webhooks are sorted.
const SortedLetters = 50

// Cursor is the place of w in a list that is sorted so. Case makes no difference to
// the store, which knows the letters of more languages than this.
func (s WebhookSort) Cursor(w Webhook) Cursor {
	name := w.Name
	if letters := []rune(name); len(letters) > SortedLetters {
		name = string(letters[:SortedLetters])
	}
	switch s {
	case SortName:
		return Cursor{Text: name, ID: w.ID}
	case SortAttention:
		return Cursor{Text: strconv.Itoa(w.Attention()) + name, ID: w.ID}
	}
	return Cursor{Time: w.CreatedAt, ID: w.ID}
}

// Attention says how soon its owner should look at w: 0 = something other than its
// owner has switched it off, 1 = its last attempts failed, 2 = there is no hurry.
func (w Webhook) Attention() int {
	switch {
	case w.DisabledReason == DisabledByHealth, w.DisabledReason == DisabledAsGone:
		return 0
	case w.Enabled && w.Status != Healthy:
		return 1
	}
	return 2
}

// EventFilter narrows a list of events; zero fields don't.
type EventFilter struct {
	Type      string
	Kind      EventKind
	ProjectID string
	Since     time.Time // accepted at or after
	Until     time.Time // accepted before
	// Matched says whether there is a delivery that the request may see; nil = either.
	Matched *bool
}

// ProjectFilter narrows a list of projects; zero fields don't.
type ProjectFilter struct {
	CompanyID string
	IDs       []string
	Text      string // a part of the name, or the beginning of the id
}

// DeliveryFilter narrows a list of deliveries; zero fields don't. Of a set any one
// value is enough.
type DeliveryFilter struct {
	WebhookID  string
	EventID    string
	Kind       EventKind
	ProjectID  string
	Since      time.Time // created at or after
	Until      time.Time // created before
	Statuses   []DeliveryStatus
	EventTypes []string
	// Reasons are the delivery's, or those of its last attempt that has ended.
	Reasons []Reason
	// StatusCodes are those of its last attempt that has ended.
	StatusCodes  []StatusCodes
	RedeliveryID string // those that this redelivery made or released
	Latest       bool   // without those that were redelivered
	IDPrefix     string // of the delivery's id, or of its event's
}

// Accepted is the answer to one event of Ingest.
type Accepted struct {
	// CompanyID is the company of the project; "" unless the event was accepted now.
	CompanyID string
	// Matched is how many deliveries the event has.
	Matched int
	// Due says that some of them are not begun yet: a worker is to be told.
	Due bool
	// Happened says that it stands in the window of a combination.
	Happened bool
	// Judging says that conditions are yet to be asked, so that there may be more
	// deliveries soon.
	Judging bool
	// Duplicate says that the same event was accepted before.
	Duplicate bool
	// SchemaChanged says that the event was checked against a schema that its
	// type no longer has; it is to be checked and offered again.
	SchemaChanged bool
	// Err is set when this event was refused; the others are not touched by it.
	Err *Error
}

// RecentQuery asks for events that were accepted from Since to Until.
type RecentQuery struct {
	Since time.Time
	Until time.Time
	// OfProjects: only events of ProjectIDs.
	OfProjects bool
	ProjectIDs []string
	// States: with previous and current, which else stay nil.
	States bool
}
