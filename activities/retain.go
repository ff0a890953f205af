package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.uber.org/zap"

	"godwit/internal/hook"
)

// RetainFor bounds one activity: the workflow begins the next one, so that a
// worker that stops hands the run over soon.
const RetainFor = time.Minute

// RetainResult is what one activity did.
type RetainResult struct {
	// Removed counts rows.
	Removed int
	// Done says that the run has gone through everything.
	Done bool
}

// Retain removes in small steps what is kept no longer, for up to RetainFor, or until
// the worker stops. How long things are kept is this process's setting, so that a
// longer one takes effect with the restart and no older run removes more. Where a run
// stands is in the database alone.
func (a *Activities) Retain(ctx context.Context) (RetainResult, error) {
	var out RetainResult
	pace := hook.FirstRetentionPace()
	for began := time.Now(); time.Since(began) < RetainFor; {
		at := time.Now()
		step, err := a.Steps.RetentionStep(ctx, a.Keep, pace.Limit)
		if err != nil {
			return out, a.retainFailed(ctx, err)
		}
		out.Removed += step.Removed
		if out.Done = step.Done; out.Done {
			return out, nil
		}
		activity.RecordHeartbeat(ctx)
		pace = pace.After(step, time.Since(at))
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-activity.GetWorkerStopChannel(ctx):
			return out, nil // another worker goes on
		case <-time.After(pace.Pause):
		}
	}
	return out, nil
}

// retainFailed keeps the problem where people look for it, if the database takes it.
func (a *Activities) retainFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	a.Log.Warn("the removal of old rows does not go on; it is tried again", zap.Error(err))
	_ = a.Steps.RetentionFailed(ctx, err.Error()) // it is in the log, too
	return err
}
