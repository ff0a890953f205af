package core

import (
	"context"
	"errors"
	"slices"

	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"

	"godwit/internal/hook"
)

const (
	// dueChannel is where processes tell one another what is due. Each worker has
	// another one to itself, with its name behind a dot.
	dueChannel = "godwit_due"
	// workersChannel is where workers say that they have room.
	workersChannel = "godwit_workers"
)

// Notify tells a worker what is due, or all that listen where worker is empty. It is
// never sent inside an ingest: a transaction that notifies commits one at a time.
func (s *DB) Notify(ctx context.Context, worker string, due hook.Due) error {
	return s.notify(ctx, channelOf(worker), string(due))
}

// Present tells those who call ListenWorkers that this worker has room.
func (s *DB) Present(ctx context.Context, worker string) error {
	return s.notify(ctx, workersChannel, worker)
}

// notify does not wait for the disk: it writes nothing, and what a crash loses is found
// by polling.
func (s *DB) notify(ctx context.Context, channel, what string) error {
	_, err := s.On(ctx).ExecContext(ctx, `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`, channel, what)
	return Classify("notify other processes", err)
}

func channelOf(worker string) string {
	if worker == "" {
		return dueChannel
	}
	return dueChannel + "." + worker
}

// Listen calls wake with what is due until ctx ends, for each notification to this
// worker or to all, and for everything after the connection was lost, or where another
// version says nothing that this one knows; see ListenOn.
func (s *DB) Listen(ctx context.Context, worker string, wake func(hook.Due)) error {
	said := func(said string) {
		all := hook.AllDue()
		if slices.Contains(all, hook.Due(said)) {
			all = []hook.Due{hook.Due(said)}
		}
		for _, due := range all {
			wake(due)
		}
	}
	var group errgroup.Group
	for _, channel := range []string{channelOf(""), channelOf(worker)} {
		group.Go(func() error { return s.ListenOn(ctx, channel, said) })
	}
	return group.Wait()
}

// ListenWorkers calls present with the name of each worker that has room, about once a
// second, until ctx ends; see ListenOn.
func (s *DB) ListenWorkers(ctx context.Context, present func(worker string)) error {
	return s.ListenOn(ctx, workersChannel, present)
}

// ListenOn calls wake with what each notification of a channel says, and with nothing
// after the connection was lost, until ctx ends, also where there was never a
// connection. A lost one is made again; what was missed in between is found by polling.
// All that listen share one connection. wake must not block.
func (s *DB) ListenOn(ctx context.Context, channel string, wake func(string)) error {
	r := &reader{channel, wake}
	listener := s.listening.add(r, s.url)
	defer s.listening.remove(r)
	listened := make(chan error, 1)
	go func() { listened <- listener.Listen(channel) }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-listened:
		if err != nil && !errors.Is(err, pq.ErrChannelAlreadyOpen) && ctx.Err() == nil {
			return Classify("listen on "+channel, err)
		}
	}
	<-ctx.Done()
	return nil
}
