package store

import (
	"context"
	"slices"
	"sync"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// Bounds of what shares a statement. A request alone may have more.
const (
	// gatherStatements is how many statements are under way at once. One more
	// request than that waits and shares the next one; with fewer requests each
	// has a statement of its own.
	gatherStatements = 2
	gatherEvents     = 100
	gatherBytes      = 4 << 20
)

// gather has requests that come faster than Postgres commits share statements
// and commits. It is safe for concurrent use.
type gather struct {
	// run accepts offers in one transaction, all or none, and fills in what became
	// of each.
	run func(ctx context.Context, all []*caller) error

	mu      sync.Mutex
	queue   []*caller
	running int
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
	if g.running < gatherStatements {
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
	for {
		next := g.next()
		if next == nil {
			return
		}
		// No request's own context: the others must not end with it.
		ctx, cancel := context.WithTimeout(context.Background(), longestIngest)
		g.answer(ctx, next)
		cancel()
	}
}

// next takes the oldest requests out of the queue, as many as may share a
// statement. Two events of one id never do: only one of them would be answered.
func (g *gather) next() []*caller {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
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
	if err != nil && len(all) > 1 && !unavailable(err) && ctx.Err() == nil {
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

// offer gathers; but what is a part of a transaction is shared with nobody.
func (s *Store) offer(ctx context.Context, o offered) ([]ingested, error) {
	if carried(ctx) == nil {
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
	columns := eventColumns(offers)
	return s.byItself(ctx, "ingest", acceptEvents, func(accept *sqlx.Stmt) error {
		for _, w := range all {
			w.found = w.found[:0]
		}
		return eachIngested(ctx, accept, columns, func(r ingested) {
			w := of[r.position]
			r.position -= first[r.position]
			w.found = append(w.found, r)
		})
	})
}
