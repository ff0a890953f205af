package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSpreadOf_IsTheNearestRank(t *testing.T) {
	durations := []time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}
	require.Equal(t, spread{N: 3, P50: 2, P95: 3, P99: 3, Max: 3}, spreadOf(durations))
	require.Equal(t, 3*time.Millisecond, durations[0], "it is not sorted")
	require.Equal(t, spread{}, spreadOf(nil))
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1)*10*time.Millisecond)
	}
	require.Equal(t, spread{N: 100, P50: 500, P95: 950, P99: 990, Max: 1000}, rough(spreadOf(hundred)))
	require.Equal(t, spread{N: 1, P50: 0.02, P95: 0.02, P99: 0.02, Max: 0.02}, spreadOf([]time.Duration{20 * time.Microsecond}))
	require.InEpsilon(t, longest.Seconds()*1000, spreadOf([]time.Duration{2 * longest}).Max, 0.001)
}

// rough leaves out what a histogram of four digits does not keep.
func rough(s spread) spread {
	for _, f := range []*float64{&s.P50, &s.P95, &s.P99, &s.Max} {
		*f = math.Round(*f)
	}
	return s
}

func TestRatioOfNothingIsUnknown(t *testing.T) {
	require.Equal(t, 1.33, ratio(4, 3))
	require.Zero(t, ratio(4, 0))
	require.Equal(t, "-", known(0))
}
