package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/activity"

	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/send"
)

// DeliverInput names the delivery to carry.
type DeliverInput struct {
	DeliveryID string
	// Generation is the delivery's, so that a workflow that was replaced knows it.
	Generation int
	// AttemptTimeout bounds one attempt; a webhook's shorter timeout goes first.
	AttemptTimeout time.Duration
}

// DeliverResult is the outcome of a delivery, for a person who reads the history.
type DeliverResult struct {
	DeliveryID string
	// Outcome is a hook.DeliveryStatus, Superseded, Queued or Missing.
	Outcome string
	Reason  hook.Reason `json:",omitempty"`
}

// Outcomes of a workflow that are no status of its delivery.
const (
	// Superseded: another workflow carries the delivery now.
	Superseded = "superseded"
	// Queued: the webhook's limits leave no room; another workflow will carry it.
	Queued = "queued"
	// Missing: there is no such delivery (any more).
	Missing = "missing"
)

// RecordingMargin is what an attempt may need beside its HTTP request until its
// end is written down. An end that takes longer is written all the same; but
// another process may think the attempt lost by then.
const RecordingMargin = finishWithin + 2*time.Second

// patienceMargin is how much longer than its timeout an attempt may take
// before the delivery is offered to another worker: reading, writing, and the
// time that Temporal needs to notice a lost worker.
const patienceMargin = 30 * time.Second

// Deliver does what is next for a delivery: waits for its first attempt where
// this process makes it already, makes its next attempt, settles it, or finds
// nothing to do. The error is AttemptFailed, with the wait until
// the next attempt; AttemptsExhausted; or that a part of Godwit can't be
// reached, which costs the delivery no attempt.
func (a *Activities) Deliver(ctx context.Context, in DeliverInput) (DeliverResult, error) {
	if f := a.firsts.adopt(in.DeliveryID, in.Generation); f != nil {
		result, err := f.wait(ctx)
		return result, a.own(err)
	}
	defer beat(ctx)()
	result, err := a.next(ctx, in)
	return result, a.own(err)
}

// next does what the ledger asks for.
func (a *Activities) next(ctx context.Context, in DeliverInput) (DeliverResult, error) {
	for {
		if err := a.underWay.wait(ctx, in.DeliveryID); err != nil {
			return DeliverResult{}, err
		}
		var p hook.Parcel
		err := a.ask(in.DeliveryID, func() (err error) { // whose it is, is not known yet
			p, err = a.Ledger.Parcel(ctx, in.DeliveryID)
			return err
		})
		if hook.CodeOf(err) == hook.CodeNotFound {
			return DeliverResult{DeliveryID: in.DeliveryID, Outcome: Missing}, nil
		}
		if err != nil {
			return DeliverResult{}, err
		}
		p.Patience = in.AttemptTimeout + RecordingMargin
		d := hook.Decide(p, in.Generation)
		switch d.Step {
		case hook.StepSuperseded:
			return DeliverResult{DeliveryID: in.DeliveryID, Outcome: Superseded}, nil
		case hook.StepDone:
			return concluded(p, d.Status, d.Reason)
		case hook.StepWait:
			return DeliverResult{}, attemptFailed(p.Delivery.Used(), p.Last.Result.Reason, d.Wait)
		case hook.StepAwait:
			return DeliverResult{}, attemptUnderWay(d.Wait)
		case hook.StepSettle:
			// Read again afterwards: what stands in the ledger is the answer.
			if err := a.ask(p.Webhook.OwnerID, func() error { return a.Ledger.Settle(ctx, p, d.Status, d.Reason) }); err != nil {
				return DeliverResult{}, err
			}
			a.Metrics.Ended(d.Status)
		case hook.StepTakeSlot:
			var queued bool
			err := a.ask(p.Webhook.OwnerID, func() (err error) {
				queued, err = a.Ledger.TakeSlot(ctx, p)
				return err
			})
			if queued || err != nil {
				return DeliverResult{DeliveryID: in.DeliveryID, Outcome: Queued}, err
			}
		case hook.StepSend:
			result, done, err := a.send(ctx, in, p)
			if done || err != nil {
				return result, err
			}
		}
	}
}

