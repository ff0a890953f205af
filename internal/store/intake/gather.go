package intake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// Bounds of what shares a statement. A request alone may have more.
const (
	gatherEvents = 100
	gatherBytes  = 4 << 20
	// While at least gatherMany requests share one, the next one is left gatherApart to
	// fill: by itself a statement costs as much as ten events in it (docs/performance.md).
	gatherMany  = 5
	gatherApart = 5 * time.Millisecond
	// gatherPatience is how long one statement is under way alone. It may wait for a
	// lock then, and a second one goes beside it.
	gatherPatience = 50 * time.Millisecond
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
	running int             // statements
	slow    int             // those of them that have lost patience
	locked  map[string]bool // webhooks that a statement under way locks
}

// caller is a request that waits to be offered, or for the answer.
type caller struct {
	offered
	choice  hook.Choice // see acceptParts, as answers
	bytes   int
	done    chan struct{} // closed when the answer and err are there
	found   []ingested
	answers []*hook.Accepted // by event
	err     error
}

// offer returns the outcome of the events.
func (g *gather) offer(ctx context.Context, o offered) ([]ingested, error) {
	w := &caller{offered: o}
	if err := g.call(ctx, w); err != nil {
		return nil, err
	}
	return w.found, nil
}

// call waits for the answer. When ctx ends first, a request that is still in the
// queue is not carried out.
func (g *gather) call(ctx context.Context, w *caller) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.done = make(chan struct{})
	for _, e := range w.events {
		w.bytes += len(e.Previous) + len(e.Current)
	}
	g.enqueue(w)
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		g.withdraw(w)
		return ctx.Err()
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
	if len(g.queue) > 0 && g.running <= min(g.slow, core.GatherStatements-1) {
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
		ctx, cancel := context.WithTimeout(context.Background(), core.LongestIngest)
		g.answer(ctx, next)
		cancel()
		patient()
		g.unlock(next)
		if len(next) >= gatherMany && g.waiting() < gatherEvents {
			time.Sleep(gatherApart)
		}
	}
}

// waiting is how many requests are in the queue.
func (g *gather) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
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
// statement. One that locks what a statement under way has locked, or what one before
// it waits for, stays in the queue: it would only wait with a connection in its hand.
func (g *gather) next() []*caller {
	g.mu.Lock()
	defer g.mu.Unlock()
	var taken sharing
	if g.running <= g.slow+1 { // else one that is not slow goes on
		var left []*caller
		blocked := maps.Clone(g.locked)
		for _, w := range g.queue {
			switch {
			case w.waitsFor(blocked):
				w.lock(blocked)
				left = append(left, w)
			case taken.hasRoomFor(w):
				taken.add(w)
			default:
				left = append(left, w)
			}
		}
		g.queue = left
	}
	if len(taken.requests) == 0 {
		g.running--
		return nil
	}
	if g.locked == nil {
		g.locked = map[string]bool{}
	}
	for _, w := range taken.requests {
		w.lock(g.locked)
	}
	return taken.requests
}

func (g *gather) unlock(all []*caller) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range all {
		for _, h := range w.choice.Happenings {
			delete(g.locked, h.WebhookID)
		}
	}
}

// waitsFor says whether the request locks a webhook that is locked.
func (w *caller) waitsFor(locked map[string]bool) bool {
	return slices.ContainsFunc(w.choice.Happenings, func(h hook.Happening) bool { return locked[h.WebhookID] })
}

func (w *caller) lock(locked map[string]bool) {
	for _, h := range w.choice.Happenings {
		locked[h.WebhookID] = true
	}
}

// sharing is the requests that share a statement.
type sharing struct {
	requests                  []*caller
	events, bytes, deliveries int
	ids                       map[string]bool
}

// hasRoomFor says whether a request may be added; the first one may always. Two events
// of one id never share a statement: only one of them would be answered.
func (s *sharing) hasRoomFor(w *caller) bool {
	return len(s.requests) == 0 || s.events+len(w.events) <= gatherEvents && s.bytes+w.bytes <= gatherBytes &&
		s.deliveries+w.deliveries() <= DeliveriesAtOnce &&
		!slices.ContainsFunc(w.events, func(e hook.Event) bool { return s.ids[e.ID] })
}

func (s *sharing) add(w *caller) {
	s.requests, s.events, s.bytes, s.deliveries = append(s.requests, w), s.events+len(w.events), s.bytes+w.bytes, s.deliveries+w.deliveries()
	if s.ids == nil {
		s.ids = make(map[string]bool, gatherEvents)
	}
	for _, e := range w.events {
		s.ids[e.ID] = true
	}
}

// deliveries is how many the request inserts, as far as that is known before.
func (w *caller) deliveries() int { return len(w.choice.Matches) + len(w.choice.Deferred) }

// answer runs one statement. Where it fails for another reason than that the
// database is away, each request gets one of its own, so that none fails for
// what is in another.
func (g *gather) answer(ctx context.Context, all []*caller) {
	err := g.carryOut(ctx, all)
	if err != nil && len(all) > 1 && g.dividing(err, all) && ctx.Err() == nil {
		g.answerEach(ctx, all)
		return
	}
	for _, w := range all {
		w.answer(err)
	}
}

func (w *caller) answer(err error) {
	w.err = err
	close(w.done)
}

// carryOut turns a panic into an error: it must not end the other requests of this
// process, as it would outside of the goroutine of a request.
func (g *gather) carryOut(ctx context.Context, all []*caller) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic in an ingest: %v\n%s", cause, debug.Stack())
		}
	}()
	return g.run(ctx, all)
}

// dividing says whether some of the requests may succeed where all together have failed.
func (g *gather) dividing(err error, all []*caller) bool {
	locks := slices.ContainsFunc(all, func(w *caller) bool { return len(w.choice.Happenings) > 0 })
	return hook.CodeOf(err) != hook.CodeUnavailable || locks && errors.Is(err, hook.ErrLocked)
}

// answerEach runs a statement for each request. For a webhook that is locked one of
// them waits, and the others that lock it fail with it.
func (g *gather) answerEach(ctx context.Context, all []*caller) {
	locked := map[string]bool{}
	for _, w := range all {
		if w.waitsFor(locked) {
			w.answer(&hook.Error{Code: hook.CodeUnavailable, Message: "a webhook is locked whose combination the event counts in", Err: hook.ErrLocked})
			continue
		}
		g.answer(ctx, []*caller{w})
		if errors.Is(w.err, hook.ErrLocked) {
			w.lock(locked)
		}
	}
}
