package main

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheModelGivesWhatWasMeasured: within 15 %, also at the fan-out that its costs
// were not taken from.
func TestTheModelGivesWhatWasMeasured(t *testing.T) {
	for _, c := range checks() {
		require.InDelta(t, 1, c.simulated()/c.measured, 0.15, c.name)
	}
}

// TestTheSimulationIsAQueue compares it with what queueing theory gives for one core
// (M/M/1: the mean time is s/(1-r)) and with Little's law for places.
func TestTheSimulationIsAQueue(t *testing.T) {
	n := node{costs: costs{event: 0, delivery: 0.001}, cores: 1, usable: 1, places: 1 << 20}
	got := n.simulate(load{perSecond: 800, fanOut: 1, lasts: 200 * time.Second}, 2)
	require.InDelta(t, 0.8, got.busy, 0.03)
	require.InDelta(t, 800, got.perSecond, 20)
	median := 0.001 / (1 - 0.8) * math.Ln2
	require.InDelta(t, median, got.p50.Seconds(), median/5)

	n.places = 20
	got = n.simulate(load{perSecond: 800, fanOut: 1, receiver: 100 * time.Millisecond, lasts: 100 * time.Second}, 3)
	require.InDelta(t, 200, got.perSecond, 10, "20 places, each taken for 100 ms")
}

func TestNeedsGrowWithTheRate(t *testing.T) {
	small, large := need(1_000, 3), need(100_000, 3)
	require.InDelta(t, 100, large.product/small.product, 50)
	require.Greater(t, large.workers, small.workers)
	var out strings.Builder
	require.NoError(t, run(&out))

	page, err := os.ReadFile("../../docs/scale.md")
	require.NoError(t, err)
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); len(fields) > 3 && strings.HasPrefix(line, "fan-out") {
			require.Contains(t, string(page), strings.TrimRight(line, "\n"), "docs/scale.md shows another result")
		}
	}
}
