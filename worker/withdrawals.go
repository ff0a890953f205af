package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// stepLease is when a withdrawal whose step has failed or was cut off is tried
	// again; stepTimeout bounds the step.
	stepLease   = 30 * time.Second
	stepTimeout = 20 * time.Second
	// longestRest bounds the rest after a step: as long as the step took, so that
	// what else uses the database keeps half of the time.
	longestRest = time.Second
	// unownedEvery is how often a process looks for what nothing would send or end.
	unownedEvery = time.Minute
	// expireEvery is how often a process looks for what waits for too long. So long
	// such a delivery may be listed as waiting, which no attempt is made of.
	expireEvery = 2 * time.Second
)

// Leavers takes deliveries out of the queue that are not to be sent.
type Leavers interface {
	// Withdraw makes the next step of a withdrawal that is due; false = none is.
	Withdraw(ctx context.Context, lease time.Duration) (bool, error)
	// WithdrawUnowned makes withdrawals of what has no owner, and says how many.
	WithdrawUnowned(ctx context.Context) (int, error)
	// Expire ends what waits for too long, and says how many; more = there may be
	// others.
	Expire(ctx context.Context) (n int, more bool, err error)
}

// Cancellations carries out cancellations of many deliveries.
type Cancellations interface {
	// CancelNext makes the next step of one that is due; false = none is.
	CancelNext(ctx context.Context, lease time.Duration) (bool, error)
}

// Withdrawals makes the steps of what switches, deletions and lost memberships
// have left to be done, and of cancellations of many, and ends what waits for too
// long. Any number of processes may do so.
type Withdrawals struct {
	Leavers       Leavers
	Cancellations Cancellations
	Log           *zap.Logger
}

// Run makes steps until ctx ends.
func (w *Withdrawals) Run(ctx context.Context) {
	var look, expired time.Time
	for ctx.Err() == nil {
		if time.Since(expired) >= expireEvery && !w.expire(ctx) {
			expired = time.Now()
		}
		if time.Since(look) >= unownedEvery {
			w.repair(ctx)
			look = time.Now()
		}
		began := time.Now()
		made, err := w.step(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			w.Log.Warn("a step that holds or cancels deliveries has failed, it is made again", zap.Error(err))
			wait(ctx, nil, longestPause)
		case made:
			wait(ctx, nil, min(time.Since(began), longestRest))
		default:
			wait(ctx, nil, pollEvery)
		}
	}
}

func (w *Withdrawals) step(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	made, err := w.Leavers.Withdraw(ctx, stepLease)
	if made || err != nil {
		return made, err
	}
	return w.Cancellations.CancelNext(ctx, stepLease)
}

// expire makes one step of ending what waits for too long, and says whether there
// may be more of it.
func (w *Withdrawals) expire(ctx context.Context) (more bool) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	n, more, err := w.Leavers.Expire(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		w.Log.Warn("look for deliveries that have waited for too long", zap.Error(err))
	case n > 0:
		w.Log.Info("deliveries have waited longer than their webhooks allow and are not sent", zap.Int("deliveries", n))
	}
	return more
}

// repair looks for what nothing would send or end. There should be none.
func (w *Withdrawals) repair(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	n, err := w.Leavers.WithdrawUnowned(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		w.Log.Warn("look for deliveries without an owner", zap.Error(err))
	case n > 0:
		w.Log.Warn("webhooks that are off or deleted had deliveries waiting, which are now held or cancelled", zap.Int("webhooks", n))
	}
}
