package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// tendEvery is how often is looked for listeners whose streams have ended. It is
	// what a listener may go on to count as listening beyond its grace.
	tendEvery = 3 * time.Second
	// tendAtOnce is how many one look takes.
	tendAtOnce = 100
)

// Tended are listeners.
type Tended interface {
	// TendListeners has up to limit listeners hold what matches, or removes them,
	// because their streams have ended, and says at how many it looked.
	TendListeners(ctx context.Context, limit int) (int, error)
}

// Listeners looks after listeners whose streams have ended. Any number of processes
// may do so.
type Listeners struct {
	Tended Tended
	Log    *zap.Logger
}

// Run looks after them until ctx ends.
func (l *Listeners) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := l.Tended.TendListeners(ctx, tendAtOnce)
		if err != nil && ctx.Err() == nil {
			l.Log.Warn("listeners without a stream are looked at again later", zap.Error(err))
		}
		if err != nil || n < tendAtOnce {
			wait(ctx, nil, tendEvery)
		}
	}
}
