package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
)

// tolerated is how much worse than the baseline a ratio may be.
const tolerated = 0.25

// baseline is what a report is compared with: figures that depend less on the
// machine than times do.
type baseline struct {
	Commit string `json:"commit"`
	// Higher holds figures of which more is better, Lower the others.
	Higher map[string]float64 `json:"higher_is_better"`
	Lower  map[string]float64 `json:"lower_is_better"`
}

// baseline gives the report's ratios to its floor, and the statements per event,
// as far as they were measured.
func (r *report) baseline() baseline {
	b := baseline{Commit: r.Environment.Commit, Higher: map[string]float64{}, Lower: map[string]float64{}}
	for name, t := range map[string]*throughputResult{"sustained": r.Sustained, "fan_out": r.FanOut, "burst": r.Burst} {
		if t == nil {
			continue
		}
		if r.Floor != nil { // in thousandths: a hundredth may be a fifth of it
			put(b.Higher, name+" closed / floor in thousandths", ratio(1000*t.ClosedPerSecond, r.Floor.EventsPerSecond))
			put(b.Higher, name+" accepted / floor in thousandths", ratio(1000*t.AcceptedPerSecond, r.Floor.EventsPerSecond))
		}
		if t.Cost != nil {
			put(b.Lower, name+" statements per event", t.Cost.Product.Statements)
		}
	}
	for _, l := range r.Latency {
		put(b.Lower, fmt.Sprintf("latency p50 at %d/s / floor", l.Rate), r.latencyFloor(l))
	}
	return b
}

func put(figures map[string]float64, name string, figure float64) {
	if figure > 0 {
		figures[name] = figure
	}
}

// worse lists what is worse than in old by more than is tolerated, and what is
// missing.
func (b baseline) worse(old baseline) (out []string) {
	compare := func(now, before map[string]float64, limit float64, bad func(now, limit float64) bool) {
		for _, name := range slices.Sorted(maps.Keys(before)) {
			figure, measured := now[name]
			switch {
			case !measured:
				out = append(out, name+" was not measured")
			case bad(figure, before[name]*limit):
				out = append(out, fmt.Sprintf("%s is %v, and was %v in the baseline", name, figure, before[name]))
			}
		}
	}
	compare(b.Higher, old.Higher, 1-tolerated, func(now, limit float64) bool { return now < limit })
	compare(b.Lower, old.Lower, 1+tolerated, func(now, limit float64) bool { return now > limit })
	return out
}

func readBaseline(file string) (b baseline, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return b, fmt.Errorf("read the baseline, which make bench-baseline writes: %w", err)
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return b, fmt.Errorf("read the baseline %s: %w", file, err)
	}
	return b, nil
}

func (b baseline) write(file string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the baseline: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep the baseline: %w", err)
	}
	return nil
}

// settleBaseline writes or compares the baseline as the options say.
func (r *report) settleBaseline(opts options) error {
	if opts.saveAs != "" {
		return r.baseline().write(opts.saveAs)
	}
	if opts.baseline == "" {
		return nil
	}
	old, err := readBaseline(opts.baseline)
	if err != nil {
		return err
	}
	for _, text := range r.baseline().worse(old) {
		r.fail(fmt.Errorf("worse than the baseline of %s: %s", old.Commit, text))
	}
	return nil
}
