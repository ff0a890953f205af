package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/workflows"
)

const (
	// batch is how many deliveries are claimed at once.
	batch = 64
	// startsUnderWay bounds the calls to Temporal at one moment. More of them
	// only wait for one another in the server.
	startsUnderWay = 16
	// lease is how long a claim holds: far longer than a start takes.
	lease = 30 * time.Second
	// startTimeout bounds one start.
	startTimeout = 5 * time.Second
	// pollEvery is the longest that a delivery waits for a process that was not
	// woken, be it for a lost notification or because its time has come.
	pollEvery = 250 * time.Millisecond
	// longestPause bounds the pause between tries while Temporal is away.
	longestPause = 5 * time.Second
)

// Claims gives out the due deliveries of the ledger.
type Claims interface {
	Claim(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error)
	// Unclaim makes claimed deliveries due again at once.
	Unclaim(ctx context.Context, deliveryIDs []string) error
	// Regenerate gives a delivery to a new workflow.
	Regenerate(ctx context.Context, deliveryID string, generation int) error
}

// Queues holds the deliveries to webhooks with limits.
type Queues interface {
	// Release gives places that are free to queued deliveries, and gives these out.
	Release(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error)
}

// Starter starts workflows.
type Starter interface {
	// StartDeliver is workflows.ErrClosed when this workflow has ended before,
	// workflows.ErrRefused when it can't be started as it is.
	StartDeliver(ctx context.Context, claim hook.Claim) error
}

// Dispatcher takes due deliveries and starts their workflows.
type Dispatcher struct {
	Claims  Claims
	Queues  Queues
	Starter Starter
	// Wake says that there is something due; nil = only time does.
	Wake <-chan struct{}
	Log  *zap.Logger
}

// source gives out deliveries whose workflows are to be started.
type source func(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error)

// Run dispatches until ctx ends, and returns when no start is under way. What
// is due and what is queued have a loop each, so that neither waits for the other.
func (d *Dispatcher) Run(ctx context.Context) {
	due, queued := make(chan struct{}, 1), make(chan struct{}, 1)
	var group sync.WaitGroup
	group.Go(func() { d.drain(ctx, d.Claims.Claim, due) })
	group.Go(func() { d.drain(ctx, d.Queues.Release, queued) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-d.Wake:
			nudge(due)
			nudge(queued)
		}
	}
	group.Wait()
}

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
	for ctx.Err() == nil {
		limit := batch
		if pause > 0 {
			limit = 1 // one try says whether Temporal is back
		}
		claims, err := take(ctx, limit, lease)
		if err == nil {
			err = d.start(ctx, claims)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(max(2*pause, pollEvery), longestPause)
			d.Log.Warn("dispatching pauses", zap.Error(err), zap.Duration("pause", pause))
			wait(ctx, nil, pause)
		case len(claims) < limit:
			wait(ctx, wake, pollEvery)
			pause = 0
		default:
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
	return errors.Join(cause, d.Claims.Unclaim(ctx, failed))
}

// one starts the workflow of one claim. A workflow that is closed while its
// delivery is unfinished was lost: the delivery gets a new one.
func (d *Dispatcher) one(ctx context.Context, claim hook.Claim) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := d.Starter.StartDeliver(ctx, claim)
	switch {
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
	return d.Claims.Regenerate(ctx, claim.DeliveryID, claim.Generation)
}
