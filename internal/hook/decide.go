package hook

import "time"

// Parcel is everything that one attempt of a delivery needs to know, read at
// one moment.
type Parcel struct {
	Delivery Delivery
	Event    Event
	Webhook  Webhook
	// Blue is the webhook as the format blue shows it; nil for other formats.
	Blue *BlueWebhook
	// Chat has the words of a chat message; nil for other formats.
	Chat *ChatWords
	// WebhookDeleted and ProjectDeleted: the object is gone, its fields are empty.
	WebhookDeleted bool
	ProjectDeleted bool
	// AccessLost: the webhook's owner is no longer a member of the project, or of
	// one of those whose data a combination carries.
	AccessLost bool
	// HoldsSlot: the delivery was given a place of its webhook, for its next
	// attempt. Where the webhook has no limits nobody asks.
	HoldsSlot bool
	// Last is the newest attempt of which something is recorded; its Number is 0
	// when there is none.
	Last Attempt
	// BegunAt is when an ingest or a claim began the first attempt, where nothing is recorded
	// of that one yet; else zero.
	BegunAt time.Time
	// Patience is how long after BegunAt the attempt may still be under way. The
	// ledger does not know it: who reads the parcel sets it.
	Patience time.Duration
	// Now is the database's clock, on which NextAttemptAt counts too.
	Now time.Time
}

// Expired says whether the delivery is too old to be sent.
func (p Parcel) Expired() bool {
	return p.Webhook.MaxAge > 0 && p.Now.Sub(p.Delivery.CreatedAt) >= p.Webhook.MaxAge
}

// Limited says whether the delivery needs a slot of its webhook. A test needs none:
// it neither waits for what else the webhook has to send, nor delays it.
func (p Parcel) Limited() bool { return p.Webhook.Limited() && !p.Delivery.Test }

// Unended says whether nothing is known of the end of the newest attempt.
func (p Parcel) Unended() bool {
	return p.Delivery.Attempts > 0 && (p.Last.Number == 0 || p.Last.Result.Outcome == "")
}

// Step is what has to be done next with a delivery.
type Step int

// The steps.
const (
	// StepSend: begin the next attempt.
	StepSend Step = iota
	// StepWait: the next attempt is not due yet.
	StepWait
	// StepAwait: the first attempt may be under way in another process.
	StepAwait
	// StepTakeSlot: the webhook has limits, and the delivery no place yet.
	StepTakeSlot
	// StepSettle: store the status and reason of the decision; nothing is sent.
	StepSettle
	// StepDone: nothing is left to do; the status stands.
	StepDone
	// StepSuperseded: another workflow carries this delivery now.
	StepSuperseded
)

// Decision is a Step with what belongs to it.
type Decision struct {
	Step Step
	// Status and Reason are set for StepSettle and StepDone.
	Status DeliveryStatus
	Reason Reason
	// Wait is set for StepWait and StepAwait.
	Wait time.Duration
}

// timerSlack is how much early a timer of the workflow may fire: its clock
// counts in whole milliseconds.
const timerSlack = 20 * time.Millisecond

// Decide says what the workflow of the given generation has to do next with a
// delivery. It is the one place that knows the order of the checks: a webhook
// that was disabled or deleted takes effect on the very next attempt.
func Decide(p Parcel, generation int) Decision {
	d := p.Delivery
	wait := d.NextAttemptAt.Sub(p.Now)
	rest := p.BegunAt.Add(p.Patience).Sub(p.Now)
	switch {
	case d.Generation != generation:
		return Decision{Step: StepSuperseded}
	case !d.Status.Unfinished():
		return Decision{Step: StepDone, Status: d.Status, Reason: d.Reason}
	case !p.BegunAt.IsZero() && rest > 0:
		return Decision{Step: StepAwait, Wait: rest}
	case p.WebhookDeleted:
		return Decision{Step: StepSettle, Status: Cancelled, Reason: ReasonWebhookDeleted}
	case p.ProjectDeleted:
		return Decision{Step: StepSettle, Status: Cancelled, Reason: ReasonProjectDeleted}
	case !p.Event.ExpungedAt.IsZero():
		return Decision{Step: StepSettle, Status: Cancelled, Reason: ReasonPayloadExpunged}
	case p.AccessLost:
		return Decision{Step: StepSettle, Status: Cancelled, Reason: ReasonMembershipLost}
	case d.Exhausted() && d.Test: // whose attempt has no known end
		return Decision{Step: StepSettle, Status: Failed, Reason: ReasonWorkerLost}
	case d.Exhausted():
		return Decision{Step: StepSettle, Status: Failed, Reason: ReasonExhausted}
	case p.Expired():
		return Decision{Step: StepSettle, Status: Cancelled, Reason: ReasonExpired}
	case !p.Webhook.Enabled && !d.Test:
		return Decision{Step: StepSettle, Status: Held, Reason: ReasonWebhookDisabled}
	case !p.Webhook.Sendable():
		return Decision{Step: StepSettle, Status: Failed, Reason: ReasonInternal}
	case !d.NextAttemptAt.IsZero() && wait > timerSlack:
		return Decision{Step: StepWait, Wait: wait}
	case p.Limited() && !p.HoldsSlot:
		return Decision{Step: StepTakeSlot}
	}
	return Decision{Step: StepSend}
}

