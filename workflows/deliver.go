package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
	"godwit/internal/hook"
)

// DeliverInput is the input of the workflow Deliver.
type DeliverInput struct {
	DeliveryID string
	Generation int
	WebhookID  string
	// AttemptTimeout bounds one HTTP request.
	AttemptTimeout time.Duration
	// QuietSuccess: the search attribute Outcome is set only where the delivery did
	// not succeed. Each costs Temporal a write of its index, and that of a success
	// says no more than that the workflow has completed. It is an input, since
	// workflow.GetVersion would cost the same again; false in what was started
	// before there was such a thing.
	QuietSuccess bool `json:",omitempty"`
}

// attemptMargin is what an activity may need beside its HTTP request: reading
// and writing the ledger, with a database that is slow for a moment.
const attemptMargin = 10 * time.Second

// deliverRetries has the activity run until the ledger says that the attempts are
// used up. The waits are the activity's own (NextRetryDelay); the interval here
// only counts when a worker was lost and could not say. The next run finds in the
// ledger what is left of the schedule's wait.
func deliverRetries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: 5 * time.Second, BackoffCoefficient: 1}
}

// longestAttempt bounds an activity whose worker lives, by its heartbeats, and
// keeps an outcome that it can't write down.
const longestAttempt = 24 * time.Hour

// probeRetries never gives up: only Godwit's own parts can make the check fail.
func probeRetries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute}
}

// Deliver carries one delivery to its end and says its outcome.
func Deliver(ctx workflow.Context, in DeliverInput) (activities.DeliverResult, error) {
	result, err := deliver(ctx, in)
	if err != nil || in.QuietSuccess && result.Outcome == string(hook.Succeeded) {
		return result, err
	}
	return result, workflow.UpsertTypedSearchAttributes(ctx, outcomeKey.ValueSet(result.Outcome))
}

func deliver(ctx workflow.Context, in DeliverInput) (activities.DeliverResult, error) {
	var result activities.DeliverResult
	request := activities.DeliverInput{DeliveryID: in.DeliveryID, Generation: in.Generation, AttemptTimeout: in.AttemptTimeout}
	err := workflow.ExecuteLocalActivity(withFirstAttempt(ctx, in), DeliverName, request).Get(ctx, &result)
	// The regular activity takes the story up where it stands: its first run
	// finds the failed attempt and reports it, with what is left of the wait.
	// Ending in anything but exhaustion means that Godwit's own parts were out of
	// reach, which must not cost the receiver an attempt: so it goes on.
	for err != nil && !activities.IsExhausted(err) {
		if ctx.Err() != nil {
			return result, ctx.Err()
		}
		err = workflow.ExecuteActivity(withRetries(ctx, in), DeliverName, request).Get(ctx, &result)
	}
	if err == nil {
		return result, nil
	}
	check := activities.CheckHealthInput{WebhookID: in.WebhookID, DeliveryID: in.DeliveryID, AttemptTimeout: in.AttemptTimeout}
	if err := workflow.ExecuteActivity(withProbe(ctx, in), CheckHealthName, check).Get(ctx, nil); err != nil {
		return result, err
	}
	return activities.DeliverResult{DeliveryID: in.DeliveryID, Outcome: string(hook.Failed), Reason: hook.ReasonExhausted}, nil
}

func withFirstAttempt(ctx workflow.Context, in DeliverInput) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: in.AttemptTimeout + attemptMargin,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

func withRetries(ctx workflow.Context, in DeliverInput) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: longestAttempt,
		HeartbeatTimeout:    in.AttemptTimeout + attemptMargin,
		RetryPolicy:         deliverRetries(),
		Summary:             "attempts 2 to 5",
	})
}

func withProbe(ctx workflow.Context, in DeliverInput) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: in.AttemptTimeout + attemptMargin,
		RetryPolicy:         probeRetries(),
		Summary:             "probe of the webhook",
	})
}
