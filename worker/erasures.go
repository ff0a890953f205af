package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// eraseEvery is how often is looked for erasures that are due. The request that
// asks for one makes the first steps itself.
const eraseEvery = 5 * time.Second

// Erasures are made in steps.
type Erasures interface {
	// EraseStep makes one step of an erasure that is due, and says whether there was
	// one.
	EraseStep(ctx context.Context) (more bool, err error)
}

// Erase goes on with what is being expunged. Any number of processes may do so.
type Erase struct {
	Erasures Erasures
	Log      *zap.Logger
}

// Run makes steps until ctx ends, with a pause between them for others.
func (e *Erase) Run(ctx context.Context) {
	for ctx.Err() == nil {
		more, err := e.Erasures.EraseStep(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			e.Log.Warn("an erasure does not go on; it is tried again", zap.Error(err))
			wait(ctx, nil, eraseEvery)
		case more:
			wait(ctx, nil, sweepPause)
		default:
			wait(ctx, nil, eraseEvery)
		}
	}
}
