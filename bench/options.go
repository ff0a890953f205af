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
	sectionWide      = "wide"
	sectionBurst     = "burst"
	sectionDrain     = "drain"
	sectionCombine   = "combinations"
	sectionFaulty    = "faulty"
	sectionMatching  = "matching"
	sectionFilters   = "filters"
	sectionClaim     = "claim"
	sectionRetention = "retention"
	sectionTenants   = "tenants"
	sectionCluster   = "cluster"
	sectionGrowth    = "growth"
	sectionPages     = "pages"
)

func sections() []string {
	return []string{
		sectionFloor, sectionLatency, sectionSustained, sectionFanOut, sectionWide, sectionBurst, sectionDrain, sectionCombine, sectionFaulty,
		sectionMatching, sectionFilters, sectionClaim, sectionRetention, sectionTenants, sectionCluster, sectionGrowth, sectionPages,
	}
}

// options are what the command line says.
type options struct {
	standalone      string        // the binary
	results         string        // the folder for JSON
	events          int           // of the sustained run and of the floor
	fanOutEvents    int           // each goes to fanOut webhooks
	wideEvents      int           // each goes to wideFanOut webhooks
	burstEvents     int           // of the burst
	retentionEvents int           // that are old
	history         int           // finished deliveries of the growth and the pages
	rateSeconds     int           // how long each arrival rate is kept up
	runs            int           // the report is the median of so many
	baseline        string        // a baseline to compare with, or empty
	saveAs          string        // where to write a baseline, or empty
	wait            time.Duration // how long a section waits for what was accepted
	limit           time.Duration // of each run
	only            []string      // sections
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var opts options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.standalone, "standalone", filepath.Join("bin", "godwit-standalone"), "`path` of the binary to measure")
	flags.StringVar(&opts.results, "results", filepath.Join("bench", "results"), "`folder` that the JSON is written to")
	flags.IntVar(&opts.events, "events", 30_000, "events of the sustained run")
	flags.IntVar(&opts.fanOutEvents, "fanout-events", 1_000, "events of the fan-out run, each to ten webhooks")
	flags.IntVar(&opts.wideEvents, "wide-events", 20, "events of the wide fan-out run, each to a thousand webhooks")
	flags.IntVar(&opts.burstEvents, "burst-events", 20_000, "events of the burst")
	flags.IntVar(&opts.retentionEvents, "retention-events", 200_000, "old events of the retention run, each with a delivery and an attempt")
	flags.IntVar(&opts.history, "history", 2_000_000, "finished deliveries of the growth and the pages")
	flags.IntVar(&opts.runs, "runs", 1, "report the median of so many runs, each from the beginning")
	flags.StringVar(&opts.baseline, "check", "", "compare the ratios to the floor with the baseline in this `file`, and fail where one is more than a quarter worse")
	flags.StringVar(&opts.saveAs, "save", "", "write the ratios to the floor to this `file`, as a baseline")
	flags.IntVar(&opts.rateSeconds, "rate-seconds", 10, "how long each arrival rate is kept up")
	flags.DurationVar(&opts.wait, "wait", 150*time.Second, "how long a section waits for what was accepted to arrive")
	flags.DurationVar(&opts.limit, "limit", 15*time.Minute, "bound of each run")
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
	if min(o.events, o.fanOutEvents, o.wideEvents, o.burstEvents, o.retentionEvents, o.history, o.rateSeconds, o.runs) < 1 || min(o.wait, o.limit) <= 0 {
		return fmt.Errorf("counts and durations must be above zero")
	}
	return nil
}

func (o options) has(section string) bool { return slices.Contains(o.only, section) }
