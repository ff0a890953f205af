package hook

import "time"

// Health is where a webhook stands: whether it is switched on, and how its last
// attempts went. It only ever changes by After.
type Health struct {
	Enabled        bool
	Status         WebhookStatus
	DisabledReason DisabledReason
	// FailuresInRow counts failed attempts since the last success.
	FailuresInRow int
	// ExhaustedInRow counts deliveries that used up their attempts since then, while
	// the webhook was enabled.
	ExhaustedInRow int
	// Drain is how many attempts may be under way while what was held is being
	// released; 0 = there is nothing to release.
	Drain int
	// Paused: since the last success the receiver has asked for a pause.
	Paused bool
}

// Refuses says that a receiver that answers probes has taken no delivery for so
// long that its webhook is switched off, or was.
func (h Health) Refuses() bool { return h.ExhaustedInRow >= MaxExhaustedInRow }

// Happened is something that bears on a webhook's health. The values are the
// causes of transitions and part of the API.
type Happened string

// What bears on a webhook's health.
const (
	// AttemptSucceeded: a delivery was answered with 2xx.
	AttemptSucceeded Happened = "attempt_succeeded"
	// AttemptFailed: an attempt of a delivery failed.
	AttemptFailed Happened = "attempt_failed"
	// DeliveryExhausted: a delivery used up its attempts, after which a probe
	// follows; or it was one of too many in a row.
	DeliveryExhausted Happened = "delivery_exhausted"
	// ReceiverPaused: a receiver answered 429, or 503 with Retry-After.
	ReceiverPaused Happened = "receiver_paused"
	// ProbePassed and ProbeFailed: the result of the probe after an exhaustion; see
	// ProbeOf.
	ProbePassed Happened = "probe_passed"
	ProbeFailed Happened = "probe_failed"
	// ReceiverGone: a delivery or a probe was answered with 410.
	ReceiverGone Happened = "gone"
	// OwnerDisabled: switched off by a person.
	OwnerDisabled Happened = "owner_disabled"
	// OwnerEnabled: switched on by a person, after a probe that passed.
	OwnerEnabled Happened = "owner_enabled"
	// Recovered: a probe of the recovery passed.
	Recovered Happened = "recovered"
	// GaveUp: the recovery's time is over without a probe that passed.
	GaveUp Happened = "gave_up"
)

// Happenings lists every Happened.
var Happenings = []Happened{
	AttemptSucceeded, AttemptFailed, DeliveryExhausted, ReceiverPaused, ProbePassed, ProbeFailed, ReceiverGone,
	OwnerDisabled, OwnerEnabled, Recovered, GaveUp,
}

// HappenedOf reads a cause that was written down, perhaps by an earlier version,
// which told a webhook that was switched on again from one that was switched on.
func HappenedOf(stored string) Happened {
	if stored == "owner_resumed" {
		return OwnerEnabled
	}
	return Happened(stored)
}

// Cause is what happened to a webhook and what belongs to it.
type Cause struct {
	What Happened
	// Reason is that of the attempt or probe behind it; empty for a success.
	Reason Reason
	// URL is where the request behind it was sent. Where the webhook has another one
	// by now, what happened there says nothing about it. Empty = no request.
	URL string
	// Wait is how long the receiver wants to be left alone, for ReceiverPaused.
	Wait time.Duration
	// DeliveryID is the delivery behind it, Actor the person; empty = none.
	DeliveryID string
	Actor      string
	// Note is what the person says about it.
	Note string
	// Release: what is held is released where the webhook is switched on.
	Release bool
	// Trial is how long a degraded webhook waits, after a failed attempt, before
	// the next delivery is tried for the first time.
	Trial time.Duration
}

// Told is the cause as a transition tells it: an answered probe is not why a
// webhook is switched off that takes no delivery.
func (c Cause) Told(before, after Health) Cause {
	if c.What == ProbePassed && before.Enabled && !after.Enabled {
		c.What = DeliveryExhausted
		if c.Reason == "" {
			c.Reason = ReasonExhausted
		}
	}
	return c
}

// Transition is a change of a webhook's status, or of whether it is enabled.
type Transition struct {
	At         time.Time
	FromStatus WebhookStatus
	Status     WebhookStatus
	Enabled    bool
	Cause      Happened
	Reason     Reason
	DeliveryID string
	Actor      string
	Note       string
}

const (
	// DegradedAfter is how many attempts in a row have to fail until a webhook is
	// DEGRADED and its deliveries wait for one another. One failure delays its own
	// delivery alone, and of a receiver that fails 1 of 100 three in a row are rare.
	DegradedAfter = 3
	// MaxExhaustedInRow is how many deliveries in a row may use up their attempts
	// before a webhook is deactivated although it answers probes.
	MaxExhaustedInRow = 5
	// MaxDrain is the most attempts under way while held deliveries are released;
	// beyond it there is nothing to be gentle about.
	MaxDrain = 64
)

// After says how a webhook stands after what happened. It is the one place that
// knows the states.
func (h Health) After(what Happened) Health {
	switch what {
	case AttemptSucceeded:
		return h.succeeded()
	case AttemptFailed:
		h.FailuresInRow++
		return h.failed()
	case DeliveryExhausted:
		if h.Enabled {
			h.ExhaustedInRow++
		}
		return h.failed()
	case ReceiverPaused:
		h.Paused, h.Drain = true, min(h.Drain, 1)
		return h
	case ProbePassed:
		if h.Refuses() {
			return h.off(DisabledByHealth)
		}
		return h.well()
	case ProbeFailed:
		if h.Enabled {
			h.ExhaustedInRow = 0 // it does not answer, which is not to refuse
		}
		return h.off(DisabledByHealth)
	case ReceiverGone:
		if h.DisabledReason == DisabledByHealth {
			h.DisabledReason = DisabledAsGone // no need to go on probing
		}
		return h.off(DisabledAsGone)
	case OwnerDisabled:
		h.Enabled, h.DisabledReason, h.Drain = false, DisabledByOwner, 0
		return h
	case OwnerEnabled:
		return Health{Enabled: true, Status: Healthy, Drain: 1}
	case Recovered:
		if h.DisabledReason != DisabledByHealth {
			return h // a person was faster
		}
		return Health{Enabled: true, Status: Healthy, Drain: 1}
	}
	return h // GaveUp changes nothing
}

// succeeded: one success is enough, and lets a drain flow faster.
func (h Health) succeeded() Health {
	h.FailuresInRow, h.ExhaustedInRow, h.Paused = 0, 0, false
	if h.Drain > 0 {
		h.Drain = min(h.Drain+1, MaxDrain)
	}
	return h.well()
}

func (h Health) well() Health {
	if h.Enabled {
		h.Status = Healthy
	}
	return h
}

// failed: a drain starts from below again.
func (h Health) failed() Health {
	h.Drain = min(h.Drain, 1)
	if h.Enabled && h.FailuresInRow >= DegradedAfter {
		h.Status = Degraded
	}
	return h
}

func (h Health) off(why DisabledReason) Health {
	if h.Enabled {
		h.Enabled, h.Status, h.DisabledReason, h.Drain = false, Unhealthy, why, 0
	}
	return h
}
