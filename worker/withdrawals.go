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
)

// Leavers takes deliveries out of the queue that are not to be sent.
type Leavers interface {
	// Withdraw makes the next step of a withdrawal that is due; false = none is.
	Withdraw(ctx context.Context, lease time.Duration) (bool, error)
	// WithdrawUnowned makes withdrawals of what has no owner, and says how many.
	WithdrawUnowned(ctx context.Context) (int, error)
}

// Withdrawals makes the steps of what switches, deletions and lost memberships
// have left to be done. Any number of processes may do so.
type Withdrawals struct {
	Leavers Leavers
	Log     *zap.Logger
}

// Run makes steps until ctx ends.
func (w *Withdrawals) Run(ctx context.Context) {
	var look time.Time
	for ctx.Err() == nil {
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
	return w.Leavers.Withdraw(ctx, stepLease)
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
