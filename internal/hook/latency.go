package hook

import (
	"math"
	"time"
)

// Durations of attempts are kept on a scale whose steps grow, so that a few
// numbers tell percentiles however many attempts there were.
const (
	// LatencySteps is the last step; the first is 0.
	LatencySteps = 16 * stepsPerDoubling
	// LatencyError is how far Latency may lie from the duration that was put on
	// the scale, as a part of it, from 1 ms to 65 s.
	LatencyError = 0.0906

	stepsPerDoubling = 4
	shortestLatency  = time.Millisecond
)

// LatencyStep puts a duration on the scale. Step 0 is up to 1 ms; each further
// step ends 2^(1/4) times later, the last one at 65.5 s. What is longer counts as that.
func LatencyStep(d time.Duration) int {
	if d <= shortestLatency {
		return 0
	}
	step := math.Ceil(stepsPerDoubling * math.Log2(float64(d)/float64(shortestLatency)))
	return int(min(step, LatencySteps))
}

// Latency is the duration that stands for a step: the middle of it, which has
// the least error to both sides, and 1 ms for step 0.
func Latency(step int) time.Duration {
	if step <= 0 {
		return shortestLatency
	}
	middle := (float64(min(step, LatencySteps)) - 0.5) / stepsPerDoubling
	return time.Duration(float64(shortestLatency) * math.Exp2(middle))
}
