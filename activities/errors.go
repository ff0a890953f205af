package activities

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"godwit/internal/hook"
)

// The types of errors that cross from activities to workflows. They are data
// in histories: never rename one.
const (
	// AttemptFailed: the receiver did not take the delivery; there are attempts left.
	AttemptFailed = "AttemptFailed"
	// AttemptsExhausted: all attempts are used, the delivery is failed.
	AttemptsExhausted = "AttemptsExhausted"
	// AttemptUnderWay: another process makes the first attempt, or was lost with it.
	AttemptUnderWay = "AttemptUnderWay"
)

// attemptFailed asks Temporal for the next attempt after wait. It is benign:
// a receiver that fails is no fault of Godwit's.
func attemptFailed(number int, reason hook.Reason, wait time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("attempt %d failed: %s", number, reason), AttemptFailed,
		temporal.ApplicationErrorOptions{NextRetryDelay: wait, Category: temporal.ApplicationErrorCategoryBenign})
}

// attemptUnderWay asks Temporal to look again after wait.
func attemptUnderWay(wait time.Duration) error {
	return temporal.NewApplicationErrorWithOptions("attempt 1 is under way in another process, or was lost with it", AttemptUnderWay,
		temporal.ApplicationErrorOptions{NextRetryDelay: wait, Category: temporal.ApplicationErrorCategoryBenign})
}

// attemptsExhausted ends the retries.
func attemptsExhausted(reason hook.Reason) error {
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("all %d attempts failed, the last one: %s", hook.MaxAttempts, reason),
		AttemptsExhausted, temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
}

// IsExhausted says whether err, as a workflow sees it, is AttemptsExhausted.
func IsExhausted(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == AttemptsExhausted
}
