package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/workflows"
)

// scheduleTimeout bounds one try to set up the Temporal Schedule.
const scheduleTimeout = 10 * time.Second

// ensureSchedule sets up the Temporal Schedule of the retention, until it is
// there or ctx ends. Every session does so: a namespace that was lost comes back
// without it. Deliveries don't wait for it.
func (w *Worker) ensureSchedule(ctx context.Context) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		err := w.trySchedule(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		w.Log.Warn("the removal of old rows is not scheduled yet", zap.Error(err), zap.Duration("pause", pause))
		wait(ctx, nil, pause)
	}
}

func (w *Worker) trySchedule(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scheduleTimeout)
	defer cancel()
	return workflows.EnsureSchedule(ctx, w.Temporal)
}
