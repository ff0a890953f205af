package main

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// spread is how durations are distributed, in milliseconds.
type spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// longest is the longest duration that a spread knows; what took longer counts as this.
const longest = time.Hour

// spreadOf keeps four digits of each duration, in microseconds.
func spreadOf(durations []time.Duration) spread {
	h := hdrhistogram.New(1, longest.Microseconds(), 4)
	for _, d := range durations {
		_ = h.RecordValue(min(d, longest).Microseconds()) // it is in bounds
	}
	at := func(percent float64) float64 {
		return milliseconds(time.Duration(h.ValueAtQuantile(percent)) * time.Microsecond)
	}
	return spread{N: len(durations), P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
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
