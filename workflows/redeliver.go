package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
	"godwit/internal/hook"
)

// RedeliverInput is the input of the workflow Redeliver: a redelivery of many.
type RedeliverInput struct {
	// RedeliveryID has the name in JSON that histories have.
	RedeliveryID string `json:"RecoveryID"`
	WebhookID    string
}

// RedeliverResult is what a run of Redeliver did, for a person who reads the
// history.
type RedeliverResult struct {
	// Released is how many deliveries this run let go.
	Released int
}

const (
	// stepPause is the least pause between two steps: what was let go takes its
	// webhook's places first.
	stepPause = time.Second
	// fullPause is the longest while there is no room for more.
	fullPause = 5 * time.Second
	// idlePause is the longest while there is nothing to be let go, because the last
	// ones are on their way or the webhook is switched off.
	idlePause = time.Minute
	// stepTimeout bounds one step, which waits for others that change the webhook.
	stepTimeout = 30 * time.Second
)

// redeliverRetries never gives up: only Godwit's own parts can make a step fail.
func redeliverRetries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second}
}

// Redeliver carries a redelivery of many to its end, step by step. Where it
// stands is in the database alone, so a step more or less makes no difference;
// a signal has it make the next one at once.
func Redeliver(ctx workflow.Context, in RedeliverInput) (RedeliverResult, error) {
	var out RedeliverResult
	happened := workflow.GetSignalChannel(ctx, HappenedSignal)
	pause := stepPause
	for n := 0; n < rounds && !workflow.GetInfo(ctx).GetContinueAsNewSuggested(); n++ {
		drain(happened)
		var step hook.RedeliveryStep
		request := activities.RedeliverStepInput{RedeliveryID: in.RedeliveryID}
		if err := workflow.ExecuteActivity(withStep(ctx), RedeliverStepName, request).Get(ctx, &step); err != nil {
			return out, err
		}
		out.Released += step.Released
		if step.Done {
			return out, nil
		}
		pause = pauseAfter(step, pause)
		if err := waitFor(ctx, happened, pause, "next step"); err != nil {
			return out, err
		}
	}
	drain(happened) // the next run begins with a step
	return out, workflow.NewContinueAsNewError(ctx, RedeliverName, in)
}

// pauseAfter grows while nothing can be let go.
func pauseAfter(step hook.RedeliveryStep, before time.Duration) time.Duration {
	switch {
	case step.Released > 0:
		return stepPause
	case step.More && !step.Off:
		return min(2*before, fullPause)
	}
	return min(2*before, idlePause)
}

func withStep(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: stepTimeout,
		RetryPolicy:         redeliverRetries(),
		Summary:             "let the next deliveries go",
	})
}
