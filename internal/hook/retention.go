package hook

import "time"

// Keep is how long things are kept.
type Keep struct {
	// Data is for events, deliveries, attempts and what belongs to them.
	Data time.Duration
	// Audit is for the audit log.
	Audit time.Duration
}

// The parts of what is removed, by the names that the API and the metrics have
// for them, in the order in which a run goes through them.
const (
	KeptEvents       = "events"
	KeptDeliveries   = "deliveries" // removed together with their events
	KeptAttempts     = "attempts"   // removed together with their deliveries
	KeptHealthCounts = "health_counts"
	KeptTransitions  = "transitions"
	KeptRedeliveries = "redeliveries"
	KeptNotices      = "notices"
	KeptWebhooks     = "deleted_webhooks"
	KeptSessions     = "sessions"
	KeptAuditLog     = "audit_log"
	KeptErasures     = "erasures" // that a user was erased is kept as long as the audit log
)

// RetentionStep is what one step of a run came to.
type RetentionStep struct {
	// Removed counts the rows that the step removed, Seen those that it looked at.
	Removed, Seen int
	// Done says that the run has gone through everything.
	Done bool
	// Busy says that deliveries wait to be begun, or that another process is
	// making a step: leave the database to them.
	Busy bool
}

// Retention is how far the removal of what is old has come.
type Retention struct {
	// KeptSince is the time before which events may have been removed; zero = none
	// was.
	KeptSince time.Time
	// BeganAt and FinishedAt are of the last run; FinishedAt is zero while it runs.
	BeganAt, FinishedAt time.Time
	// LastFinishedAt is when the last run ended that went through everything.
	LastFinishedAt time.Time
	// Part is what is being looked through, and Problem why that does not go on;
	// both are empty when there is none.
	Part, Problem string
	// Removed counts rows by their part, since the beginning and of the last run.
	Removed []RetentionCount
}

// RetentionCount is how many rows of a part were removed.
type RetentionCount struct {
	Part           string
	Total, LastRun int64
}

// RetentionPace is how the next step is made: how many rows it looks at, and the
// pause before it.
type RetentionPace struct {
	Limit int
	Pause time.Duration
}

const (
	// A step looks at no fewer and no more rows than these: fewer cost more for
	// their transaction than for their rows, and more hold locks for too long.
	minRetentionLimit, maxRetentionLimit = 100, 2000
	// A step should take between these two times.
	shortRetentionStep, longRetentionStep = 50 * time.Millisecond, 200 * time.Millisecond
	// busyRetentionPause leaves the database to others. It does not stop the run: a
	// disk that fills up is worse than a slow delivery.
	busyRetentionPause = time.Second
)

// FirstRetentionPace is that of a first step.
func FirstRetentionPace() RetentionPace { return RetentionPace{Limit: 500} }

// After is the pace after a step that took so long: the pause is at least as long
// as the step, so that half of the time is left to others.
func (p RetentionPace) After(s RetentionStep, took time.Duration) RetentionPace {
	next := RetentionPace{Limit: p.Limit, Pause: max(took, 10*time.Millisecond)}
	switch {
	case s.Busy:
		return RetentionPace{Limit: minRetentionLimit, Pause: max(took, busyRetentionPause)}
	case took > longRetentionStep:
		next.Limit /= 2
	case took < shortRetentionStep:
		next.Limit *= 2
	}
	next.Limit = min(max(next.Limit, minRetentionLimit), maxRetentionLimit)
	return next
}
