package core

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

const (
	// connectTimeout bounds making a connection, its login included.
	connectTimeout = 5 * time.Second
	// silentAfter is how long an answer may be awaited before Postgres is asked,
	// over its own connection, whether it is there; askTimeout is how long
	// that may take. Only who gets no answer there either is taken to be away: a
	// statement that waits for a lock, or simply takes long, goes on.
	silentAfter = 2 * time.Second
	askTimeout  = 4 * time.Second
	// lookEvery is how often the connections are looked at, and how often a
	// Postgres that was away is asked again.
	lookEvery = 500 * time.Millisecond
	// calmAfter is how long after the last trouble the database counts as calm.
	calmAfter = 2 * time.Second
)

// keepAlive finds a peer that vanished without a word within about 20 seconds.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 3 * time.Second, Count: 3}

// errSilent is why connections are closed, and not made: Postgres, or the way to
// it, takes connections but does not answer.
var errSilent = errors.New("no answer from Postgres")

// dialer makes the connections to Postgres. It closes them all when Postgres
// stops answering, as one that is frozen does: no deadline of a statement ends
// that, since it is Postgres that would have to end the statement. It is safe
// for concurrent use.
type dialer struct {
	net net.Dialer
	ask *pq.Connector

	silent  atomic.Bool
	trouble atomic.Int64 // when the last connection broke or could not be made, in Unix nanoseconds

	mu      sync.Mutex
	open    map[*watched]struct{}
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// newDialer makes a dialer that asks over connections of the connector, which
// must be one that does not use this dialer.
func newDialer(ask *pq.Connector) *dialer {
	ctx, stop := context.WithCancel(context.Background())
	d := &dialer{net: newNetDialer(), ask: ask, open: map[*watched]struct{}{}, stop: stop}
	d.stopped.Go(func() { d.watch(ctx) })
	return d
}

func newNetDialer() net.Dialer {
	return net.Dialer{KeepAliveConfig: keepAlive, Control: limitUnacknowledged}
}

func (d *dialer) close() {
	d.stop()
	d.stopped.Wait()
}

// calm says whether connections were in order for a while.
func (d *dialer) calm() bool { return time.Since(time.Unix(0, d.trouble.Load())) >= calmAfter }

func (d *dialer) troubled() { d.trouble.Store(time.Now().UnixNano()) }

// Dial makes pq use the dialer. It calls DialContext instead.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialTimeout(network, address, connectTimeout)
}

// DialTimeout is as Dial.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext makes a connection, unless Postgres is known to be silent.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.silent.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errSilent}
	}
	c, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			d.troubled()
		}
		return nil, err
	}
	w := &watched{Conn: c, dialer: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[w] = struct{}{}
	return w, nil
}

func (d *dialer) forget(w *watched) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, w)
}

// waiting says whether an answer is awaited for too long.
func (d *dialer) waiting() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.open {
		if since := w.reading.Load(); since > 0 && time.Since(time.Unix(0, since)) > silentAfter {
			return true
		}
	}
	return false
}

// watch asks Postgres whether it is there, when there is a doubt.
func (d *dialer) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if d.silent.Load() || d.waiting() {
			answers := d.answers(ctx)
			if !answers && ctx.Err() == nil {
				d.breakAll()
			}
			d.silent.Store(!answers)
		}
	}
}

// answers says whether Postgres says anything to a new connection, be it that it
// can't take it.
func (d *dialer) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	c, err := d.ask.Connect(ctx)
	if err == nil {
		_ = c.Close()
		return true
	}
	var said *pq.Error
	return errors.As(err, &said)
}

func (d *dialer) breakAll() {
	d.troubled()
	d.mu.Lock()
	all := make([]*watched, 0, len(d.open))
	for w := range d.open {
		all = append(all, w)
	}
	d.mu.Unlock()
	for _, w := range all {
		_ = w.Close()
	}
}

// watched is a connection that knows since when an answer is awaited. Package pq
// reads only when it awaits one.
type watched struct {
	net.Conn
	dialer  *dialer
	reading atomic.Int64 // Unix nanoseconds; 0 = nothing is awaited
	closed  atomic.Bool
}

func (w *watched) Read(b []byte) (int, error) {
	w.reading.Store(time.Now().UnixNano())
	n, err := w.Conn.Read(b)
	w.reading.Store(0)
	w.broke(err)
	return n, err
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.broke(err)
	return n, err
}

func (w *watched) broke(err error) {
	if err != nil && !w.closed.Load() {
		w.dialer.troubled()
	}
}

func (w *watched) Close() error {
	w.closed.Store(true)
	w.dialer.forget(w)
	return w.Conn.Close()
}
