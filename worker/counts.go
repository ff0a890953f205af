package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// countEvery is how often it is looked for something to be counted.
	countEvery = time.Minute
	// foldAtOnce is how many counts of attempts one statement folds.
	foldAtOnce = 1000
)

// Counters keep what reports read instead of every row.
type Counters interface {
	// Count counts what was created in one stretch of time; more says that another
	// one may be over.
	Count(ctx context.Context) (more bool, err error)
	// FoldHealth folds up to limit counts of attempts, and says how many.
	FoldHealth(ctx context.Context, limit int) (int, error)
}

// Counts keeps counters up to date. Any number of processes may do so: each
// stretch of time and each count is taken by one.
type Counts struct {
	Counters Counters
	Log      *zap.Logger
}

// Run counts at the start and then every minute, until ctx ends.
func (c *Counts) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.all(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("what reports show was not counted; it is read instead until it is", zap.Error(err))
		}
		wait(ctx, nil, countEvery)
	}
}

// all counts everything that is over.
func (c *Counts) all(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = c.Counters.Count(ctx); err != nil {
			return err
		}
	}
	for n := foldAtOnce; n == foldAtOnce && ctx.Err() == nil; {
		var err error
		if n, err = c.Counters.FoldHealth(ctx, foldAtOnce); err != nil {
			return err
		}
		wait(ctx, nil, sweepPause)
	}
	return nil
}
