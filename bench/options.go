package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The sections of a run, by the names that -only takes.
const (
	sectionFloor     = "floor"
	sectionLatency   = "latency"
	sectionSustained = "sustained"
	sectionFanOut    = "fanout"
	sectionMatching  = "matching"
	sectionFilters   = "filters"
)

func sections() []string {
	return []string{sectionFloor, sectionLatency, sectionSustained, sectionFanOut, sectionMatching, sectionFilters}
}

// options are what the command line says.
type options struct {
	standalone   string        // the binary
	results      string        // the folder for JSON
	events       int           // of the sustained run and of the floor
	fanOutEvents int           // each goes to fanOut webhooks
	rateSeconds  int           // how long each arrival rate is kept up
	wait         time.Duration // how long a section waits for what was accepted
	limit        time.Duration // of the whole run
	only         []string      // sections
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var opts options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.standalone, "standalone", filepath.Join("bin", "godwit-standalone"), "`path` of the binary to measure")
	flags.StringVar(&opts.results, "results", filepath.Join("bench", "results"), "`folder` that the JSON is written to")
	flags.IntVar(&opts.events, "events", 10_000, "events of the sustained run")
	flags.IntVar(&opts.fanOutEvents, "fanout-events", 1_000, "events of the fan-out run, each to ten webhooks")
	flags.IntVar(&opts.rateSeconds, "rate-seconds", 10, "how long each arrival rate is kept up")
	flags.DurationVar(&opts.wait, "wait", 150*time.Second, "how long a section waits for what was accepted to arrive")
	flags.DurationVar(&opts.limit, "limit", 6*time.Minute, "bound of the whole run")
	flags.StringVar(&only, "only", strings.Join(sections(), ","), "comma-separated `sections` to run")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	opts.only = strings.Split(only, ",")
	return opts, opts.check(flags.Args())
}

func (o options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	for _, name := range o.only {
		if !slices.Contains(sections(), name) {
			return fmt.Errorf("-only: there is no section %q; there are %s", name, strings.Join(sections(), ", "))
		}
	}
	if o.events < 1 || o.fanOutEvents < 1 || o.rateSeconds < 1 || o.wait <= 0 || o.limit <= 0 {
		return fmt.Errorf("counts and durations must be above zero")
	}
	return nil
}

func (o options) has(section string) bool { return slices.Contains(o.only, section) }
