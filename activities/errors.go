package activities

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	// OwnTrouble: a part of Godwit is out of reach or in the way.
	OwnTrouble = "OwnTrouble"
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

// errMayBeKept: the attempt before may have ended, in a process that could not
// write that down yet.
var errMayBeKept = errors.New("the database was just away; the end of the attempt before may be on its way")

// own asks Temporal to try again after the shortest wait of the schedule where a
// part of Godwit was in the way. It uses up no attempt.
func (a *Activities) own(err error) error {
	var said *temporal.ApplicationError
	if err == nil || errors.As(err, &said) || errors.Is(err, context.Canceled) || errors.Is(err, errStopped) {
		return err
	}
	return ownTrouble(err, a.Schedule.Shortest(rand.Float64()))
}

func ownTrouble(err error, wait time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(err.Error(), OwnTrouble,
		temporal.ApplicationErrorOptions{NextRetryDelay: wait, Cause: err, Category: temporal.ApplicationErrorCategoryBenign})
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
