package match

import (
	"context"
	"time"

	"godwit/internal/hook"
)

const (
	// mostRead is how many events are read at a time, about 1 MB without their states, and mostWhole how many with their
	// states: those behind small ones may be of hook.MaxEventBytes, 50 MiB in all. They
	// are fewer where the ones before were large: about pageBytes, and firstRead before it
	// is known how large they are.
	mostRead  = 2500
	mostWhole = 200
	firstRead = 20
	pageBytes = 4 << 20
)

// bounds limit how much of the past one request reads: events, those that are read at
// a time, bytes of their states, and time.
type bounds struct {
	events, page, bytes int
	time                time.Duration
}

// reading reads events back from the newest, as far as its bounds allow.
type reading struct {
	read func(context.Context, hook.Page) ([]hook.Event, error)
	most bounds
	// events and bytes are how much was seen.
	events, bytes int
	// cut: a bound was reached before the end of the past.
	cut bool
	// last is the event that was seen last.
	last *hook.Cursor
}

// back shows the events after a cursor, nil = all, until see has enough.
func (r *reading) back(ctx context.Context, after *hook.Cursor, see func(context.Context, hook.Event) (more bool)) error {
	bounded, cancel := context.WithTimeout(ctx, r.most.time)
	defer cancel()
	page := hook.Page{Limit: firstRead, After: after}
	for {
		events, err := r.read(bounded, page)
		more := true
		if err == nil {
			more, err = r.show(bounded, events, see)
		}
		switch {
		case !more:
			return nil
		case bounded.Err() != nil && ctx.Err() == nil:
			r.cut = true
			return nil
		case err != nil:
			return err
		case len(events) < page.Limit:
			return nil
		case r.events >= r.most.events || r.bytes >= r.most.bytes:
			r.cut = true
			return nil
		}
		page.After = r.last
		page.Limit = min(max(1, min(pageBytes, r.most.bytes-r.bytes)*r.events/max(1, r.bytes)), r.most.page, r.most.events-r.events)
	}
}

// recent reads the events of a query.
func (e *Engine) recent(q hook.RecentQuery, most bounds) *reading {
	most.page = mostRead
	if q.States {
		most.page = mostWhole
	}
	return &reading{most: most, read: func(ctx context.Context, page hook.Page) ([]hook.Event, error) { return e.Store.Recent(ctx, q, page) }}
}

func (r *reading) show(ctx context.Context, events []hook.Event, see func(context.Context, hook.Event) bool) (more bool, err error) {
	for _, event := range events {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		more := see(ctx, event)
		if err := ctx.Err(); err != nil {
			return true, err // the event was perhaps not looked at to its end
		}
		r.events++
		r.bytes += len(event.Previous) + len(event.Current)
		r.last = new(event.Cursor())
		if !more {
			return false, nil
		}
	}
	return true, nil
}

const (
	// shortWork needs no rest, and longestRest bounds one.
	shortWork   = time.Millisecond
	longestRest = 100 * time.Millisecond
)

// rested runs look, which tries rules on an event, and then waits as long as look took.
// So a preview takes half of a processor and leaves the other half to those who publish.
func rested(ctx context.Context, look func()) {
	began := time.Now()
	look()
	took := time.Since(began)
	if took < shortWork {
		return
	}
	timer := time.NewTimer(min(took, longestRest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
