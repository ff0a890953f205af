package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	ten := make([]time.Duration, 10)
	for i := range ten {
		ten[i] = time.Duration(i+1) * time.Second
	}
	for _, c := range []struct {
		sorted []time.Duration
		p      int
		want   time.Duration
	}{
		{nil, 50, 0},
		{ten[:1], 50, time.Second},
		{ten[:1], 100, time.Second},
		{ten, 50, 5 * time.Second},
		{ten, 51, 6 * time.Second},
		{ten, 95, 10 * time.Second},
		{ten, 90, 9 * time.Second},
		{ten, 100, 10 * time.Second},
		{ten, 0, time.Second},
		{ten[:2], 50, time.Second},
		{ten[:3], 50, 2 * time.Second},
	} {
		require.Equal(t, c.want, percentile(c.sorted, c.p), "p%d of %d", c.p, len(c.sorted))
	}
}

func TestSpreadSortsACopy(t *testing.T) {
	durations := []time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}
	require.Equal(t, spread{N: 3, P50: 2, P95: 3, P99: 3, Max: 3}, spreadOf(durations))
	require.Equal(t, 3*time.Millisecond, durations[0])
	require.Equal(t, spread{}, spreadOf(nil))
}

func TestRatioOfNothingIsUnknown(t *testing.T) {
	require.Equal(t, 1.33, ratio(4, 3))
	require.Zero(t, ratio(4, 0))
	require.Equal(t, "-", known(0))
}
