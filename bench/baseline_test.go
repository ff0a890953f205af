package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABaselineTellsWhatIsWorse(t *testing.T) {
	r := fullReport()
	r.Sustained.ClosedPerSecond, r.Sustained.AcceptedPerSecond = 1000, 2000
	file := filepath.Join(t.TempDir(), "baseline.json")
	require.NoError(t, r.settleBaseline(options{saveAs: file}))

	same := func(change func(*report)) []string {
		now := fullReport()
		now.Sustained.ClosedPerSecond, now.Sustained.AcceptedPerSecond = 1000, 2000
		change(now)
		require.NoError(t, now.settleBaseline(options{baseline: file}))
		return now.Problems
	}
	require.Empty(t, same(func(*report) {}))
	require.Empty(t, same(func(r *report) { r.Sustained.ClosedPerSecond = 800 }), "a quarter is tolerated")
	require.Empty(t, same(func(r *report) { r.Sustained.ClosedPerSecond, r.Latency[0].Latency.P50 = 3000, 0.5 }))
	require.Empty(t, same(func(r *report) {
		r.Floor = &floorResult{EventsPerSecond: 2000, Latency: spread{P50: 1}}
		r.Sustained.ClosedPerSecond, r.Sustained.AcceptedPerSecond, r.Latency[0].Latency.P50 = 500, 1000, 4
	}), "a machine of half the speed")
	require.Len(t, same(func(r *report) { r.Sustained.ClosedPerSecond = 700 }), 1)
	require.Len(t, same(func(r *report) { r.Latency[0].Latency.P50 = 3 }), 1)
	require.Len(t, same(func(r *report) { r.Sustained.Cost.Product.Statements = 6 }), 1)
	require.Len(t, same(func(r *report) { r.Latency = nil }), 1)
	require.Error(t, r.settleBaseline(options{baseline: file + ".none"}))
}
