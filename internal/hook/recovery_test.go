package hook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestARecoveryProbesBySchedule(t *testing.T) {
	began := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	standard := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	for name, tc := range map[string]struct {
		plan  hook.RecoveryPlan
		times []time.Duration // of the first probes
		n     int
	}{
		"by default":                   {hook.RecoveryPlan{Waits: standard, Window: 72 * time.Hour}, []time.Duration{time.Minute, 6 * time.Minute, 21 * time.Minute, 81 * time.Minute, 141 * time.Minute}, 74},
		"one wait alone":               {hook.RecoveryPlan{Waits: []time.Duration{time.Second}, Window: 3 * time.Second}, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, 3},
		"a window shorter than a wait": {hook.RecoveryPlan{Waits: standard, Window: time.Second}, []time.Duration{time.Minute}, 1},
	} {
		r := tc.plan.Begin(hook.Recovery{Running: true, Now: began})
		var times []time.Duration
		for r.Running {
			require.Equal(t, r.NextProbeAt.Sub(r.Now), r.Wait())
			r.Now = r.NextProbeAt
			require.Zero(t, r.Wait())
			times = append(times, r.Now.Sub(began))
			r = tc.plan.Failed(r)
		}
		require.Equal(t, tc.times, times[:len(tc.times)], name)
		require.Len(t, times, tc.n, name)
		require.Equal(t, began.Add(times[len(times)-1]), r.GaveUpAt, name)
		require.Zero(t, r.NextProbeAt, name)
		require.Equal(t, tc.n, r.Probes, name)
	}
}
