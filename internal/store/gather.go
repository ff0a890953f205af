package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// Bounds of what shares a statement. A request alone may have more.
const (
	gatherEvents = 100
	gatherBytes  = 4 << 20
	// gatherPatience is how long one statement is under way alone. It may wait for a
	// lock then, and a second one goes beside it.
	gatherPatience   = 50 * time.Millisecond
	gatherStatements = 2
)

// gather has requests that come faster than Postgres commits share statements
// and commits: what comes while a statement is under way shares the next one. It
// is safe for concurrent use.
type gather struct {
	// run accepts offers in one transaction, all or none, and fills in what became
	// of each.
	run func(ctx context.Context, all []*caller) error

	mu      sync.Mutex
	queue   []*caller
	running int // statements
	slow    int // those of them that have lost patience
}

// caller is a request that waits to be offered, or for the answer.
type caller struct {
	offered
	bytes int
	done  chan struct{} // closed when found and err are there
	found []ingested
	err   error
}

// offer returns what became of the events. When ctx ends first, those that are
// still in the queue are not offered.
func (g *gather) offer(ctx context.Context, o offered) ([]ingested, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &caller{offered: o, done: make(chan struct{})}
	for _, e := range o.events {
		w.bytes += len(e.Previous) + len(e.Current)
	}
	g.enqueue(w)
	select {
	case <-w.done:
		return w.found, w.err
	case <-ctx.Done():
		g.withdraw(w)
		return nil, ctx.Err()
	}
}

func (g *gather) enqueue(w *caller) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = append(g.queue, w)
	g.start()
}

// start starts what waits, if it may go now.
func (g *gather) start() {
	if len(g.queue) > 0 && g.running <= min(g.slow, gatherStatements-1) {
		g.running++
		go g.work()
	}
}

func (g *gather) withdraw(w *caller) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = slices.DeleteFunc(g.queue, func(other *caller) bool { return other == w })
}

// work runs statements until nothing waits.
func (g *gather) work() {
	for next := g.next(); next != nil; next = g.next() {
		patient := g.patient()
		// No request's own context: the others must not end with it.
		ctx, cancel := context.WithTimeout(context.Background(), longestIngest)
		g.answer(ctx, next)
		cancel()
		patient()
	}
}

// patient watches a statement until what it returns is called.
func (g *gather) patient() (ended func()) {
	done, slow := false, false
	timer := time.AfterFunc(gatherPatience, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if !done {
			slow = true
			g.slow++
			g.start()
		}
	})
	return func() {
		timer.Stop()
		g.mu.Lock()
		defer g.mu.Unlock()
		if done = true; slow {
			g.slow--
		}
	}
}

// next takes the oldest requests out of the queue, as many as may share a
// statement. Two events of one id never do: only one of them would be answered.
func (g *gather) next() []*caller {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 || g.running > g.slow+1 { // or one that is not slow goes on
		g.running--
		return nil
	}
	var taken, left []*caller
	events, bytes := 0, 0
	ids := map[string]bool{}
	for _, w := range g.queue {
		fits := events+len(w.events) <= gatherEvents && bytes+w.bytes <= gatherBytes && !w.anyOf(ids)
		if len(taken) > 0 && !fits {
			left = append(left, w)
			continue
		}
		taken, events, bytes = append(taken, w), events+len(w.events), bytes+w.bytes
		for _, e := range w.events {
			ids[e.ID] = true
		}
	}
	g.queue = left
	return taken
}

func (w *caller) anyOf(ids map[string]bool) bool {
	return slices.ContainsFunc(w.events, func(e hook.Event) bool { return ids[e.ID] })
}

// answer runs one statement. Where it fails for another reason than that the
// database is away, each request gets one of its own, so that none fails for
// what is in another.
func (g *gather) answer(ctx context.Context, all []*caller) {
	err := g.run(ctx, all)
	if err != nil && len(all) > 1 && hook.CodeOf(err) != hook.CodeUnavailable && ctx.Err() == nil {
		for _, w := range all {
			g.answer(ctx, []*caller{w})
		}
		return
	}
	for _, w := range all {
		w.err = err
		close(w.done)
	}
}

// offer gathers; but what is a part of a transaction is shared with nobody. What
// takes a statement alone has a lane apart: it takes long, and those that share
// statements must not wait for it.
func (s *Store) offer(ctx context.Context, o offered) ([]ingested, error) {
	switch {
	case carried(ctx) != nil:
	case len(o.events) > gatherEvents || o.rest:
		return s.large.offer(ctx, o)
	default:
		return s.gather.offer(ctx, o)
	}
	w := &caller{offered: o}
	err := s.acceptAll(ctx, []*caller{w})
	return w.found, err
}

// acceptAll is a gather's run.
func (s *Store) acceptAll(ctx context.Context, all []*caller) error {
	offers := make([]offered, len(all))
	var of []*caller // by position
	var first []int  // position of the first event of each
	for i, w := range all {
		offers[i] = w.offered
		for range w.events {
			first = append(first, len(of))
		}
		for range w.events {
			of = append(of, w)
		}
	}
	room := s.room(ctx)
	columns := eventColumns(offers, room)
	var found []ingested
	err := s.byItself(ctx, "ingest", acceptEvents, func(accept *sqlx.Stmt) error {
		found = found[:0]
		seen := s.clock.reading()
		err := eachIngested(ctx, accept, columns, func(r ingested) { found = append(found, r) })
		if len(found) > 0 && carried(ctx) == nil { // else its transaction has begun before
			seen(found[0].begun.acceptedAt)
		}
		return err
	})
	if err != nil {
		return err
	}
	events := make([]hook.Event, len(found))
	for i, r := range found {
		w, place := of[r.position], r.position-first[r.position]
		events[i] = w.events[place]
		r.position = place
		w.found = append(w.found, r)
	}
	s.beginFirsts(ctx, events, found)
	return nil
}
