package activities

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"godwit/internal/hook"
)

// DeliverBatchInput names deliveries whose first attempts are made side by side.
type DeliverBatchInput struct {
	DeliveryIDs []string
	// AttemptTimeout bounds one attempt.
	AttemptTimeout time.Duration
}

// DeliverBatchResult is the outcome of the deliveries of a batch, for a person
// who reads the history.
type DeliverBatchResult struct {
	// Outcomes counts as in DeliverResult, and those of OnTheirOwn as such.
	Outcomes map[string]int
	// OnTheirOwn go on in workflows of their own: their first attempts failed or
	// were lost.
	OnTheirOwn []string `json:",omitempty"`
}

// ledgerReaders is how many deliveries of a batch ask the ledger at one moment.
const ledgerReaders = 8

// onTheirOwn is the outcome of a delivery that goes on in its own workflow.
const onTheirOwn = "goes on in a workflow of its own"

// DeliverBatch waits for the first attempts of deliveries that this process
// makes. Each that fails is given to its own workflow at once, whatever the
// others do. So is each that this process knows nothing of, unless it is done:
// the process that began its attempt may be gone.
func (a *Activities) DeliverBatch(ctx context.Context, in DeliverBatchInput) (DeliverBatchResult, error) {
	result := DeliverBatchResult{Outcomes: map[string]int{}}
	var mu sync.Mutex
	var group sync.WaitGroup
	var failed []error
	asking := make(chan struct{}, ledgerReaders)
	for _, id := range in.DeliveryIDs {
		first := a.firsts.adopt(id, 1)
		group.Go(func() {
			outcome, err := a.member(ctx, DeliverInput{DeliveryID: id, Generation: 1, AttemptTimeout: in.AttemptTimeout}, first, asking)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			result.Outcomes[outcome]++
			if outcome == onTheirOwn {
				result.OnTheirOwn = append(result.OnTheirOwn, id)
			}
		})
	}
	group.Wait()
	if len(result.OnTheirOwn) > 0 && a.Wake != nil {
		a.Wake()
	}
	slices.Sort(result.OnTheirOwn)
	return result, errors.Join(failed...)
}

// member says the outcome of one delivery. first is nil where this process does
// not make its attempt.
func (a *Activities) member(ctx context.Context, in DeliverInput, first *First, asking chan struct{}) (string, error) {
	if first != nil {
		result, err := first.wait(ctx)
		if err == nil || ctx.Err() != nil {
			return result.Outcome, err
		}
	} else {
		asking <- struct{}{}
		defer func() { <-asking }()
		outcome, err := a.recorded(ctx, in)
		if outcome != "" || err != nil {
			return outcome, err
		}
	}
	d := &departure{id: in.DeliveryID, since: time.Now(), written: make(chan error, 1)}
	a.leaving.add("", d, a.depart)
	return onTheirOwn, <-d.written
}

// departure is a delivery of a batch that goes on in its own workflow.
type departure struct {
	id      string
	since   time.Time
	locked  time.Duration // the last pause for a lock
	written chan error
}

// depart gives each delivery to its own workflow. One that others have locked is
// tried again, and delays no other.
func (a *Activities) depart(all []*departure) {
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.id
	}
	ctx, cancel := context.WithTimeout(a.firsts.context(), finishWithin)
	defer cancel()
	locked, err := a.Ledger.Regenerate(ctx, ids, 1)
	for _, d := range all {
		switch {
		case !slices.Contains(locked, d.id):
			d.written <- err
		case time.Since(d.since) > finishWithin:
			d.written <- hook.LockedDelivery(d.id)
		default:
			d.locked = nextPause(d.locked)
			time.AfterFunc(d.locked, func() { a.leaving.add("", d, a.depart) })
		}
	}
}

// recorded is the outcome that the ledger has; empty = there is something left
// to do for this generation.
func (a *Activities) recorded(ctx context.Context, in DeliverInput) (string, error) {
	if err := a.underWay.wait(ctx, in.DeliveryID); err != nil {
		return "", err
	}
	p, err := a.Ledger.Parcel(ctx, in.DeliveryID)
	if hook.CodeOf(err) == hook.CodeNotFound {
		return Missing, nil
	}
	if err != nil {
		return "", err
	}
	switch d := hook.Decide(p, in.Generation); d.Step {
	case hook.StepDone:
		return string(d.Status), nil
	case hook.StepSuperseded:
		return Superseded, nil
	}
	return "", nil
}
