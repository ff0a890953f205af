package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
)

// RecoverInput is the input of the workflow Recover: a recovery of a webhook.
type RecoverInput struct {
	WebhookID string
	// Outage is the recovery's number.
	Outage int
	// AttemptTimeout bounds one probe.
	AttemptTimeout time.Duration
}

// RecoverResult is the outcome of a recovery, for a person who reads the history.
type RecoverResult struct {
	// Outcome is one of those of the activity.
	Outcome string
}

// recoverRetries never gives up: only Godwit's own parts can make a look fail.
func recoverRetries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute}
}

// Recover carries the recovery of a webhook that health has deactivated to its
// end: it probes whenever the database says that it is time. A signal has it look
// at once, for a recovery that was ended and begun again in the meantime.
func Recover(ctx workflow.Context, in RecoverInput) (RecoverResult, error) {
	happened := workflow.GetSignalChannel(ctx, HappenedSignal)
	for n := 0; n < rounds && !workflow.GetInfo(ctx).GetContinueAsNewSuggested(); n++ {
		drain(happened)
		var look activities.RecoverResult
		request := activities.RecoverInput{WebhookID: in.WebhookID, Outage: in.Outage, AttemptTimeout: in.AttemptTimeout}
		if err := workflow.ExecuteActivity(withRecover(ctx, in), RecoverName, request).Get(ctx, &look); err != nil {
			return RecoverResult{}, err
		}
		if look.Outcome != "" && happened.Len() == 0 {
			return RecoverResult{Outcome: look.Outcome}, workflow.UpsertTypedSearchAttributes(ctx, outcomeKey.ValueSet(look.Outcome))
		}
		if look.Outcome != "" {
			continue
		}
		if err := waitFor(ctx, happened, look.Wait+timerSlack, "next probe"); err != nil {
			return RecoverResult{}, err
		}
	}
	drain(happened) // the next run begins with a look
	return RecoverResult{}, workflow.NewContinueAsNewError(ctx, RecoverName, in)
}

func withRecover(ctx workflow.Context, in RecoverInput) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: in.AttemptTimeout + attemptMargin,
		RetryPolicy:         recoverRetries(),
		Summary:             "look at the recovery",
	})
}
