package send

import (
	"context"
	"time"
)

const (
	// lateAfter is how much later than it was set a timer fires where the process
	// was frozen, or got no CPU; anotherMoment is what an attempt gets then.
	lateAfter     = 2 * time.Second
	anotherMoment = time.Second
)

// within gives the context of an attempt: it ends, with errTimeUp, after limit.
// When the process was frozen over that end, answers may lie in the sockets that
// came in time and that nobody could read: they get another moment.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	limited, cancel := context.WithCancelCause(ctx)
	end := time.Now().Add(limit)
	timer := time.AfterFunc(limit, func() { timeUp(limited, cancel, end) })
	return limited, func() {
		timer.Stop()
		cancel(nil)
	}
}

func timeUp(limited context.Context, cancel context.CancelCauseFunc, end time.Time) {
	if time.Since(end) < lateAfter {
		cancel(errTimeUp)
		return
	}
	end = time.Now().Add(anotherMoment)
	timer := time.AfterFunc(anotherMoment, func() { timeUp(limited, cancel, end) })
	context.AfterFunc(limited, func() { timer.Stop() })
}
