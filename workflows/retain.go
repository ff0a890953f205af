package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
)

const (
	// RetentionSchedule is the id of the Temporal Schedule that starts Retain.
	RetentionSchedule = "retention"
	// retainID begins the ids of its workflows; Temporal adds the time.
	retainID = "retain"
	// retainEvery is how often a run begins. One that takes longer is not joined by
	// another.
	retainEvery = time.Hour
	// retainTimeout bounds one activity, which ends by itself after RetainFor and
	// the step that it is at.
	retainTimeout = activities.RetainFor + 2*time.Minute
	// retainHeartbeat is how soon another worker takes over from one that was lost.
	retainHeartbeat = time.Minute
)

// Retain removes what is kept no longer, until nothing is left to remove. It has
// no input: how long things are kept is a setting of the workers.
func Retain(ctx workflow.Context) (activities.RetainResult, error) {
	var out activities.RetainResult
	for n := 0; n < rounds && !workflow.GetInfo(ctx).GetContinueAsNewSuggested(); n++ {
		var did activities.RetainResult
		if err := workflow.ExecuteActivity(withRetain(ctx), RetainName).Get(ctx, &did); err != nil {
			return out, err
		}
		out.Removed += did.Removed
		if out.Done = did.Done; out.Done {
			return out, nil
		}
	}
	return out, workflow.NewContinueAsNewError(ctx, RetainName)
}

func withRetain(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: retainTimeout,
		HeartbeatTimeout:    retainHeartbeat,
		// It never gives up: only Godwit's own parts can make it fail.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 5 * time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:     "remove what is kept no longer",
	})
}

// EnsureSchedule makes the Temporal Schedule that starts Retain, or gives it the
// form that this build has for it. Whether someone has paused it stays as it is.
// A new one begins a run at once.
func EnsureSchedule(ctx context.Context, c client.Client) error {
	schedules := c.ScheduleClient()
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: RetentionSchedule, Spec: retentionSpec(), Action: retentionAction(), TriggerImmediately: true,
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: retainEvery, Note: retentionNote,
	})
	if err == nil || !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return scheduleError(err)
	}
	return scheduleError(schedules.GetHandle(ctx, RetentionSchedule).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := in.Description.Schedule
			spec := retentionSpec()
			schedule.Spec, schedule.Action = &spec, retentionAction()
			if schedule.Policy == nil {
				schedule.Policy = &client.SchedulePolicies{}
			}
			schedule.Policy.Overlap, schedule.Policy.CatchupWindow = enums.SCHEDULE_OVERLAP_POLICY_SKIP, retainEvery
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	}))
}

const retentionNote = "Removes what is older than GODWIT_RETENTION and GODWIT_AUDIT_RETENTION."

func retentionSpec() client.ScheduleSpec {
	return client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: retainEvery}}, Jitter: time.Minute}
}

func retentionAction() *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{ID: retainID, Workflow: RetainName, TaskQueue: TaskQueue, StaticSummary: "remove what is kept no longer"}
}

func scheduleError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("set up the Temporal Schedule %q: %w", RetentionSchedule, err)
}
