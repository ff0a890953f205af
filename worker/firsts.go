package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/ops"
)

const (
	// roomAgain is when a process without room for a first attempt looks again.
	roomAgain = 5 * time.Millisecond
	// What is due while at least takeMany are begun at once is left takeApart to become
	// more, so that it shares a statement: the numbers are those of the ingest (intake's
	// gatherMany) and of the ends of attempts (activities' finishMany).
	takeMany  = 5
	takeApart = 5 * time.Millisecond
)

// takeDue begins what is due for the first time, until ctx ends, and wakes whoever
// gives out what it had to queue. It does not need Temporal: a first attempt is made
// whether its workflow can be started or not.
func (d *Dispatcher) takeDue(ctx context.Context, queued chan<- struct{}) {
	pause := time.Duration(0)
	complaints := ops.NewComplaints(d.Log, "beginning attempts pauses")
	var rest idle
	for ctx.Err() == nil {
		take := d.take(d.Attempts.Room())
		if take.Limit == 0 || len(take.Behind) > 0 {
			wait(ctx, nil, roomAgain)
			continue
		}
		take.Limit = min(take.Limit, takeAtOnce)
		taken, err := d.Ledger.Take(ctx, take)
		d.behind.note(taken, err != nil, taken.Len() == take.Limit)
		err = errors.Join(err, d.begin(ctx, taken.Begun))
		d.leave(taken.Rest)
		if taken.Queued > 0 {
			nudge(queued)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(max(2*pause, pollEvery), longestPause)
			complaints.Add(err)
			wait(ctx, nil, pause)
		case taken.Len() < take.Limit:
			pause = 0
			complaints.Over()
			if taken.Len() >= takeMany {
				wait(ctx, nil, takeApart)
			}
			wait(ctx, d.Wake, rest.after(taken.Len() > 0))
		default:
			pause = 0
			complaints.Over()
		}
	}
}

func (d *Dispatcher) take(t hook.Take) hook.Take {
	t.Timeout, t.Margin, t.Lease = d.Timeout, activities.RecordingMargin, lease
	return t
}

// open lets Begin begin attempts until ctx ends.
func (d *Dispatcher) open(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.starts = starts{starter: d.Starter, ledger: d.Ledger, ready: d.ready, alone: d.Alone, log: d.Log, quiet: rate.NewLimiter(alonePerSecond, alonePerSecond)}
	d.behind.note(hook.Taken{}, true, true)
	d.begins = ctx
	d.Ingests.Open(d.Room, d.Begin)
}

// Room says what an ingest of this process may begin: nothing of owners of whom
// older deliveries wait, or while the dispatcher does not run. It is safe for
// concurrent use, as is Begin.
func (d *Dispatcher) Room() hook.Take {
	d.mu.RLock()
	defer d.mu.RUnlock()
	owners, all := d.behind.list()
	if d.begins == nil || d.begins.Err() != nil || all {
		return hook.Take{}
	}
	t := d.take(d.Attempts.Room())
	t.Behind = append(t.Behind, owners...)
	return t
}

// Begin makes attempts that an ingest has begun in the room that it found. Where
// the dispatcher has stopped in the meantime it gives them back.
func (d *Dispatcher) Begin(begun []hook.Parcel) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if err := d.begin(d.begins, begun); err != nil {
		d.Log.Warn("give back what an ingest began", zap.Int("deliveries", len(begun)), zap.Error(err)) // it will be found lost
	}
}

// begin makes attempts that were begun by their claim, and has their workflows
// started. While stopping they are given back instead.
func (d *Dispatcher) begin(ctx context.Context, begun []hook.Parcel) error {
	if ctx.Err() == nil {
		for _, p := range begun {
			d.starts.add(ctx, toStart{hook.ClaimOf(p), d.Attempts.First(p)})
		}
		return nil
	}
	if len(begun) == 0 {
		return nil
	}
	ids := make([]string, len(begun))
	for i, p := range begun {
		ids[i] = p.Delivery.ID
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	return d.Ledger.GiveBack(ctx, ids)
}

// queued begins and gives out what waits in queues. What its webhook's limits had
// wait is carried by workflows alone.
func (d *Dispatcher) queued(ctx context.Context, limit int) (claims []hook.Claim, waiting, more bool, err error) {
	webhooks, err := d.Ledger.Queued(ctx)
	if err != nil || len(webhooks) == 0 {
		return nil, false, false, err
	}
	begun, drained, err := d.beginQueued(ctx, webhooks)
	if err != nil {
		return nil, true, false, err
	}
	room := d.take(d.Attempts.Room())
	room.Limit = min(room.Limit, limit)
	if !d.ready() || room.Limit == 0 {
		return nil, true, begun, nil
	}
	// What is drained gives slots back all the time: where its oldest can all be begun
	// here, the next ones are too, and have no workflow for themselves.
	room.Crowded = append(room.Crowded, drained...)
	claims, err = d.Ledger.Release(ctx, room)
	return claims, true, begun || len(claims) == room.Limit, err
}

// beginQueued begins first attempts of what waits in queues, or was held and is being
// released; begun says that there were some, drained of which webhooks Release has
// nothing to give out.
func (d *Dispatcher) beginQueued(ctx context.Context, webhooks []hook.Queue) (begun bool, drained []string, err error) {
	take := func(ask func(context.Context, hook.Take, map[string]int) (hook.Taken, error), webhooks []hook.Queue) (taken hook.Taken, err error) {
		plan := d.Attempts.Plan(takeAtOnce, webhooks)
		if len(plan) == 0 {
			return taken, nil
		}
		taken, err = ask(ctx, d.take(hook.Take{Limit: takeAtOnce}), plan)
		d.leave(taken.Rest)
		return taken, errors.Join(err, d.begin(ctx, taken.Begun))
	}
	queued, err := take(d.Ledger.TakeQueued, webhooks)
	if err != nil {
		return false, nil, err
	}
	released, err := take(d.Ledger.TakeDrained, slices.DeleteFunc(slices.Clone(webhooks), func(q hook.Queue) bool { return !q.Drains }))
	return len(queued.Begun)+len(released.Begun) > 0, released.Drained, err
}

// leave has the workflows of deliveries started of which something is wrong: they
// will see what. What there is no time for is due again when its lease is over.
func (d *Dispatcher) leave(rest []hook.Claim) {
	if len(rest) == 0 {
		return
	}
	select {
	case d.rest <- rest:
	default:
	}
}

func (d *Dispatcher) startRest(ctx context.Context) {
	complaints := ops.NewComplaints(d.Log, "starting workflows pauses")
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case rest := <-d.rest:
			if !d.ready() {
				continue // it is due again when its lease is over
			}
			if err := d.start(ctx, rest); err != nil && ctx.Err() == nil {
				complaints.Add(err)
				wait(ctx, nil, longestPause)
			} else {
				complaints.Over()
			}
		}
	}
}
