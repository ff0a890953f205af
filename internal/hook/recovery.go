package hook

import "time"

// Recovery is where the recovery of a webhook that health has deactivated
// stands: it is probed again and again, until a probe passes or its time is over.
type Recovery struct {
	// Outage is its number: how often health has deactivated the webhook.
	Outage int
	// Running says that there are probes to come.
	Running bool
	// URL is the webhook's. A probe of another one says nothing.
	URL string
	// Refuses is that of Health: the receiver answered probes when the webhook was
	// switched off, but took no delivery.
	Refuses bool
	// Probes counts those that failed.
	Probes int
	// NextProbeAt and Until are zero until the first look at it, GaveUpAt until it
	// was given up.
	NextProbeAt time.Time
	Until       time.Time
	GaveUpAt    time.Time
	// Now is the clock that the times belong to.
	Now time.Time
}

// Wait is the time until the next probe; zero or less says that it is due.
func (r Recovery) Wait() time.Duration { return r.NextProbeAt.Sub(r.Now) }

// RecoveryPlan says when a webhook that health has deactivated is probed.
type RecoveryPlan struct {
	// Waits are those before the first probe, the second and so on; the last one
	// repeats. There is at least one.
	Waits []time.Duration
	// Window is how long the probes go on.
	Window time.Duration
}

func (p RecoveryPlan) wait(probes int) time.Duration {
	return p.Waits[min(probes, len(p.Waits)-1)]
}

// Begin plans the first probe.
func (p RecoveryPlan) Begin(r Recovery) Recovery {
	r.NextProbeAt, r.Until = r.Now.Add(p.wait(0)), r.Now.Add(p.Window)
	return r
}

// Failed plans the next probe after one that failed, or gives up when that would
// be too late.
func (p RecoveryPlan) Failed(r Recovery) Recovery {
	r.Probes++
	r.NextProbeAt = r.Now.Add(p.wait(r.Probes))
	if r.NextProbeAt.After(r.Until) {
		r.Running, r.NextProbeAt, r.GaveUpAt = false, time.Time{}, r.Now
	}
	return r
}

// ProbeOf says what a probe's result means: who answers is alive, whatever the
// answer says, unless it is an error of the receiver's own (5xx). A receiver has
// never agreed to take probes.
func ProbeOf(r Result) Happened {
	switch {
	case r.Outcome == Success:
		return ProbePassed
	case r.Reason == ReasonGone:
		return ReceiverGone
	case r.StatusCode == 0 || r.StatusCode >= 500 && r.StatusCode <= 599:
		return ProbeFailed
	}
	return ProbePassed
}

// ProbeOf says what a probe means for the recovery: as above, but where the
// receiver refuses deliveries an answer says nothing new unless it is 2xx.
func (r Recovery) ProbeOf(result Result) Happened {
	what := ProbeOf(result)
	switch {
	case what != ProbePassed:
		return what
	case r.Refuses && result.Outcome != Success:
		return ProbeFailed
	}
	return Recovered
}

// RecoveryProbe is what a probe of a recovery came to.
type RecoveryProbe struct {
	// Seen is the recovery as it was when the probe was due.
	Seen Recovery
	// What is Recovered, ReceiverGone or ProbeFailed.
	What Happened
	// Reason is why it failed.
	Reason Reason
	// Plan says what comes next after a failure.
	Plan RecoveryPlan
}

// RecoveryClaim is a recovery whose workflow must be told of it.
type RecoveryClaim struct {
	WebhookID string
	OwnerID   string
	Outage    int
	// Timeout is the webhook's own for one attempt; zero = it has none.
	Timeout time.Duration
}
