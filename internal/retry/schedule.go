package retry

import (
	"math"
	"slices"
	"time"

	"godwit/internal/hook"
)

// Jitter is how far a wait may lie from its schedule, as a part of it: ±20 %.
const Jitter = 0.2

// Schedule holds the waits after the first, second, third and fourth failed
// attempt. The zero value waits for nothing.
type Schedule [hook.MaxAttempts - 1]time.Duration

// Default is the schedule of a Godwit whose operator set none.
func Default() Schedule {
	return Schedule{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}
}

// Wait is the time from the failed attempt number attempt (1 is the first) to
// the next one: the schedule's wait, moved by at most ±Jitter, or retryAfter
// when that is longer, but of retryAfter no more than MaxRetryAfter.
//
// random is a uniform number from 0 to 1: 0 is the earliest time, 1 the
// latest; what lies outside is moved inside. An attempt outside the schedule
// is taken for its nearest one. The result is never negative.
func (s Schedule) Wait(attempt int, random float64, retryAfter time.Duration) time.Duration {
	at := min(max(attempt, 1), len(s)) - 1
	return max(jittered(s[at], random), min(retryAfter, MaxRetryAfter), 0)
}

// Shortest is the shortest wait of the schedule, jittered as in Wait.
func (s Schedule) Shortest(random float64) time.Duration {
	return jittered(slices.Min(s[:]), random)
}

// Trial is how long a webhook that has failed so many times in a row is left
// alone before another delivery is tried for the first time: half of what the
// one that failed waits.
func (s Schedule) Trial(failures int) time.Duration {
	return s[min(max(failures, 1), len(s))-1] / 2
}

func jittered(wait time.Duration, random float64) time.Duration {
	if math.IsNaN(random) {
		random = 0.5
	}
	factor := 1 + Jitter*(2*min(max(random, 0), 1)-1)
	d := math.Round(float64(wait) * factor)
	if d >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(d)
}
