package main

import (
	"math"
	"slices"
	"time"
)

// spread is how durations are distributed, in milliseconds.
type spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func spreadOf(durations []time.Duration) spread {
	sorted := slices.Clone(durations)
	slices.Sort(sorted)
	return spread{
		N:   len(sorted),
		P50: milliseconds(percentile(sorted, 50)),
		P95: milliseconds(percentile(sorted, 95)),
		P99: milliseconds(percentile(sorted, 99)),
		Max: milliseconds(percentile(sorted, 100)),
	}
}

// percentile is the smallest value that p percent of the sorted ones do not
// exceed (nearest rank); 0 of none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

func milliseconds(d time.Duration) float64 { return rounded(d.Seconds() * 1000) }

// rounded keeps two decimals; finer ones are noise.
func rounded(x float64) float64 { return math.Round(x*100) / 100 }

// ratio is a/b, and 0, which stands for unknown, when b is.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return rounded(a / b)
}
