package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func fullReport() *report {
	size := sceneSize{webhooks: 1, events: 10}
	return &report{
		Started: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), StartSeconds: 3,
		Environment: environment{Commit: "abc1234"},
		Floor:       &floorResult{EventsPerSecond: 4000, Latency: spread{P50: 0.5}, Rate: floorRate},
		Latency:     []latencyResult{{Rate: 50, Latency: spread{P50: 2, P95: 4}}},
		Sustained: &throughputResult{Events: 10, Webhooks: 1, DeliveredPerSecond: 1000, Cost: costOf([]statement{
			{database: productDatabase, text: "BEGIN", calls: 20},
			{database: productDatabase, text: "insert\n\tinto  events", calls: 40, milliseconds: 30},
			{database: productDatabase, text: "commit", calls: 20, milliseconds: 10},
			{database: temporalDatabase, text: "SELECT 1", calls: 100, milliseconds: 5},
			{database: visibilityDatabase, text: strings.Repeat("y", 200), calls: 100, milliseconds: 15},
		}, size)},
		Matching: []matchingResult{{Stored: 100}},
		Filters:  []filtersResult{{filterCase: filterCase{Webhooks: 20, Filters: 1000}, ingestCost: ingestCost{Statements: 3}, PerFilter: 1.5}},
	}
}

func TestCostCountsEachSide(t *testing.T) {
	c := fullReport().Sustained.Cost
	require.Equal(t, statementCount{Statements: 4, Transactions: 4, Milliseconds: 4}, c.Product)
	require.Equal(t, statementCount{Statements: 20, Milliseconds: 2}, c.Temporal)
	require.Equal(t, topStatement{Database: productDatabase, Calls: 4, Milliseconds: 3, Share: 0.75, Statement: "insert into events"}, c.Top[0])
	require.Equal(t, 0.75, c.Top[3].Share, "a share is of its own side")
}

func TestReportRelatesToTheFloor(t *testing.T) {
	r := fullReport()
	require.Equal(t, 0.25, r.throughputFloor(r.Sustained))
	require.Equal(t, 4.0, r.latencyFloor(r.Latency[0]))
	r.Floor = nil
	require.Zero(t, r.throughputFloor(r.Sustained))
	require.Zero(t, r.latencyFloor(r.Latency[0]))
}

func TestReportIsPrintedWithAllThatWasMeasured(t *testing.T) {
	var out strings.Builder
	require.NoError(t, fullReport().print(&out))
	for _, part := range []string{"abc1234", "Floor:", "Latency in ms", "Throughput:", "Cost at fan-out 1", "insert into events", "Matching:", "Filters:"} {
		require.Contains(t, out.String(), part)
	}
	require.NotContains(t, out.String(), strings.Repeat("y", 100))
	out.Reset()
	require.NoError(t, (&report{Problems: []string{"it broke"}}).print(&out))
	require.Contains(t, out.String(), "FAILED: it broke")
	require.NotContains(t, out.String(), "Throughput")
}

func TestReportIsKeptUnderItsStart(t *testing.T) {
	dir := t.TempDir() + "/results"
	file, err := fullReport().write(dir)
	require.NoError(t, err)
	require.Equal(t, dir+"/20260504T030201Z.json", file)
	lines, err := os.ReadFile(dir + "/20260504T030201Z.txt")
	require.NoError(t, err)
	require.Contains(t, string(lines), "BenchmarkLatency/rate=50 ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var kept map[string]any
	require.NoError(t, json.Unmarshal(text, &kept))
	require.Equal(t, []any{}, kept["problems"])
	require.NotContains(t, kept, "fan_out")
	require.Contains(t, kept, "sustained")
}

func TestAProblemIsTheExitCode(t *testing.T) {
	r := fullReport()
	require.Zero(t, finish(r, t.TempDir(), io.Discard, io.Discard))
	r.fail(errors.New("3 events lost"))
	require.Equal(t, 1, finish(r, t.TempDir(), io.Discard, io.Discard))
}
