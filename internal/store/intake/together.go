package intake

import (
	"context"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// offer gathers; but what is a part of a transaction is shared with nobody. What
// takes a statement alone has a lane apart: it takes long, and those that share
// statements must not wait for it.
func (s *Store) offer(ctx context.Context, o offered) ([]ingested, error) {
	switch {
	case core.TxOf(ctx) != nil:
	case len(o.events) > gatherEvents || o.rest || s.fanOut.many(o.events):
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
	ctx = core.Via(ctx, s.IntakePool)
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
	err := s.ByItself(ctx, "ingest", AcceptEvents, func(accept *sqlx.Stmt) error {
		found = found[:0]
		seen := s.Clock.Reading()
		err := eachIngested(ctx, accept, columns, func(r ingested) { found = append(found, r) })
		if len(found) > 0 && core.TxOf(ctx) == nil { // else its transaction has begun before
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
		if r.accepted {
			s.fanOut.note(events[i], r.matched)
		}
		r.position = place
		w.found = append(w.found, r)
	}
	s.beginFirsts(ctx, events, found)
	return nil
}

// PartsUnderWay says that a transaction accepts parts of combinations.
func (s *Store) PartsUnderWay() bool {
	s.parts.mu.Lock()
	defer s.parts.mu.Unlock()
	return len(s.parts.locked) > 0
}

// PartsThatWait is how many requests with parts of combinations wait for those under way.
func (s *Store) PartsThatWait() int {
	s.parts.mu.Lock()
	defer s.parts.mu.Unlock()
	return len(s.parts.queue)
}
