package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/internal/ops"
	"godwit/workflows"
)

// errClaim is the error of what fails whenever it is tried, while the others don't.
var errClaim = errors.New("this one can't be done")

// loop takes what is due and tells the workflows of it, which are started where they
// don't run: what has lost its workflow comes to life again. Windows of combinations are
// advanced instead.
type loop[C any] struct {
	// what names the claims in the log.
	what    string
	claim   func(ctx context.Context, limit int, lease time.Duration) ([]C, error)
	unclaim func(ctx context.Context, claims []C) error
	// tell is workflows.ErrRefused when Temporal will never take it, or errClaim.
	tell func(ctx context.Context, claim C) error
	// name tells in the log which claim it was.
	name func(claim C) []zap.Field
	// wake says that there is something due; nil = only time does.
	wake <-chan struct{}
	log  *zap.Logger
}

// run tells workflows until ctx ends, and returns when no call is under way.
func (l *loop[C]) run(ctx context.Context) {
	pause := time.Duration(0)
	complaints := ops.NewComplaints(l.log.With(zap.String("of", l.what)), "what is due pauses")
	var rest idle
	for ctx.Err() == nil {
		limit := batch
		if pause > 0 {
			limit = 1 // one try says whether Temporal is back
		}
		told, err := l.round(ctx, limit)
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(max(2*pause, pollEvery), longestPause)
			complaints.Add(err)
			wait(ctx, nil, pause)
		case told < limit:
			complaints.Over()
			pause = 0
			wait(ctx, l.wake, rest.after(told > 0))
		default:
			complaints.Over()
			pause = 0
		}
	}
}

const (
	// quietPoll is the poll of a loop that has found nothing so many times: a process
	// that has nothing to do costs its database little.
	quietPoll  = time.Second
	quietAfter = 20
)

// idle counts the looks of a loop that have found nothing. The zero value is ready.
type idle struct{ looks int }

// after gives the time until the next look, after one that found something or not.
func (i *idle) after(found bool) time.Duration {
	if found {
		i.looks = 0
	}
	if i.looks >= quietAfter {
		return quietPoll
	}
	i.looks++
	return pollEvery
}

// round tells the workflows of up to limit claims and says how many were due.
func (l *loop[C]) round(ctx context.Context, limit int) (int, error) {
	claims, err := l.claim(ctx, limit, lease)
	if err != nil {
		return 0, err
	}
	failed, cause := l.all(ctx, claims)
	if failed == nil {
		return len(claims), nil
	}
	// Also while stopping: another process should not have to wait for the lease.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	return len(claims), errors.Join(cause, l.unclaim(ctx, failed))
}

// all tells the workflows side by side. It gives the claims of those that could
// not be told, with the cause of one of them.
func (l *loop[C]) all(ctx context.Context, claims []C) (failed []C, cause error) {
	slots := make(chan struct{}, startsUnderWay)
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, claim := range claims {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := l.one(ctx, claim); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed, cause = append(failed, claim), err
			}
		})
	}
	group.Wait()
	return failed, cause
}

func (l *loop[C]) one(ctx context.Context, claim C) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := l.tell(ctx, claim)
	if errors.Is(err, workflows.ErrRefused) || errors.Is(err, errClaim) {
		// Not to be had by waiting: it is tried again when its lease is over.
		l.log.Error("what is due can't be done, it is tried again", append(l.name(claim), zap.String("of", l.what), zap.Error(err))...)
		return nil
	}
	return err
}
