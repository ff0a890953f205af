// Command bench measures Godwit: latency, throughput, fan-out, bursts, healthy
// receivers beside faulty ones, what matching costs when very many webhooks are
// stored and what claiming does when very many deliveries wait, and how many SQL
// statements, CPU seconds and bytes a delivery takes.
//
// It starts what it needs and ends it again: a receiver in this process, and
// bin/godwit-standalone with its own data folder and everything else as
// make up has it. Everything is bounded in count and in time. In the same run, on
// the same Postgres cluster, it measures a floor, so that a figure can be read as
// a multiple of what the machine gives: the least that any webhook sender must do
// to lose nothing, which is to take an event by HTTP, one durable INSERT, 202, one
// POST, and its outcome, written in groups.
//
// A table goes to the standard output, the same as JSON to bench/results/, beside it
// what benchstat compares, and progress to the standard error. It exits with 1 when an event was lost, did not
// arrive in time, a section could not be measured, or a ratio to the floor is
// worse than that of the baseline it was told to compare with.
//
// It reads the product from outside only: its HTTP API, its tables, /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings handed in; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	interrupted, release := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer release()
	result, err := measure(interrupted, opts, stderr)
	if err == nil {
		err = result.settleBaseline(opts)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return finish(&result, opts.results, stdout, stderr)
}

// measure makes the runs; of several it keeps each, and gives the median.
func measure(ctx context.Context, opts options, stderr io.Writer) (report, error) {
	var runs []report
	for range opts.runs {
		r := measureOnce(ctx, opts, stderr)
		runs = append(runs, r)
		if opts.runs == 1 {
			return r, nil
		}
		if _, err := r.write(opts.results); err != nil {
			return r, err
		}
		if len(r.Problems) > 0 {
			return r, nil
		}
	}
	return medianOf(runs)
}

func measureOnce(ctx context.Context, opts options, stderr io.Writer) report {
	ctx, cancel := context.WithTimeoutCause(ctx, opts.limit, errors.New("the run took longer than -limit"))
	defer cancel()
	b := &bench{opts: opts, progress: progressTo(stderr, time.Now())}
	if err := b.run(ctx); err != nil {
		b.report.fail(err)
	}
	return b.report
}

// finish prints and keeps the report; it returns the exit code.
func finish(r *report, dir string, stdout, stderr io.Writer) int {
	if err := r.print(stdout); err != nil {
		fmt.Fprintln(stderr, "bench: print the report:", err)
		return 1
	}
	file, err := r.write(dir)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	fmt.Fprintln(stdout, "\nwritten to", file)
	if len(r.Problems) > 0 {
		return 1
	}
	return 0
}

// progressTo says on w what is being done, with the time since began.
func progressTo(w io.Writer, began time.Time) func(format string, args ...any) {
	return func(format string, args ...any) {
		fmt.Fprintf(w, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
}
