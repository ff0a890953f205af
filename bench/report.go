package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report is everything that a run found. Sections that were not run are absent.
type report struct {
	Started      time.Time         `json:"started"`
	Seconds      float64           `json:"seconds"`
	Environment  environment       `json:"environment"`
	StartSeconds float64           `json:"standalone_start_seconds,omitempty"`
	StopSeconds  float64           `json:"standalone_stop_seconds,omitempty"`
	Floor        *floorResult      `json:"floor,omitempty"`
	Latency      []latencyResult   `json:"latency,omitempty"`
	Sustained    *throughputResult `json:"sustained,omitempty"`
	FanOut       *throughputResult `json:"fan_out,omitempty"`
	Wide         *throughputResult `json:"wide_fan_out,omitempty"`
	Burst        *throughputResult `json:"burst,omitempty"`
	Drain        *throughputResult `json:"drain,omitempty"`
	Combinations *throughputResult `json:"combinations,omitempty"`
	Faulty       []faultyResult    `json:"faulty_receivers,omitempty"`
	Matching     []matchingResult  `json:"matching,omitempty"`
	Filters      []filtersResult   `json:"filters,omitempty"`
	Claims       []claimResult     `json:"claims,omitempty"`
	Retention    *retentionResult  `json:"retention,omitempty"`
	Tenants      []tenantsResult   `json:"tenants,omitempty"`
	Cluster      *clusterResult    `json:"cluster,omitempty"`
	Growth       []growthResult    `json:"growth,omitempty"`
	Pages        []callResult      `json:"pages,omitempty"`
	// Runs is how many runs the figures are the median of; 0 = this is one run.
	Runs int `json:"runs,omitempty"`
	// Problems is why the run counts as failed; empty = it does not.
	Problems []string `json:"problems"`

	each []report // the runs that this is the median of
}

func (r *report) fail(err error) { r.Problems = append(r.Problems, err.Error()) }

// write keeps the report as JSON in dir, named after its start, and beside it in the
// format that benchstat reads. It gives the path of the JSON.
func (r *report) write(dir string) (string, error) {
	if r.Problems == nil {
		r.Problems = []string{}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode the report: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the results' folder: %w", err)
	}
	name := r.Started.Format("20060102T150405Z")
	if r.Runs > 0 {
		name += "-median"
	}
	file := filepath.Join(dir, name+".json")
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("keep the report: %w", err)
	}
	var lines bytes.Buffer
	if err := r.benchstat(&lines); err != nil {
		return "", err
	}
	if err := os.WriteFile(strings.TrimSuffix(file, ".json")+".txt", lines.Bytes(), 0o644); err != nil {
		return "", fmt.Errorf("keep the report for benchstat: %w", err)
	}
	return file, nil
}

// throughputFloor relates deliveries per second to the floor's; 0 = unknown.
func (r *report) throughputFloor(t *throughputResult) float64 {
	if r.Floor == nil {
		return 0
	}
	return ratio(t.DeliveredPerSecond, r.Floor.EventsPerSecond)
}

// throughputs are the sections that were run of those that measure it.
func (r *report) throughputs() []*throughputResult {
	return slices.DeleteFunc([]*throughputResult{r.Sustained, r.FanOut, r.Wide, r.Burst, r.Drain, r.Combinations}, func(t *throughputResult) bool { return t == nil })
}

// latencyFloor relates a p50 to the floor's; 0 = unknown.
func (r *report) latencyFloor(l latencyResult) float64 {
	if r.Floor == nil {
		return 0
	}
	return ratio(l.Latency.P50, r.Floor.Latency.P50)
}
