package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// sweepEvery is how long something may stay that is kept no longer.
	sweepEvery = time.Minute
	// sweepAtOnce is how many rows one statement removes, and sweepPause what
	// others get of the database in between.
	sweepAtOnce = 1000
	sweepPause  = 100 * time.Millisecond
)

// Outdated is what is kept for a time.
type Outdated interface {
	// ForgetAnswers removes up to limit answers to requests with an idempotency key
	// that are kept no longer, and says how many.
	ForgetAnswers(ctx context.Context, limit int) (int, error)
}

// Sweep removes what is kept no longer. Any number of processes may do so.
type Sweep struct {
	Outdated Outdated
	Log      *zap.Logger
}

// Run sweeps at the start and then every minute, until ctx ends.
func (s *Sweep) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := s.Outdated.ForgetAnswers(ctx, sweepAtOnce)
		switch {
		case err != nil && ctx.Err() == nil:
			s.Log.Warn("the answers that are kept no longer were not removed", zap.Error(err))
			wait(ctx, nil, sweepEvery)
		case n == sweepAtOnce:
			wait(ctx, nil, sweepPause)
		default:
			wait(ctx, nil, sweepEvery)
		}
	}
}