// ask has a statement of a delivery's workflow wait for the turn of the webhook's
// owner: however many are carried on at one moment, or wait for a lock, they leave
// the database to others.
func (a *Activities) ask(owner string, f func() error) (err error) {
	a.turns.Do(owner, func() { err = f() })
	return err
}

// send begins the next attempt and makes it; done is false where the delivery has
// changed since it was read.
func (a *Activities) send(ctx context.Context, in DeliverInput, p hook.Parcel) (result DeliverResult, done bool, err error) {
	if p.Unended() && a.Calm != nil && !a.Calm() {
		return result, false, errMayBeKept
	}
	slot := a.enter(ctx, p)
	if slot == nil {
		err := a.ask(p.Webhook.OwnerID, func() error { return a.Ledger.PutBack(ctx, p) })
		return DeliverResult{DeliveryID: in.DeliveryID, Outcome: Queued}, true, err
	}
	defer a.leave(slot)
	start, queued, err := a.pace(ctx, p)
	if queued || err != nil {
		return DeliverResult{DeliveryID: in.DeliveryID, Outcome: Queued}, true, err
	}
	var number int
	err = a.ask(p.Webhook.OwnerID, func() (err error) {
		number, err = a.Ledger.Begin(ctx, p, activity.GetInfo(ctx).WorkflowExecution.RunID, in.AttemptTimeout+patienceMargin)
		return err
	})
	if err != nil || number == 0 {
		return result, false, err
	}
	if err := until(ctx, start); err != nil {
		_, undone := a.undo(p, number)
		return result, false, errors.Join(err, undone)
	}
	result, err = a.attempt(ctx, p, request{number: number, timeout: in.AttemptTimeout, slot: slot})
	return result, true, err
}

// enter takes a slot of this process; nil = the delivery's owner has no room. What
// begins its workflow has been let go by a dispatcher that knew of room.
func (a *Activities) enter(ctx context.Context, p hook.Parcel) *inflight.Slot {
	owner, webhook := p.Webhook.OwnerID, p.Delivery.WebhookID
	if activity.GetInfo(ctx).IsLocalActivity || p.Delivery.Test { // a test has no queue to wait in
		return a.slots.Enter(owner, webhook)
	}
	return a.slots.Try(owner, webhook)
}

// leave gives a slot back, and has those looked at that may have waited for it.
func (a *Activities) leave(slot *inflight.Slot) {
	if slot.Leave() && a.Wake != nil {
		a.Wake()
	}
}

// concluded reports a status that stands. One that was reached by exhaustion is
// reported as such, however often it is asked for.
func concluded(p hook.Parcel, status hook.DeliveryStatus, reason hook.Reason) (DeliverResult, error) {
	if reason == hook.ReasonExhausted {
		return DeliverResult{}, attemptsExhausted(cmp.Or(p.Last.Result.Reason, hook.ReasonWorkerLost))
	}
	return DeliverResult{DeliveryID: p.Delivery.ID, Outcome: string(status), Reason: reason}, nil
}

// beginAhead is how long before its start an attempt is written down, so that a
// write that takes a moment does not move the request. It is short, because a
// worker that is lost in between has cost the delivery an attempt.
const beginAhead = 50 * time.Millisecond

// pace gives the moment at which the webhook's rate allows the next request,
// and waits until shortly before; it is in the past where there is no rate.
func (a *Activities) pace(ctx context.Context, p hook.Parcel) (start time.Time, queued bool, err error) {
	if p.Webhook.Rate() == 0 || p.Delivery.Test {
		return time.Time{}, false, nil
	}
	var wait time.Duration
	err = a.ask(p.Webhook.OwnerID, func() (err error) {
		wait, queued, err = a.Ledger.Pace(ctx, p)
		return err
	})
	if queued || err != nil {
		return time.Time{}, queued, err
	}
	start = time.Now().Add(wait)
	return start, false, until(ctx, start.Add(-beginAhead))
}

