package core

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/lib/pq"

	"godwit/internal/hook"
)

// dueChannel is where processes tell one another what is due.
const dueChannel = "godwit_due"

// Notify tells listening processes what is due. It is never sent inside an ingest: a
// transaction that notifies commits one at a time. Nor does it wait for the disk: it
// writes nothing, and what a crash loses is found by polling.
func (s *DB) Notify(ctx context.Context, due hook.Due) error {
	_, err := s.On(ctx).ExecContext(ctx, `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`, dueChannel, string(due))
	return Classify("notify the workers", err)
}

// How long after a lost connection it is made again: the first time, and at most.
const (
	listenAgainAfter = time.Second
	listenPause      = 10 * time.Second
)

// Listen calls wake with what is due for each notification until ctx ends, also where
// there was never a connection, and for everything after the connection was lost, or
// where another version says nothing that this one knows. A lost connection is made
// again; what was missed in between is found by polling.
func (s *DB) Listen(ctx context.Context, wake func(hook.Due)) error {
	return s.ListenOn(ctx, dueChannel, func(said string) {
		all := hook.AllDue()
		if slices.Contains(all, hook.Due(said)) {
			all = []hook.Due{hook.Due(said)}
		}
		for _, due := range all {
			wake(due)
		}
	})
}

// ListenOn calls wake with what each notification of a channel says, and with nothing
// after the connection was lost.
func (s *DB) ListenOn(ctx context.Context, channel string, wake func(string)) error {
	listener := pq.NewDialListener(until{ctx, newNetDialer()}, s.url, listenAgainAfter, listenPause, nil)
	closed := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer func() {
		if closed() {
			_ = listener.Close()
		}
	}()
	if err := listener.Listen(channel); err != nil && ctx.Err() == nil {
		return Classify("listen on "+channel, err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-listener.Notify:
			if n == nil { // the connection was lost
				wake("")
			} else {
				wake(n.Extra)
			}
		}
	}
}

// until makes connections that end with a context: package pq's listener can't be
// closed while it makes one.
type until struct {
	ctx context.Context
	net net.Dialer
}

// Dial makes a connection.
func (u until) Dial(network, address string) (net.Conn, error) {
	return u.DialTimeout(network, address, connectTimeout)
}

// DialTimeout makes a connection within a time.
func (u until) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(u.ctx, timeout)
	defer cancel()
	c, err := u.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(u.ctx, func() { _ = c.Close() })
	return c, nil
}
