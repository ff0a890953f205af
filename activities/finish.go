package activities

import (
	"context"
	"sync"
	"time"

	"godwit/internal/hook"
)

const (
	// finishWithin is how long an attempt's end is tried to be written down; it
	// fits into what the workflow leaves an activity beside its HTTP request.
	finishWithin = 8 * time.Second
	// finishAgainAfter is the pause between two tries.
	finishAgainAfter = 100 * time.Millisecond
	// finishTogether is how many ends share a statement at most.
	finishTogether = 100
	// While at least finishMany share one, the next one is left finishApart to fill.
	finishMany  = 5
	finishApart = 5 * time.Millisecond
)

// finish writes an attempt's end down. The request is made and can't be taken
// back, so neither a stop of this worker nor a database that restarts may make
// it forgotten: it would be sent again.
func (a *Activities) finish(f hook.Finish) error {
	if f.Plain() {
		return a.successes.write(a.Successes, f)
	}
	return outlast(func(ctx context.Context) error { return a.Deliveries.Finish(ctx, f) })
}

// outlast tries again while the database can't be reached.
func outlast(write func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), finishWithin)
	defer cancel()
	tick := time.NewTicker(finishAgainAfter)
	defer tick.Stop()
	for {
		err := write(ctx)
		if hook.CodeOf(err) != hook.CodeUnavailable {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// successes has ends of attempts that come faster than the database commits
// share statements. One that comes alone is written at once.
type successes struct {
	mu      sync.Mutex
	queue   []success
	writing bool
}

// success is one end that waits to be written.
type success struct {
	hook.Finish
	written chan error
}

// write returns when the end is in the ledger.
func (s *successes) write(ledger Successes, f hook.Finish) error {
	e := success{f, make(chan error, 1)}
	s.mu.Lock()
	s.queue = append(s.queue, e)
	if !s.writing {
		s.writing = true
		go s.work(ledger)
	}
	s.mu.Unlock()
	return <-e.written
}

func (s *successes) work(ledger Successes) {
	for {
		next := s.next()
		if len(next) == 0 {
			return
		}
		record(ledger, next)
		if len(next) >= finishMany && len(next) < finishTogether {
			time.Sleep(finishApart)
		}
	}
}

func (s *successes) next() []success {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.queue), finishTogether)
	next := s.queue[:n:n]
	if s.queue = s.queue[n:]; n == 0 {
		s.queue, s.writing = nil, false
	}
	return next
}

// record writes ends with one statement. Where that fails for another reason
// than that the database is away each gets a statement of its own, so that none
// fails for what is in another.
func record(ledger Successes, all []success) {
	ends := make([]hook.Finish, len(all))
	for i, e := range all {
		ends[i] = e.Finish
	}
	err := outlast(func(ctx context.Context) error { return ledger.Succeed(ctx, ends) })
	if err != nil && len(all) > 1 && hook.CodeOf(err) != hook.CodeUnavailable {
		for _, e := range all {
			record(ledger, []success{e})
		}
		return
	}
	for _, e := range all {
		e.written <- err
	}
}
