package activities

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

const (
	// finishTogether is how many ends share a statement at most.
	finishTogether = 100
	// While at least finishMany share one, the next one is left finishApart to fill.
	finishMany  = 5
	finishApart = 5 * time.Millisecond
	// An end whose delivery others have locked is tried again after lockedPause, and
	// then after twice as long each time, up to longestLocked.
	lockedPause   = 10 * time.Millisecond
	longestLocked = 500 * time.Millisecond
)

// finish writes an attempt's end down. The request is made and can't be taken
// back, so neither a stop of this worker nor a database that restarts may make
// it forgotten: it would be sent again.
func (a *Activities) finish(f hook.Finish) error {
	a.kept.add(1)
	defer a.kept.add(-1)
	e := &end{Finish: f, since: time.Now(), written: make(chan error, 1)}
	if f.Plain() {
		a.ends.add("", e, a.succeed)
	} else {
		a.ends.add(f.WebhookID, e, a.ofWebhook)
	}
	return <-e.written
}

// end is the end of an attempt that waits to be written.
type end struct {
	hook.Finish
	since   time.Time
	locked  time.Duration // the last pause for a lock
	written chan error
}

// sharing has what comes faster than the database commits share statements. Of ends
// of attempts successes do, whatever their webhooks, and all else by webhook, so that
// one statement at a time waits for a webhook's lock. One that comes alone is written
// at once. The zero value is ready, and safe for concurrent use.
type sharing[T any] struct {
	mu      sync.Mutex
	waiting map[string][]T // by webhook, "" for all; an entry = it is being written
}

// add has one written by write, together with others under the same name.
func (s *sharing[T]) add(name string, one T, write func([]T)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, writing := s.waiting[name]
	if s.waiting == nil {
		s.waiting = map[string][]T{}
	}
	s.waiting[name] = append(waiting, one)
	if !writing {
		go s.work(name, write)
	}
}

func (s *sharing[T]) work(name string, write func([]T)) {
	for {
		next := s.next(name)
		if len(next) == 0 {
			return
		}
		write(next)
		if len(next) >= finishMany && len(next) < finishTogether {
			time.Sleep(finishApart)
		}
	}
}

func (s *sharing[T]) next(name string) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.waiting[name]
	n := min(len(waiting), finishTogether)
	if n == 0 {
		delete(s.waiting, name)
		return nil
	}
	s.waiting[name] = waiting[n:]
	return waiting[:n:n]
}

// succeed writes successes with one statement. One whose delivery others have
// locked delays only itself, and one that makes its webhook better only those of
// the same webhook.
func (a *Activities) succeed(all []*end) {
	var r hook.Recorded
	err := a.keep(func(ctx context.Context) (err error) {
		r, err = a.Ledger.Succeed(ctx, finishes(all))
		return err
	})
	if apart(all, err, a.succeed) {
		return
	}
	for _, e := range all {
		switch {
		case err == nil && slices.ContainsFunc(r.Left, func(f hook.Finish) bool { return f.DeliveryID == e.DeliveryID && f.Number == e.Number }):
			a.later(e)
		case err == nil && slices.Contains(r.Better, e.WebhookID):
			a.ends.add(e.WebhookID, e, a.ofWebhook)
		default:
			e.written <- err
		}
	}
}

// later tries an end again whose delivery others have locked.
func (a *Activities) later(e *end) {
	if a.firsts.context().Err() != nil || time.Since(e.since) > finishWithin && a.kept.tooMany() {
		e.written <- hook.LockedDelivery(e.DeliveryID)
		return
	}
	e.locked = nextPause(e.locked)
	time.AfterFunc(e.locked, func() { a.ends.add("", e, a.succeed) })
}

// nextPause is how long something waits whose delivery others have locked, after the
// last pause.
func nextPause(last time.Duration) time.Duration {
	return min(max(2*last, lockedPause), longestLocked)
}

// ofWebhook writes failures of one webhook, and what successes that are written
// already do to its health.
func (a *Activities) ofWebhook(all []*end) {
	var well, failed []*end
	for _, e := range all {
		if e.Plain() {
			well = append(well, e)
		} else {
			failed = append(failed, e)
		}
	}
	if len(well) > 0 {
		a.better(well)
	}
	if len(failed) > 0 {
		a.fail(failed)
	}
}

// better says that attempts to a webhook succeeded. They are in the ledger: where
// this fails the next success says it again.
func (a *Activities) better(all []*end) {
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.DeliveryID
	}
	err := outlast(func(ctx context.Context) (err error) {
		a.turns.Do(all[0].OwnerID, func() { err = a.Ledger.Improve(ctx, all[0].WebhookID, ids) })
		return err
	})
	if err != nil {
		a.Log.Warn("a success could not change its webhook's health", zap.String("webhook_id", all[0].WebhookID), zap.Error(err))
	}
	for _, e := range all {
		e.written <- nil
	}
}

// fail writes failures of one webhook. Only a few webhooks are written at one moment,
// in turns among their owners: what fails leaves connections to what succeeds.
func (a *Activities) fail(all []*end) {
	err := a.keep(func(ctx context.Context) (err error) {
		a.turns.Do(all[0].OwnerID, func() { err = a.Ledger.Fail(ctx, finishes(all)) })
		return err
	})
	if apart(all, err, a.fail) {
		return
	}
	for _, e := range all {
		e.written <- err
	}
}

func finishes(all []*end) []hook.Finish {
	out := make([]hook.Finish, len(all))
	for i, e := range all {
		out[i] = e.Finish
	}
	return out
}

// apart gives each end a statement for itself where one for all fails for another
// reason than that the database is away: none fails for what is in another.
func apart(all []*end, err error, write func([]*end)) bool {
	if err == nil || len(all) == 1 || hook.CodeOf(err) == hook.CodeUnavailable {
		return false
	}
	for _, e := range all {
		write([]*end{e})
	}
	return true
}
