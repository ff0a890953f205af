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
	// Forget removes up to limit rows of each kind that are kept no longer, and says
	// how many of the kind that had most.
	Forget(ctx context.Context, limit int) (int, error)
}

// Sweep removes what is kept no longer. Any number of processes may do so.
type Sweep struct {
	Outdated Outdated
	Log      *zap.Logger
}

// Run sweeps at the start and then every minute, until ctx ends.
func (s *Sweep) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := s.Outdated.Forget(ctx, sweepAtOnce)
		switch {
		case err != nil && ctx.Err() == nil:
			s.Log.Warn("what is kept no longer is removed later", zap.Error(err))
			wait(ctx, nil, sweepEvery)
		case n == sweepAtOnce:
			wait(ctx, nil, sweepPause)
		default:
			wait(ctx, nil, sweepEvery)
		}
	}
}
