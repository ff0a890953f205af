package core

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/lib/pq"
)

// How long after a lost connection it is made again: the first time, and at most.
const (
	listenAgainAfter = time.Second
	listenPause      = 10 * time.Second
)

// listening is the one connection on which a process hears notifications. It is there
// while there is a reader. The zero value is ready; it is safe for concurrent use.
type listening struct {
	mu       sync.Mutex
	readers  []*reader
	listener *pq.Listener
	end      context.CancelFunc // of a connection that is being made
}

// reader is whoever listens on a channel.
type reader struct {
	channel string
	wake    func(string)
}

func (l *listening) add(r *reader, url string) *pq.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers = append(l.readers, r)
	if l.listener == nil {
		var ctx context.Context
		ctx, l.end = context.WithCancel(context.Background())
		l.listener = pq.NewDialListener(until{ctx, newNetDialer()}, url, listenAgainAfter, listenPause, nil)
		go l.hear(l.listener.Notify)
	}
	return l.listener
}

// remove ends the connection with the last reader.
func (l *listening) remove(r *reader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers = slices.DeleteFunc(l.readers, func(other *reader) bool { return other == r })
	if len(l.readers) == 0 {
		l.end()
		_ = l.listener.Close()
		l.listener = nil
	}
}

// hear hands notifications out until the connection is closed.
func (l *listening) hear(notifications <-chan *pq.Notification) {
	for n := range notifications {
		l.mu.Lock()
		readers := slices.Clone(l.readers)
		l.mu.Unlock()
		for _, r := range readers {
			switch {
			case n == nil: // the connection was lost
				r.wake("")
			case n.Channel == r.channel:
				r.wake(n.Extra)
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
