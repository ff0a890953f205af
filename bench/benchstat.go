package main

import (
	"fmt"
	"io"
	"strings"
)

// benchstat writes what the runs have measured in the format of Go's benchmarks, a line
// for each section and run: benchstat compares two such files.
func (r *report) benchstat(w io.Writer) error {
	goos, goarch, _ := strings.Cut(r.Environment.System, "/")
	text := fmt.Sprintf("goos: %s\ngoarch: %s\npkg: godwit/bench\ncpu: %s\ncommit: %s\n", goos, goarch, r.Environment.CPU, r.Environment.Commit)
	runs := r.each
	if runs == nil {
		runs = []report{*r}
	}
	for _, run := range runs {
		text += run.lines()
	}
	_, err := io.WriteString(w, text)
	return err
}

// lines are the sections of one run.
func (r *report) lines() (text string) {
	line := func(name string, n int, figures ...any) {
		text += fmt.Sprintf("Benchmark%s %d", name, n)
		for i := 0; i < len(figures); i += 2 {
			text += fmt.Sprintf(" %v %s", figures[i], figures[i+1])
		}
		text += "\n"
	}
	spreads := func(name string, s spread) {
		line(name, s.N, s.P50, "p50-ms", s.P95, "p95-ms", s.P99, "p99-ms", s.Max, "max-ms")
	}
	if r.Floor != nil {
		line("Floor", r.Floor.Latency.N, r.Floor.EventsPerSecond, "events/s")
		spreads("FloorLatency", r.Floor.Latency)
	}
	for _, l := range r.Latency {
		spreads(fmt.Sprintf("Latency/rate=%d", l.Rate), l.Latency)
		spreads(fmt.Sprintf("Accepted/rate=%d", l.Rate), l.Accepted)
	}
	for _, of := range []struct {
		name string
		t    *throughputResult
	}{{"Sustained", r.Sustained}, {"FanOut", r.FanOut}, {"WideFanOut", r.Wide}, {"Burst", r.Burst}, {"Drain", r.Drain}} {
		t := of.t
		if t == nil {
			continue
		}
		line(of.name, t.Events, t.AcceptedPerSecond, "accepted/s", t.DeliveredPerSecond, "delivered/s", t.ClosedPerSecond, "closed/s")
	}
	for _, g := range r.Growth {
		spreads(fmt.Sprintf("Growth/stored=%d", g.Stored), g.Latency.Latency)
	}
	for _, c := range r.Pages {
		spreads("Pages/"+strings.ReplaceAll(c.Name, " ", "_")+"/as="+c.As, c.Took)
	}
	return text
}
