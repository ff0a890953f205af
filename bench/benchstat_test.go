package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchstat_HasALineForEachSectionAndRun(t *testing.T) {
	one := func(p50, perSecond float64) report {
		return report{
			Environment: environment{System: "linux/amd64", CPU: "Some CPU", Commit: "abc"},
			Latency:     []latencyResult{{Rate: 50, Latency: spread{N: 100, P50: p50, P95: 4, P99: 5, Max: 9}}},
			Burst:       &throughputResult{Events: 1000, AcceptedPerSecond: 900, DeliveredPerSecond: perSecond, ClosedPerSecond: 400.5},
		}
	}
	r := one(2, 450)
	var out bytes.Buffer
	require.NoError(t, r.benchstat(&out))
	require.Equal(t, `goos: linux
goarch: amd64
pkg: godwit/bench
cpu: Some CPU
commit: abc
BenchmarkLatency/rate=50 100 2 p50-ms 4 p95-ms 5 p99-ms 9 max-ms
BenchmarkAccepted/rate=50 0 0 p50-ms 0 p95-ms 0 p99-ms 0 max-ms
BenchmarkBurst 1000 900 accepted/s 450 delivered/s 400.5 closed/s
`, out.String())

	median, err := medianOf([]report{one(2, 450), one(3, 500)})
	require.NoError(t, err)
	out.Reset()
	require.NoError(t, median.benchstat(&out))
	require.Contains(t, out.String(), "BenchmarkLatency/rate=50 100 2 p50-ms")
	require.Contains(t, out.String(), "BenchmarkLatency/rate=50 100 3 p50-ms")
	require.Contains(t, out.String(), "500 delivered/s")
}
