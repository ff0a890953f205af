package hook_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
)

func TestTallyUp(t *testing.T) {
	one := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	two := one.Add(time.Hour)
	total, hourly := hook.TallyUp([]hook.HealthCount{
		{Hour: two, Step: 8, N: 6}, {Hour: two, Reason: hook.ReasonDNS, Step: 0, N: 2}, {Hour: one, Step: 4, N: 1},
		{Hour: two, Reason: hook.ReasonStatus5xx, Step: 12, N: 1},
	})
	require.Len(t, hourly, 2)
	require.Equal(t, one, hourly[0].Hour)
	require.Equal(t, two, hourly[1].Hour)
	require.Equal(t, []int{1, 1, 0}, []int{hourly[0].Attempts, hourly[0].Succeeded, hourly[0].Failed()})
	require.Equal(t, []int{9, 6, 3}, []int{hourly[1].Attempts, hourly[1].Succeeded, hourly[1].Failed()})
	require.Equal(t, map[hook.Reason]int{hook.ReasonDNS: 2, hook.ReasonStatus5xx: 1}, hourly[1].ByReason)
	require.Equal(t, 10, total.Attempts)
	rate, ok := total.SuccessRate()
	require.True(t, ok)
	require.InDelta(t, 0.7, rate, 1e-9)

	none, hours := hook.TallyUp(nil)
	require.Empty(t, hours)
	_, ok = none.SuccessRate()
	require.False(t, ok)
	_, ok = none.Percentile(50)
	require.False(t, ok)
}

// TestPercentilesAreThoseOfTheAttempts compares with the attempts themselves.
func TestPercentilesAreThoseOfTheAttempts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		durations := rapid.SliceOfN(rapid.Int64Range(int64(time.Millisecond), int64(64*time.Second)), 1, 200).Draw(t, "durations")
		p := rapid.Float64Range(0, 100).Draw(t, "percentile")
		var tally hook.Tally
		for _, d := range durations {
			tally.Add(hook.HealthCount{Step: hook.LatencyStep(time.Duration(d)), N: 1})
		}
		slices.Sort(durations)
		rank := 0
		for float64(rank) < p/100*float64(len(durations)) {
			rank++
		}
		want := float64(durations[max(rank, 1)-1])
		got, ok := tally.Percentile(p)
		require.True(t, ok)
		require.InDelta(t, want, float64(got), want*hook.LatencyError)
	})
}
