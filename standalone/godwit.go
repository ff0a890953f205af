package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"godwit/internal/app"
)

// startGodwit brings the schema up to date and runs the product itself.
func (s *standalone) startGodwit(ctx context.Context) (part, error) {
	log, err := app.NewLogger(s.cfg)
	if err != nil {
		return part{}, fmt.Errorf("make its logger: %w", err)
	}
	if err := app.Migrate(ctx, s.cfg.DatabaseURL, func(line string) { fmt.Fprintln(s.out, line) }); err != nil {
		return part{}, err
	}
	// Not ctx: the product is told to stop by its turn in down, not by the signal.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ready := make(chan app.Addresses, 1)
	ended := make(chan struct{})
	died := make(chan error, 1)
	go func() {
		defer close(ended)
		died <- app.Run(running, s.cfg, log, app.Options{
			Role: app.RoleAll, Version: version, Development: development(s.cfg), StopTimeout: attemptsEndWithin, Services: s.services, Ready: func(at app.Addresses) { ready <- at },
		})
	}()
	stop := func(ctx context.Context) error {
		cancel()
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case s.addresses = <-ready:
		return part{stop: stop, died: died}, nil
	case err := <-died:
		cancel()
		return part{}, cmp.Or(err, errors.New("it ended before it was ready"))
	case <-ctx.Done():
		stopping, done := context.WithTimeout(context.WithoutCancel(ctx), stopBy("godwit"))
		defer done()
		return part{}, errors.Join(context.Cause(ctx), stop(stopping))
	}
}
