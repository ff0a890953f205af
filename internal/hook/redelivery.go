package hook

import "time"

// RedeliveryStatuses lists the states whose deliveries can be redelivered, or
// released, many at a time.
var RedeliveryStatuses = []DeliveryStatus{Failed, Held, Cancelled}

// RedeliveryCounted is up to how many deliveries are counted before they are sent
// again: so many mean that there are at least as many. Counting more would take
// longer than a request should.
const RedeliveryCounted = 10_000

// CancelStatuses lists the states whose deliveries can be cancelled, many at a time.
var CancelStatuses = []DeliveryStatus{Pending, Retrying, Held}

// RedeliveryKind says what becomes of the deliveries that a query picks.
type RedeliveryKind string

// The kinds. The values are part of the API.
const (
	KindRedelivery   RedeliveryKind = "redelivery"
	KindCancellation RedeliveryKind = "cancellation"
)

// RedeliveryQuery picks deliveries of a webhook to be sent again, or to be
// cancelled: those that were created from Since until before Until and that no
// other one has taken the place of.
type RedeliveryQuery struct {
	WebhookID string
	Since     time.Time
	// Until is zero for now; a time of the future is now, too.
	Until time.Time
	// Statuses holds some of RedeliveryStatuses, or of CancelStatuses.
	Statuses []DeliveryStatus
	// EventTypes is empty for every type.
	EventTypes []string
	// Reasons and StatusCodes are those of DeliveryFilter; empty for all.
	Reasons     []Reason
	StatusCodes []StatusCodes
}

// RedeliveryStatus is where a redelivery of many stands.
type RedeliveryStatus string

// The states of a redelivery of many.
const (
	// RedeliveryRunning: something is to be released, or under way.
	RedeliveryRunning RedeliveryStatus = "running"
	// RedeliveryCompleted: nothing of it is under way any more.
	RedeliveryCompleted RedeliveryStatus = "completed"
	// RedeliveryCancelled: nothing more is released; what was released goes on.
	RedeliveryCancelled RedeliveryStatus = "cancelled"
)

// Redelivery is a redelivery of many, in steps, or a cancellation. Its query has
// every field.
type Redelivery struct {
	ID   string
	Kind RedeliveryKind
	RedeliveryQuery
	Status RedeliveryStatus
	// Total is how many were to be sent again, or cancelled, at its start, counted up
	// to RedeliveryCounted, and no less than Released, which is how many are
	// redelivered, released or cancelled so far.
	Total    int
	Released int
	// The outcome of those: Pending counts what is not finished. What a cancellation
	// has reached is Cancelled.
	Succeeded int
	Failed    int
	Cancelled int
	Pending   int
	CreatedAt time.Time
	// FinishedAt is zero while it runs.
	FinishedAt time.Time
}

// RedeliveryStep is what one step of a redelivery of many came to. It is data in
// histories.
type RedeliveryStep struct {
	// Released is how many deliveries were let go.
	Released int
	// More: there may be others to be let go as soon as there is room.
	More bool
	// Off: the webhook is switched off, which everything waits for.
	Off bool
	// Done: there is nothing to do any more.
	Done bool
}

// RedeliveryClaim is a redelivery of many that a worker has taken on to start
// its workflow.
type RedeliveryClaim struct {
	RedeliveryID string
	WebhookID    string
	OwnerID      string
}