// Claim is a delivery that a worker has taken on to start its workflow.
type Claim struct {
	DeliveryID string
	Generation int
	WebhookID  string
	OwnerID    string
	EventID    string
	EventType  string
	CompanyID  string
	// Timeout is the webhook's own; zero means the process's default.
	Timeout time.Duration
	// Finished: nothing is left to do, but the delivery has no workflow yet.
	Finished bool
	// RunID is the run that is known to carry it; empty = none is.
	RunID string
	// Overdue: its next attempt should have begun 30 seconds ago.
	Overdue bool
	// Host is that of the webhook's URL; Attempts is how many requests were begun.
	Host     string
	Attempts int
	// TraceParent is the event's, for deliveries whose first attempt begins now.
	TraceParent string
}

// ClaimOf is the claim of a delivery whose first attempt was begun with it.
func ClaimOf(p Parcel) Claim {
	d := p.Delivery
	return Claim{
		DeliveryID: d.ID, Generation: d.Generation, WebhookID: d.WebhookID, OwnerID: p.Webhook.OwnerID, EventID: d.EventID,
		EventType: d.EventType, CompanyID: d.CompanyID, Timeout: p.Webhook.Timeout,
		Host: HostOf(p.Webhook.URL), Attempts: d.Attempts - 1, TraceParent: p.Event.TraceParent, // its first attempt begins now
	}
}

// Take asks for deliveries that were never tried, to begin their first attempts.
type Take struct {
	// Limit is how many are taken at most; Each is how many of them may be of one
	// owner where an ingest begins them.
	Limit int
	Each  int
	// Crowded and CrowdedOwners are the webhooks that have no room for another attempt
	// in this process, and the owners: what is due of theirs is queued.
	Crowded       []string
	CrowdedOwners []string
	// Behind are owners of whom older deliveries are due: an ingest leaves theirs due.
	Behind []string
	// Shared says that an owner has begun attempts in the last seconds. Sole names that
	// owner where there is only one. An ingest queues what it can't begin of any other.
	Shared bool
	Sole   string
	// Timeout bounds an attempt of a webhook without its own timeout; Margin
	// is what an attempt may take beside. After both the delivery is due again.
	Timeout time.Duration
	Margin  time.Duration
	// Lease is how long those stay claimed whose attempt could not be begun.
	Lease time.Duration
}

// Taken is the outcome of the deliveries that were asked for.
type Taken struct {
	// Begun are those whose first attempts are begun: they must be made at once, or
	// given back.
	Begun []Parcel
	// Rest are those whose workflows are to be started, as after a claim: they will
	// see what is wrong.
	Rest []Claim
	// Drained are webhooks of which all that has a slot of a drain is begun.
	Drained []string
	// Queued is how many have to wait for room.
	Queued int
}

// Len is how many deliveries were looked at.
func (t Taken) Len() int { return len(t.Begun) + len(t.Rest) + t.Queued }

// Carried says which workflow carries a generation of a delivery.
type Carried struct {
	DeliveryID string
	Generation int
	// Batch is the one of Delivery; empty = the delivery has its own workflow.
	Batch string
	RunID string
}

