package hook_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
)

func TestLatencySteps(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-time.Second: 0, 0: 0, time.Microsecond: 0, time.Millisecond: 0, time.Millisecond + 1: 1, 2 * time.Millisecond: 4,
		2*time.Millisecond + 1: 5, 1024 * time.Millisecond: 40, 10 * time.Second: 54, 64 * time.Second: 64, 65536 * time.Millisecond: 64,
		time.Hour: hook.LatencySteps, math.MaxInt64: hook.LatencySteps,
	} {
		require.Equal(t, want, hook.LatencyStep(d), d)
	}
	require.Equal(t, time.Millisecond, hook.Latency(-1))
	require.Equal(t, hook.Latency(hook.LatencySteps), hook.Latency(1000))
}

func TestLatencyIsAsCloseAsItSays(t *testing.T) {
	worst := 0.0
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(65*time.Second)).Draw(t, "duration"))
		off := math.Abs(float64(hook.Latency(hook.LatencyStep(d))-d)) / float64(d)
		require.LessOrEqual(t, off, hook.LatencyError)
		longer := d + time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "more"))
		require.LessOrEqual(t, hook.LatencyStep(d), hook.LatencyStep(longer))
	})
	for step := range hook.LatencySteps { // just after the end of a step it is worst
		d := time.Duration(float64(time.Millisecond)*math.Exp2(float64(step)/4)) + 1
		worst = max(worst, math.Abs(float64(hook.Latency(hook.LatencyStep(d))-d))/float64(d))
	}
	require.LessOrEqual(t, worst, hook.LatencyError)
	require.InDelta(t, hook.LatencyError, worst, 0.0002, "the error that is stated is not the error")
}

func TestEveryStepStandsForItself(t *testing.T) {
	for step := range hook.LatencySteps + 1 {
		require.Equal(t, step, hook.LatencyStep(hook.Latency(step)))
	}
}
