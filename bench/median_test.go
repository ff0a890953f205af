package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMedianIsOfEachFigure(t *testing.T) {
	runs := make([]report, 5)
	for i, speed := range []float64{5, 1, 4, 2, 3} {
		runs[i] = *fullReport()
		runs[i].Sustained.DeliveredPerSecond = speed
		runs[i].Latency[0].Latency.P99 = 10 * speed
	}
	runs[1].Latency = nil
	runs[3].Problems = []string{"it was late"}
	got, err := medianOf(runs)
	require.NoError(t, err)
	require.Equal(t, 3.0, got.Sustained.DeliveredPerSecond)
	require.Equal(t, 30.0, got.Latency[0].Latency.P99, "of the four that have it the lower middle")
	require.Equal(t, runs[0].Started, got.Started)
	require.Equal(t, runs[0].Sustained.Cost.Top[0], got.Sustained.Cost.Top[0])
	require.Equal(t, 5, got.Runs)
	require.Equal(t, []string{"it was late"}, got.Problems)
}

func TestTheMostRowsAreTheClaim(t *testing.T) {
	var r claimResult
	r.fill([]statement{
		{database: productDatabase, text: "UPDATE deliveries SKIP LOCKED", calls: 4, rows: 400, milliseconds: 8, blocks: 40},
		{database: productDatabase, text: "UPDATE windows SKIP LOCKED", calls: 4, rows: 800, milliseconds: 8},
		{database: temporalDatabase, text: "SKIP LOCKED deliveries", calls: 4, rows: 800, milliseconds: 8},
	})
	require.Equal(t, claimResult{Milliseconds: 2, Rows: 100, Blocks: 10, PerRow: 20}, r)
}
