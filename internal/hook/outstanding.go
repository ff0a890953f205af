package hook

import "time"

// AttemptEnd is what is counted of an attempt that ended.
type AttemptEnd struct {
	Result Result
	// Number counts the attempts that are used up, from 1.
	Number int
	// Waited is how long after the delivery was made the attempt began.
	Waited time.Duration
}

// ProcessCounts is what a process has counted in the ledger since it started.
type ProcessCounts struct {
	// Transitions counts changes of webhooks' health, by the status that they led to.
	Transitions map[WebhookStatus]int64
	// Redelivered counts deliveries that were sent again: new ones in place of finished
	// ones, and held ones that a redelivery has released.
	Redelivered int64
	// Repeated counts transactions that ran again, because another one was in their way.
	Repeated int64
	// TakenOut counts deliveries that were held or cancelled without an attempt, or the
	// look before one: by people, by what they switched off or deleted, and by their age.
	TakenOut map[DeliveryStatus]int64
}

// Outstanding is what waits in the ledger at one moment.
type Outstanding struct {
	// Oldest is the age of the oldest delivery of each of these statuses; 0 = there is none.
	Oldest map[DeliveryStatus]time.Duration
	// LagFirst and LagAgain are for how long the delivery that has waited longest has
	// been due without being claimed: for its first attempt, and for a later one.
	LagFirst, LagAgain time.Duration
	// Windows counts windows of combinations that are open, Redeliveries those of many
	// that go on.
	Windows, Redeliveries int
	// Locked counts the sessions of the database that wait for a lock.
	Locked int
}
