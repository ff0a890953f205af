package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
	"godwit/internal/hook"
)

// CombineInput is the input of the workflow Combine: a window of a combination.
type CombineInput struct {
	RuleID    int64
	Key       string
	WebhookID string
}

// CombineResult is the outcome of a window, for a person who reads the history.
type CombineResult struct {
	// Outcome is CombineFired or CombineExpired.
	Outcome string
	// Fired are the events that this run has seen made.
	Fired []string `json:",omitempty"`
}

// The outcomes of Combine.
const (
	CombineFired   = "fired"
	CombineExpired = "expired"
)

const (
	// rounds is how often a run looks at its window before a new run takes over:
	// each costs about a dozen events of the history.
	rounds = 200
	// advanceTimeout bounds one look; it waits for the ingests that are under way
	// for the same window.
	advanceTimeout = 10 * time.Second
	// timerSlack is how much later than its end a window is looked at: clocks
	// count in whole milliseconds, and one look too early would cost one more.
	timerSlack = 20 * time.Millisecond
)

// advanceRetries never gives up: only Godwit's own parts can make a look fail.
func advanceRetries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second}
}

// Combine follows one window of a combination until nothing can come of it any
// more: it looks at it when something has happened in it, and at its end. What
// has happened is in the database alone. Only earlier versions begin this workflow:
// workers advance windows themselves now, so what runs still finds less to do.
func Combine(ctx workflow.Context, in CombineInput) (CombineResult, error) {
	var fired []string
	happened := workflow.GetSignalChannel(ctx, HappenedSignal)
	for n := 0; n < rounds && !workflow.GetInfo(ctx).GetContinueAsNewSuggested(); n++ {
		drain(happened)
		var p hook.Progress
		look := activities.AdvanceInput{RuleID: in.RuleID, Key: in.Key}
		if err := workflow.ExecuteActivity(withAdvance(ctx), AdvanceName, look).Get(ctx, &p); err != nil {
			return CombineResult{}, err
		}
		fired = append(fired, p.Fired...)
		if !p.Open && happened.Len() == 0 {
			return combined(fired), nil
		}
		if !p.Open {
			continue
		}
		if err := waitFor(ctx, happened, p.ClosesIn+timerSlack, "end of the window"); err != nil {
			return CombineResult{}, err
		}
	}
	drain(happened) // the next run begins with a look
	return CombineResult{}, workflow.NewContinueAsNewError(ctx, CombineName, in)
}

// waitFor waits for a signal, at most for so long.
func waitFor(ctx workflow.Context, signals workflow.ReceiveChannel, most time.Duration, until string) error {
	timed, stop := workflow.WithCancel(ctx)
	defer stop() // a timer that is left would wake the workflow for nothing
	timer := workflow.NewTimerWithOptions(timed, most, workflow.TimerOptions{Summary: until})
	return workflow.Await(ctx, func() bool { return timer.IsReady() || signals.Len() > 0 })
}

// drain forgets the signals that have come: one look is enough for all of them.
func drain(signals workflow.ReceiveChannel) {
	for signals.ReceiveAsync(nil) {
	}
}

func combined(fired []string) CombineResult {
	if len(fired) > 0 {
		return CombineResult{Outcome: CombineFired, Fired: fired}
	}
	return CombineResult{Outcome: CombineExpired}
}

func withAdvance(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: advanceTimeout,
		RetryPolicy:         advanceRetries(),
		Summary:             "look at the window",
	})
}
