package core

import (
	"context"
	"net"
	"time"

	"github.com/lib/pq"
)

// dueChannel is where processes tell one another that deliveries are due.
const dueChannel = "godwit_due"

// Notify tells listening processes that deliveries are due. It is never sent
// inside an ingest: a transaction that notifies commits one at a time.
func (s *DB) Notify(ctx context.Context) error {
	_, err := s.On(ctx).ExecContext(ctx, `SELECT pg_notify($1, '')`, dueChannel)
	return Classify("notify the workers", err)
}

// How long after a lost connection it is made again: the first time, and at most.
const (
	listenAgainAfter = time.Second
	listenPause      = 10 * time.Second
)

// Listen calls wake for each notification until ctx ends, also where there was
// never a connection. A lost one is made again; what was missed in between is
// found by polling.
func (s *DB) Listen(ctx context.Context, wake func()) error {
	return s.ListenOn(ctx, dueChannel, func(string) { wake() })
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
