package hook

import "time"

// WebhookNumbers are what a list shows of how a webhook is doing.
type WebhookNumbers struct {
	// Hourly are the hours in which attempts ended, the oldest first.
	Hourly []HourNumbers
	// LastAttemptAt is that of the newest NumbersLook deliveries; zero = none of them
	// was tried.
	LastAttemptAt time.Time
	// LastDeliveredAt is when the last of those arrived; zero = none of them did.
	LastDeliveredAt   time.Time
	LastFailureAt     time.Time
	LastFailureReason Reason
	FailuresInRow     int
	// Waiting and Held count up to MaxWaitingShown.
	Waiting int
	Held    int
	// OffSince is when it was switched off; zero = it is on, or that was long ago.
	OffSince time.Time
	Draining bool
	// Drain is nil unless what was held is being delivered, and it is known how much.
	Drain *DrainProgress
	// Recovery is nil where there are no probes.
	Recovery *Recovery
	// Unreachable are the positions of the rules that no event can match any more.
	Unreachable []int
}

// DrainProgress is how far a webhook is with what was held; both count up to
// MaxDrainShown.
type DrainProgress struct {
	Total, Left int
}

// HourNumbers are the attempts that ended in an hour.
type HourNumbers struct {
	Hour      time.Time
	Attempts  int
	Succeeded int
}

const (
	// NumbersHours is how many hours a list shows, the one that is not over included.
	NumbersHours = 24
	// MaxWaitingShown bounds what is counted of one webhook: a list of webhooks costs
	// no more, however much waits.
	MaxWaitingShown = 1000
	// MaxDrainShown is how many held deliveries are counted when a drain begins: with
	// the webhook's row locked, a count of more would take too long.
	MaxDrainShown = 10_000
	// NumbersLook is at how many of a webhook's newest deliveries is looked for its
	// last attempt.
	NumbersLook = 20
)

// MaxOutcomesShown is how many deliveries of an event a list counts at most.
const MaxOutcomesShown = 500

// EventOutcome is the outcome of an event: its deliveries that the request may see, of
// those that were sent again the newest alone.
type EventOutcome struct {
	Total, Succeeded, Failed, Waiting, Held int
}
