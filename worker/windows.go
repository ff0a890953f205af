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

// WindowClaims gives out the windows of combinations in which something has
// happened, or should have.
type WindowClaims interface {
	ClaimWindows(ctx context.Context, limit int, lease time.Duration) ([]hook.WindowClaim, error)
	// UnclaimWindows makes claimed windows due again at once.
	UnclaimWindows(ctx context.Context, claims []hook.WindowClaim) error
}

// Nudger tells the workflow of a window that something has happened in it.
type Nudger interface {
	// NudgeCombine is workflows.ErrRefused when Temporal will never take it.
	NudgeCombine(ctx context.Context, claim hook.WindowClaim) error
}

// Windows takes due windows and tells their workflows, which it starts where
// they don't run: a window whose workflow is gone comes to life again.
type Windows struct {
	Claims WindowClaims
	Nudger Nudger
	// Wake says that there is something due; nil = only time does.
	Wake <-chan struct{}
	Log  *zap.Logger
}

// Run tells workflows until ctx ends, and returns when no call is under way.
func (w *Windows) Run(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		limit := batch
		if pause > 0 {
			limit = 1 // one try says whether Temporal is back
		}
		told, err := w.round(ctx, limit)
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(max(2*pause, pollEvery), longestPause)
			w.Log.Warn("following combinations pauses", zap.Error(err), zap.Duration("pause", pause))
			wait(ctx, nil, pause)
		case told < limit:
			pause = 0
			wait(ctx, w.Wake, pollEvery)
		default:
			pause = 0
		}
	}
}

// round tells the workflows of up to limit windows and says how many were due.
func (w *Windows) round(ctx context.Context, limit int) (int, error) {
	claims, err := w.Claims.ClaimWindows(ctx, limit, lease)
	if err != nil {
		return 0, err
	}
	failed, cause := w.tell(ctx, claims)
	if failed == nil {
		return len(claims), nil
	}
	// Also while stopping: another process should not have to wait for the lease.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	return len(claims), errors.Join(cause, w.Claims.UnclaimWindows(ctx, failed))
}

// tell tells the workflows side by side. It gives the windows of those that
// could not be told, with the cause of one of them.
func (w *Windows) tell(ctx context.Context, claims []hook.WindowClaim) (failed []hook.WindowClaim, cause error) {
	slots := make(chan struct{}, startsUnderWay)
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, claim := range claims {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := w.one(ctx, claim); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed, cause = append(failed, claim), err
			}
		})
	}
	group.Wait()
	return failed, cause
}

func (w *Windows) one(ctx context.Context, claim hook.WindowClaim) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := w.Nudger.NudgeCombine(ctx, claim)
	if errors.Is(err, workflows.ErrRefused) {
		// Not to be had by waiting: it is tried again when its lease is over.
		w.Log.Error("the workflow of a combination can't be told", zap.Int64("rule_id", claim.RuleID), zap.String("key", claim.Key), zap.Error(err))
		return nil
	}
	return err
}
