package hook

import "time"

// MaxLedger is how long a stretch of time one ledger covers at most.
const MaxLedger = 31 * 24 * time.Hour

// Ledger accounts for what matched a webhook in a stretch of time: each matched
// event once, by where its newest delivery stands.
type Ledger struct {
	// Matched counts the deliveries that were made when events were accepted.
	Matched int
	// ByStatus and ByReason count the newest delivery of each.
	ByStatus map[DeliveryStatus]int
	ByReason map[Reason]int
}

// Count adds n deliveries of one status and reason.
func (l *Ledger) Count(status DeliveryStatus, reason Reason, n int) {
	if l.ByStatus == nil {
		l.ByStatus, l.ByReason = map[DeliveryStatus]int{}, map[Reason]int{}
	}
	l.ByStatus[status] += n
	if reason != "" {
		l.ByReason[reason] += n
	}
}

// Balanced says whether everything that matched is in exactly one status.
func (l Ledger) Balanced() bool {
	sum := 0
	for _, status := range DeliveryStatuses {
		sum += l.ByStatus[status]
	}
	return sum == l.Matched
}

// LedgerQuery asks about what matched a webhook from Since to before Until.
type LedgerQuery struct {
	WebhookID string
	Since     time.Time
	Until     time.Time
}

// Undelivered is a matched event that has not succeeded: its newest delivery,
// and when it matched.
type Undelivered struct {
	Delivery
	MatchedAt time.Time
	// Key is its place in the list.
	Key Cursor
}

// The kinds of differences that a check of the ledger may find.
const (
	// DifferenceDeliveries: an event has not as many deliveries as at its acceptance.
	DifferenceDeliveries = "deliveries"
	// DifferenceDispatch: a delivery is unfinished, and nothing will carry it on.
	DifferenceDispatch = "dispatch"
	// DifferenceAttempts: a delivery counts other attempts than there are.
	DifferenceAttempts = "attempts"
	// DifferenceOwners: something waits for a webhook that is off or deleted, and
	// nothing will hold or cancel it.
	DifferenceOwners = "owners"
	// DifferenceJudging: an event has waited for an hour to be judged.
	DifferenceJudging = "judging"
)

// DifferenceKinds lists the kinds of differences.
var DifferenceKinds = []string{DifferenceDeliveries, DifferenceDispatch, DifferenceAttempts, DifferenceOwners, DifferenceJudging}

// MaxDifferenceIDs is how many ids of a kind a check names.
const MaxDifferenceIDs = 10

// LedgerCheck is what a check of the ledger has found so far.
type LedgerCheck struct {
	// Checked is how many deliveries were looked at.
	Checked int
	// Differences counts by kind; IDs names the first MaxDifferenceIDs of each:
	// of events for DifferenceDeliveries and DifferenceJudging, else of deliveries.
	Differences map[string]int
	IDs         map[string][]string
}

// Found notes a difference.
func (c *LedgerCheck) Found(kind, id string) {
	if c.Differences == nil {
		c.Differences, c.IDs = map[string]int{}, map[string][]string{}
	}
	c.Differences[kind]++
	if len(c.IDs[kind]) < MaxDifferenceIDs {
		c.IDs[kind] = append(c.IDs[kind], id)
	}
}