// Finish is the end of one attempt and what it makes of the delivery.
type Finish struct {
	DeliveryID string
	// WebhookID is the delivery's: ends of one webhook are written together. OwnerID is
	// the webhook's owner.
	WebhookID string
	OwnerID   string
	Number    int
	// Ago is how long ago the request began: it counts where an ingest or a claim began the
	// attempt, of whose start there is no row.
	Ago time.Duration
	// RunID is the run of the workflow that carries the delivery, for a success of
	// which the ledger does not know it yet; empty = it is not known here either.
	RunID  string
	Result Result
	// Status is Succeeded, Retrying or Failed; Reason is set for Failed.
	Status DeliveryStatus
	Reason Reason
	// Wait is the time until the next attempt, for Retrying.
	Wait time.Duration
	// Trial is Cause.Trial, for a failure.
	Trial time.Duration
	// Pauses: the receiver gets too much, so the webhook is paused.
	Pauses bool
	// HadSlot says that the attempt took a place of its webhook, to be given back.
	HadSlot bool
	// Quiet: the delivery is a test or a listener's, so that a failure says nothing
	// about its webhook's health, and its owner gets no message.
	Quiet bool
}

// Plain says that the end of an attempt is a success: those of different webhooks
// can be written down at once, since most of them change no health.
func (f Finish) Plain() bool { return f.Status == Succeeded }

// Recorded is what is left to do after the ends of attempts that succeeded were
// written down.
type Recorded struct {
	// Left were not written: others have locked their deliveries.
	Left []Finish
	// Better are the webhooks whose health is better with that.
	Better []string
}

// Conclude says what request number of the delivery makes of it. One that was
// put off uses up no attempt, unless the receiver has asked for nothing but
// pauses for too long. wait is as for the function Conclude.
func (p Parcel) Conclude(number int, r Result, wait func() time.Duration) Finish {
	if p.Delivery.Test || p.Webhook.Listener != "" && !p.Webhook.Retries {
		return concludeOnce(p.Delivery.ID, number, r)
	}
	if p.Webhook.Listener != "" {
		f := Conclude(p.Delivery.ID, number-p.Delivery.Unused, r, wait)
		f.Number, f.Quiet = number, true
		return f
	}
	pauses := r.Overloaded() && !p.Webhook.Pause.TooLong(p.Now)
	if pauses && r.PutOff() {
		r.Outcome = PutOff
		return Finish{DeliveryID: p.Delivery.ID, Number: number, Result: r, Status: Retrying, Wait: r.RetryAfter, Pauses: true}
	}
	f := Conclude(p.Delivery.ID, number-p.Delivery.Unused, r, wait)
	f.Number, f.Pauses = number, pauses
	return f
}

// concludeOnce says what the one attempt of a test makes of it, or of a listener's
// delivery. The reason of the delivery is that of the attempt.
func concludeOnce(deliveryID string, number int, r Result) Finish {
	f := Finish{DeliveryID: deliveryID, Number: number, Result: r, Status: Succeeded, Quiet: true}
	if r.Outcome != Success {
		f.Status, f.Reason = Failed, r.Reason
	}
	return f
}

// Conclude says what an attempt makes of its delivery. wait is asked for the
// pause before the next attempt only when there is to be one.
func Conclude(deliveryID string, number int, r Result, wait func() time.Duration) Finish {
	f := Finish{DeliveryID: deliveryID, Number: number, Result: r}
	switch {
	case r.Outcome == Success:
		f.Status = Succeeded
	case r.Reason == ReasonGone:
		f.Status, f.Reason = Failed, ReasonGone
	case number >= MaxAttempts:
		f.Status, f.Reason = Failed, ReasonExhausted
	default:
		f.Status, f.Wait = Retrying, wait()
	}
	return f
}

// Causes says what the end of an attempt means for its webhook's health.
func (f Finish) Causes() []Cause {
	r := f.Result
	c := Cause{What: AttemptFailed, Reason: r.Reason, DeliveryID: f.DeliveryID, URL: r.URL, Trial: f.Trial}
	paused := Cause{What: ReceiverPaused, Reason: r.Reason, DeliveryID: f.DeliveryID, URL: r.URL, Wait: r.RetryAfter}
	last := c
	switch {
	case r.Reason == ReasonInternal, f.Quiet:
		return nil // it says nothing about the receiver, or is not to
	case f.Status == Succeeded:
		return []Cause{{What: AttemptSucceeded, DeliveryID: f.DeliveryID, URL: r.URL}}
	case r.Outcome == PutOff:
		return []Cause{paused}
	case f.Reason == ReasonGone:
		last.What = ReceiverGone
		return []Cause{last}
	}
	var causes []Cause
	if f.Pauses {
		causes = append(causes, paused)
	}
	causes = append(causes, c)
	if f.Reason == ReasonExhausted {
		last.What = DeliveryExhausted
		causes = append(causes, last)
	}
	return causes
}
