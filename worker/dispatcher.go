package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/ops"
	"godwit/workflows"
)

const (
	// batch is how many deliveries are claimed at once.
	batch = 64
	// takeAtOnce is how many first attempts are begun at once.
	takeAtOnce = 100
	// startsUnderWay bounds the calls to Temporal at one moment. More of them
	// only wait for one another in the server.
	startsUnderWay = 16
	// lease is how long a claim holds: far longer than a start takes.
	lease = 30 * time.Second
	// startTimeout bounds one start.
	startTimeout = 5 * time.Second
	// pollEvery is the longest that a delivery waits for a process that was not
	// woken: a notification was lost, or the delivery's time has come. A loop that has
	// found nothing for a while polls at quietPoll.
	pollEvery = 250 * time.Millisecond
	// longestPause bounds the pause between tries while Temporal is away.
	longestPause = 5 * time.Second
)

// Ledger gives out deliveries; it is a *store.Store. It is an interface because the
// dispatcher's tests run on virtual time, and a database has a clock that they can't set.
type Ledger interface {
	// Take begins the first attempts of due deliveries.
	Take(ctx context.Context, t hook.Take) (hook.Taken, error)
	// TakeQueued is Take for what waits for room in a process, by webhook.
	TakeQueued(ctx context.Context, t hook.Take, room map[string]int) (hook.Taken, error)
	// GiveBack undoes Take for attempts that are not made.
	GiveBack(ctx context.Context, deliveryIDs []string) error

	// Claim gives out what is due again.
	Claim(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error)
	// Unclaim makes claimed deliveries due again at once.
	Unclaim(ctx context.Context, deliveryIDs []string) error
	// Regenerate gives deliveries of one generation to new workflows. It passes over
	// what others have locked, and names it.
	Regenerate(ctx context.Context, deliveryIDs []string, generation int) (locked []string, err error)

	// Queued lists the webhooks of which something is queued.
	Queued(ctx context.Context) ([]hook.Queue, error)
	// TakeDrained begins first attempts of what is being released, up to so many of
	// each webhook, within the slots that Release gives to the rest.
	TakeDrained(ctx context.Context, t hook.Take, room map[string]int) (hook.Taken, error)
	// Release gives slots that are free to queued deliveries, and gives these out.
	Release(ctx context.Context, t hook.Take) ([]hook.Claim, error)

	// Carried notes which workflows carry deliveries.
	Carried(ctx context.Context, all []hook.Carried) error
}

// Starter starts workflows in Temporal; it is a *workflows.Client.
type Starter interface {
	// StartDeliver gives the run. The error is workflows.ErrClosed when this
	// workflow has ended before, workflows.ErrRefused when it can't be started as
	// it is.
	StartDeliver(ctx context.Context, claim hook.Claim) (runID string, err error)
	// StartBatch starts one workflow for all, and gives the batch's name. Where it
	// has ended before that is no error.
	StartBatch(ctx context.Context, claims []hook.Claim) (batch, runID string, err error)
}

// Dispatcher takes due deliveries, makes their first attempts, and starts their
// workflows. Every field but Ingests, Ready, Wake, WakeQueues and Repaired must be set.
type Dispatcher struct {
	Ledger  Ledger
	Starter Starter
	// Attempts makes first attempts in this process.
	Attempts activities.Firsts
	// Ingests hands over the first attempts that ingests of this process begin; nil =
	// they begin none.
	Ingests *inflight.Handover
	// Ready says whether Temporal can be asked for workflows; nil = always. First
	// attempts are made in any case.
	Ready func() bool
	// Alone: no two deliveries share a workflow, however fast they come.
	Alone bool
	// Timeout bounds an attempt of a webhook without its own timeout.
	Timeout time.Duration
	// Wake says that there is something due for the first time, WakeQueues that what is
	// queued may have room; nil = only time does.
	Wake, WakeQueues <-chan struct{}
	// Repaired is called for each overdue delivery that is repaired; nil = nobody
	// counts them.
	Repaired func()
	Log      *zap.Logger

	starts starts
	rest   chan []hook.Claim
	behind backlog

	mu     sync.RWMutex
	begins context.Context // of those that Begin is given; nil = it never ran
}

// source gives out deliveries whose workflows are to be started; waiting says that
// something waited, given out or not, and more that there may be something left to give.
type source func(ctx context.Context, limit int) (claims []hook.Claim, waiting, more bool, err error)

