package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bench is one run: what it measures with, and what it has found so far.
type bench struct {
	opts     options
	progress func(format string, args ...any)
	report   report

	receiver *receiver
	postgres *postgres
	app      *standalone
	api      *client
	pids     []int // of the product's processes

	others *bulk    // what crowd gives
	past   *history // what pastOf gives
}

// run measures the chosen sections, in the order in which they disturb one
// another least. What was found until an error is in the report.
func (b *bench) run(ctx context.Context) (err error) {
	b.report.Started = time.Now().UTC().Truncate(time.Second)
	defer func() { b.report.Seconds = rounded(time.Since(b.report.Started).Seconds()) }()
	if _, err := os.Stat(b.opts.standalone); err != nil {
		return fmt.Errorf("find the binary to measure, which make build makes: %w", err)
	}
	dir, err := os.MkdirTemp("", "godwit-bench-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if b.receiver, err = startReceiver(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.receiver.close()) }()
	b.progress("making a Postgres cluster")
	if b.postgres, err = startPostgres(ctx, filepath.Join(dir, "data")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.postgres.stop()) }()
	if b.report.Environment, err = readEnvironment(ctx, b.postgres); err != nil {
		return err
	}
	// The floor comes first: nothing else is running yet.
	if b.opts.has(sectionFloor) {
		if err := b.measureFloor(ctx); err != nil {
			return fmt.Errorf("%s: %w", sectionFloor, err)
		}
	}
	return b.runProduct(ctx, filepath.Join(dir, "data"))
}

// runProduct starts the product and measures the sections that need it.
func (b *bench) runProduct(ctx context.Context, dataDir string) (err error) {
	ctx, died := context.WithCancelCause(ctx)
	defer died(nil)
	for _, section := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{sectionLatency, b.measureLatency},
		{sectionSustained, b.measureSustained},
		{sectionFanOut, b.measureFanOut},
		{sectionWide, b.measureWide},
		{sectionBurst, b.measureBurst},
		{sectionDrain, b.measureDrain},
		{sectionCombine, b.measureCombinations},
		{sectionFaulty, b.measureFaulty},
		{sectionMatching, b.measureMatching},
		{sectionFilters, b.measureFilters},
		{sectionClaim, b.measureClaim},
		{sectionRetention, b.measureRetention},
		{sectionTenants, b.measureTenants},
		{sectionCluster, b.measureCluster},
		{sectionGrowth, b.measureGrowth},
		{sectionPages, b.measurePages},
	} {
		if !b.opts.has(section.name) {
			continue
		}
		if b.app == nil {
			if err := b.startProduct(ctx, dataDir, died); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, b.stopProduct()) }()
		}
		if err := section.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", section.name, because(ctx, err))
		}
	}
	return nil
}

// because puts why ctx ended in the place of the bare fact.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return errors.Join(cause, err)
	}
	return err
}

// startProduct starts the standalone and sends a few events through it, so that
// connections, plans and caches are there before anything is measured.
func (b *bench) startProduct(ctx context.Context, dataDir string, died context.CancelCauseFunc) error {
	b.progress("starting %s", b.opts.standalone)
	if err := b.postgres.handOver(); err != nil {
		return err
	}
	var err error
	if b.app, err = startStandalone(ctx, b.opts.standalone, dataDir); err != nil {
		return err
	}
	b.report.StartSeconds = rounded(b.app.startTook.Seconds())
	go b.app.watch(died)
	b.api, b.pids = newClient(b.app.adminKey, b.app.address), []int{b.app.pid}
	if err = b.postgres.attach(ctx); err == nil {
		err = b.warmUp(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("warm up: %w", because(ctx, err)), b.stopProduct())
	}
	return nil
}

func (b *bench) stopProduct() error {
	b.progress("stopping the standalone")
	took, err := b.app.stop()
	b.report.StopSeconds = rounded(took.Seconds())
	return err
}

func (b *bench) warmUp(ctx context.Context) error {
	const events = 200
	s, err := b.scene(ctx, "warmup", sceneSize{webhooks: 1, events: events})
	if err != nil {
		return err
	}
	shots := load{prefix: "warmup", n: events}.flatOut(ctx, connections, b.publish(s, 1))
	if err := firstError(shots); err != nil {
		return err
	}
	return b.settle(ctx)
}

// settle waits until nothing is under way: every delivery in its final state,
// every workflow closed. So a section leaves the next one a machine at rest.
func (b *bench) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.opts.wait)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		busy, err := b.postgres.underWay(ctx)
		if err != nil {
			return fmt.Errorf("wait for what is under way: %w", err)
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %d deliveries and workflows under way: %w", busy, ctx.Err())
		case <-tick.C:
		}
	}
}