// until waits for a moment; the error is that ctx ended before.
func until(ctx context.Context, moment time.Time) error {
	wait := time.Until(moment)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request is one that is to be made for a delivery.
type request struct {
	number  int
	timeout time.Duration
	slot    *inflight.Slot
	first   *First // nil = a workflow makes the attempt
}

// attempt sends a request and records its outcome.
func (a *Activities) attempt(ctx context.Context, p hook.Parcel, r request) (DeliverResult, error) {
	defer a.underWay.begin(p.Delivery.ID)()
	began, waited := time.Now(), a.now().Sub(p.Delivery.CreatedAt)
	number, used := r.number, r.number-p.Delivery.Unused
	sending, cancel := a.detached(ctx)
	defer cancel()
	result, err := a.request(sending, p, used, r.timeout)
	r.slot.Answered()
	if err != nil {
		return DeliverResult{}, err // this worker is being stopped; the attempt will be found lost
	}
	if p.Webhook.Listener == "" { // what a listener's client says tells nothing about this machine's network
		result = a.excuse(p.Webhook.URL, result)
	}
	end := hook.AttemptEnd{Result: result, Number: used, Waited: max(0, waited)}
	if result.Own {
		a.record(p, end, hook.Finish{Status: p.Delivery.Status})
		return a.undo(p, number)
	}
	f := p.Conclude(number, result, func() time.Duration {
		return a.Schedule.Wait(used, rand.Float64(), result.RetryAfter)
	})
	f.WebhookID, f.OwnerID = p.Delivery.WebhookID, p.Webhook.OwnerID
	f.HadSlot, f.Trial = p.Limited(), a.Schedule.Trial(p.Webhook.FailuresInRow+1)
	if f.Plain() {
		f.RunID = r.first.run()
	}
	end.Result = f.Result
	a.record(p, end, f)
	f.Ago = time.Since(began)
	if err := a.finish(f); err != nil {
		return DeliverResult{}, fmt.Errorf("write down attempt %d: %w", used, err)
	}
	if !f.Status.Unfinished() {
		a.Metrics.Ended(f.Status)
	}
	if f.HadSlot && a.Wake != nil {
		a.Wake() // there is a place for the next one
	}
	switch {
	case f.Result.Outcome == hook.PutOff:
		return DeliverResult{DeliveryID: p.Delivery.ID, Outcome: Queued}, nil
	case f.Status == hook.Retrying:
		return DeliverResult{}, attemptFailed(used, result.Reason, f.Wait)
	}
	p.Last.Result = result
	return concluded(p, f.Status, f.Reason)
}

// request makes the request of an attempt, as a span.
func (a *Activities) request(ctx context.Context, p hook.Parcel, number int, timeout time.Duration) (result hook.Result, err error) {
	ctx, span := a.Traces.Attempt(ctx, &p, number)
	m := message(p, number, timeout)
	if a.HandTraces {
		m.TraceParent = cmp.Or(span.TraceParent(), p.Event.TraceParent)
	}
	result, err = a.Sender.Send(ctx, m)
	span.EndAttempt(&result)
	return result, err
}

// undo gives the number of an attempt back that failed for a reason of this
// process's own. A first attempt goes on with another workflow.
func (a *Activities) undo(p hook.Parcel, number int) (DeliverResult, error) {
	wait := a.Schedule.Shortest(rand.Float64())
	err := a.keep(func(ctx context.Context) error { return a.Ledger.Undo(ctx, p.Delivery, number, wait) })
	switch {
	case err != nil:
		return DeliverResult{}, fmt.Errorf("undo attempt %d: %w", number, err)
	case number == 1:
		return DeliverResult{DeliveryID: p.Delivery.ID, Outcome: Superseded}, nil
	}
	return DeliverResult{}, ownTrouble(fmt.Errorf("attempt %d failed for a reason of Godwit's own", number), wait)
}

// detached gives a context that ends with this process's attempts and not with ctx:
// Temporal ends an activity that is late, as after the process was frozen, while
// the answer lies there to be read.
func (a *Activities) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	detached, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	all := a.firsts.context()
	stop := context.AfterFunc(all, func() { cancel(context.Cause(all)) })
	return detached, func() {
		stop()
		cancel(nil)
	}
}

func message(p hook.Parcel, number int, timeout time.Duration) send.Message {
	w := p.Webhook
	w.Timeout = min(cmp.Or(w.Timeout, timeout), timeout)
	return send.Message{
		Webhook: w, Event: p.Event, Blue: p.Blue, Chat: p.Chat,
		DeliveryID: p.Delivery.ID, Attempt: number, Secrets: w.Secrets(p.Now),
	}
}