// Run dispatches until ctx ends, and returns when no start is under way. What is
// due for the first time, what is due again and what is queued have a loop each,
// so that none waits for the others.
func (d *Dispatcher) Run(ctx context.Context) {
	d.rest = make(chan []hook.Claim, 1)
	d.open(ctx)
	queued := make(chan struct{}, 1)
	var group sync.WaitGroup
	group.Go(func() { d.takeDue(ctx, queued) })
	group.Go(func() { d.startRest(ctx) })
	group.Go(func() { d.drain(ctx, d.again, nil) })
	group.Go(func() { d.drain(ctx, d.queued, queued) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-d.WakeQueues:
			nudge(queued)
		}
	}
	group.Wait()
	d.mu.Lock() // since ctx has ended, Begin adds nothing any more
	last := &d.starts.group
	d.mu.Unlock()
	last.Wait()
}

func (d *Dispatcher) ready() bool { return d.Ready == nil || d.Ready() }

// nudge wakes who waits for c; many at once are one.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// drain starts what a source gives out until ctx ends.
func (d *Dispatcher) drain(ctx context.Context, take source, wake <-chan struct{}) {
	pause := time.Duration(0)
	complaints := ops.NewComplaints(d.Log, "dispatching pauses")
	var rest idle
	for ctx.Err() == nil {
		limit := batch
		if pause > 0 {
			limit = 1 // one try says whether Temporal is back
		}
		claims, waiting, more, err := take(ctx, limit)
		if err == nil {
			err = d.start(ctx, claims)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(max(2*pause, pollEvery), longestPause)
			complaints.Add(err)
			wait(ctx, nil, pause)
		case !more:
			complaints.Over()
			wait(ctx, wake, rest.after(waiting))
			pause = 0
		default:
			complaints.Over()
			pause = 0
		}
	}
}

// wait returns after d, when woken, or when ctx ends.
func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// again gives out what is due again. What only lacks a workflow need not have
// one of its own.
func (d *Dispatcher) again(ctx context.Context, limit int) (rest []hook.Claim, waiting, more bool, err error) {
	limit = min(limit, d.starts.room())
	if limit == 0 || !d.ready() {
		return nil, true, false, nil
	}
	claims, err := d.Ledger.Claim(ctx, limit, lease)
	for _, c := range claims {
		if c.Finished {
			d.starts.add(ctx, toStart{claim: c})
		} else {
			rest = append(rest, c)
		}
	}
	return rest, len(claims) > 0, len(claims) == limit, err
}

// start starts the workflows of the claims side by side. Those that could not
// be started are given back; the error is the cause of one of them.
func (d *Dispatcher) start(ctx context.Context, claims []hook.Claim) error {
	var (
		slots  = make(chan struct{}, startsUnderWay)
		group  sync.WaitGroup
		mu     sync.Mutex
		failed []string
		cause  error
	)
	for _, claim := range claims {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := d.one(ctx, claim); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, claim.DeliveryID)
				cause = err
			}
		})
	}
	group.Wait()
	if failed == nil {
		return nil
	}
	// Also while stopping: another process should not have to wait for the lease.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	return errors.Join(cause, d.Ledger.Unclaim(ctx, failed))
}

// repair gives a delivery to a new workflow whose own one runs, but waits for longer
// than the schedule says: after trouble of Godwit's own, or of Temporal's.
func (d *Dispatcher) repair(ctx context.Context, claim hook.Claim) error {
	d.Log.Info("an overdue delivery gets a new workflow", zap.String("delivery_id", claim.DeliveryID), zap.Int("generation", claim.Generation))
	if d.Repaired != nil {
		d.Repaired()
	}
	return d.regenerate(ctx, claim)
}

// regenerate gives a delivery to a new workflow. While others have it locked that fails,
// and the claim is given back.
func (d *Dispatcher) regenerate(ctx context.Context, claim hook.Claim) error {
	locked, err := d.Ledger.Regenerate(ctx, []string{claim.DeliveryID}, claim.Generation)
	if err == nil && len(locked) > 0 {
		err = hook.LockedDelivery(claim.DeliveryID)
	}
	return err
}

// one starts the workflow of one claim. A workflow that is closed while its
// delivery is unfinished was lost: the delivery gets a new one.
func (d *Dispatcher) one(ctx context.Context, claim hook.Claim) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	runID, err := d.Starter.StartDeliver(ctx, claim)
	switch {
	case err == nil && claim.Overdue && runID == claim.RunID:
		return d.repair(ctx, claim)
	case errors.Is(err, workflows.ErrRefused):
		// Not to be had by waiting, and no reason to hold up the others: it is
		// tried again when its lease is over.
		d.Log.Error("a delivery's workflow can't be started", zap.String("delivery_id", claim.DeliveryID), zap.Error(err))
		return nil
	case !errors.Is(err, workflows.ErrClosed):
		return err
	}
	d.Log.Warn("a delivery's workflow is gone, it gets a new one",
		zap.String("delivery_id", claim.DeliveryID), zap.Int("generation", claim.Generation))
	return d.regenerate(ctx, claim)
}
