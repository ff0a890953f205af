package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"godwit/internal/app"
)

// part is a started piece of the process. stop ends it, at the latest when its
// context does; died yields the reason when it ends by itself.
type part struct {
	name string
	stop func(context.Context) error
	died <-chan error
}

// standalone is the process: its parts in the order in which they were started.
type standalone struct {
	*environment
	ctx   context.Context // ends with a signal, or with a part that died as its cause
	fail  context.CancelCauseFunc
	out   io.Writer
	parts []part
	// services are addresses of the parts, as host:port, that nothing is delivered to.
	services []string
	// addresses are those that the product listens on; they are known once it is ready.
	addresses app.Addresses
}

func newStandalone(ctx context.Context, env *environment, out io.Writer) *standalone {
	s := &standalone{environment: env, out: out}
	s.ctx, s.fail = context.WithCancelCause(ctx)
	return s
}

// up starts what the environment does not name already, each after what it needs.
func (s *standalone) up() error {
	for _, warning := range s.warnings {
		fmt.Fprintln(s.out, "warning:", warning)
	}
	for _, step := range []struct {
		name   string
		needed bool
		start  func(context.Context) (part, error)
	}{
		{"postgres", s.runPostgres, s.startPostgres},
		{"temporal", s.runTemporal, s.startTemporal},
		{"temporal ui", s.runTemporal, s.startUI},
		{"godwit", true, s.startGodwit},
	} {
		if !step.needed {
			continue
		}
		began := time.Now()
		p, err := step.start(s.ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		p.name = step.name
		s.parts = append(s.parts, p)
		go s.watch(p)
		fmt.Fprintf(s.out, "%-13s ready in %.1fs\n", p.name, time.Since(began).Seconds())
	}
	s.announce()
	return nil
}

// watch ends the process when a part ended although nothing was to stop.
func (s *standalone) watch(p part) {
	select {
	case reason := <-p.died:
		s.fail(fmt.Errorf("%s ended unexpectedly: %w", p.name, reason))
	case <-s.ctx.Done():
	}
}

// attemptsEndWithin is how long attempts under way may go on after a stop was
// asked for: what is left of 15 s when the parts below have had their time.
const attemptsEndWithin = 8 * time.Second

// stopBy says how long after the beginning of a stop a part is given up on, so
// that one that is slow does not take the time of those it depends on. Postgres
// writes out what it has in memory alone; cut short, it needs up to three seconds
// more, which still ends the whole within 15.
func stopBy(name string) time.Duration {
	switch name {
	case "postgres":
		return 12 * time.Second
	case "temporal":
		return 10500 * time.Millisecond
	default:
		return attemptsEndWithin + time.Second
	}
}

// down stops the parts, the last started first; it gives up on all of them when
// hurry ends. What goes wrong is said and harms nothing: the next start recovers.
func (s *standalone) down(hurry context.Context) {
	s.fail(nil)
	began := time.Now()
	for _, p := range slices.Backward(s.parts) {
		ctx, cancel := context.WithDeadline(hurry, began.Add(stopBy(p.name)))
		if err := p.stop(ctx); err != nil {
			fmt.Fprintf(s.out, "warning: %s did not stop cleanly: %v\n", p.name, err)
		}
		cancel()
	}
}

// within runs a stop that knows no context; after ctx it is left behind.
func within(ctx context.Context, stop func() error) error {
	done := make(chan error, 1)
	go func() { done <- stop() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
