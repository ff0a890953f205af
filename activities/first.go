package activities

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"godwit/internal/hook"
)

const (
	// runWithin is how long a success waits to be written together with the run of
	// its workflow, which is about to start: that spares a statement.
	runWithin = 100 * time.Millisecond
	// adoptWithin is how long the outcome of an attempt is kept for its workflow.
	adoptWithin = time.Minute
)

// errStopped ends first attempts whose process stops.
var errStopped = errors.New("the process is being stopped")

// First is a first attempt that this process makes, while its workflow starts.
type First struct {
	id      string
	done    chan struct{} // closed when result and err are there
	result  DeliverResult
	err     error
	told    chan struct{} // closed when runID is there, or nobody will tell it
	tell    sync.Once
	runID   string
	noted   bool // runID was written down with the end; valid once done is closed
	adopted bool // under the lock of firsts
}

// Firsts makes first attempts outside of workflows, for the activities of this
// process to find. Make it with FirstsOf.
type Firsts struct{ a *Activities }

// FirstsOf makes the Firsts that the activities of a find.
func FirstsOf(a *Activities) Firsts { return Firsts{a} }

// First makes the first attempt of a delivery, which its claim has begun, and
// keeps what comes of it for its workflow. It does not wait.
func (s Firsts) First(p hook.Parcel) *First {
	a := s.a
	f := &First{id: p.Delivery.ID, done: make(chan struct{}), told: make(chan struct{})}
	ctx := a.firsts.add(f)
	slot := a.slots.Enter(p.Webhook.OwnerID, p.Delivery.WebhookID)
	go func() {
		f.result, f.err = a.attempt(ctx, p, request{number: 1, timeout: cmp.Or(p.Webhook.Timeout, a.AttemptTimeout), slot: slot, first: f})
		close(f.done)
		a.leave(slot)
		a.firsts.ended(f)
	}()
	return f
}

// Room says what may be begun; see inflight.Slots. There is no room while known
// outcomes wait for a database that is away.
func (s Firsts) Room() hook.Take {
	if s.a.kept.blocked() {
		return hook.Take{}
	}
	return s.a.slots.Room()
}

// Plan divides up to limit first attempts among webhooks that wait for room.
func (s Firsts) Plan(limit int, waiting []hook.Queue) map[string]int {
	if s.a.kept.blocked() {
		return nil
	}
	return s.a.slots.Plan(limit, waiting)
}

// UnderWay is how many attempts this process has under way, first ones and others.
func (s Firsts) UnderWay() int { return s.a.slots.UnderWay() }

// Unwritten is how many ends of attempts are not in the ledger yet.
func (s Firsts) Unwritten() int { return s.a.kept.count() }

// Stop waits until no first attempt is under way any more, its end written down.
// What takes longer than within is cut off, other attempts included, and will be
// found lost.
func (s Firsts) Stop(within time.Duration) { s.a.firsts.stop(within) }

// Carry tells the run of the workflow that carries the delivery; empty = nobody
// will know it soon.
func (f *First) Carry(runID string) {
	f.tell.Do(func() {
		f.runID = runID
		close(f.told)
	})
}

// Noted waits, not for long, until the attempt has ended, and says whether the
// run that Carry told has been written down with that end.
func (f *First) Noted() bool {
	timer := time.NewTimer(runWithin)
	defer timer.Stop()
	select {
	case <-f.done:
		return f.noted && f.err == nil
	case <-timer.C:
		return false
	}
}

// run waits, not for long, for the run of the workflow.
func (f *First) run() string {
	if f == nil {
		return ""
	}
	timer := time.NewTimer(runWithin)
	defer timer.Stop()
	select {
	case <-f.told:
		f.noted = f.runID != ""
		return f.runID
	case <-timer.C:
		return ""
	}
}

// wait gives the outcome of the attempt; the error is the attempt's, or that ctx
// ended before.
func (f *First) wait(ctx context.Context) (DeliverResult, error) {
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		return DeliverResult{}, ctx.Err()
	}
}

// firsts holds the first attempts of a process. The zero value is ready.
type firsts struct {
	mu     sync.Mutex
	byID   map[string]*First
	group  sync.WaitGroup
	ctx    context.Context // of all attempts
	cancel context.CancelCauseFunc
}

// context is that of all attempts of this process, whoever makes them, and of what
// they have to write down.
func (s *firsts) context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started()
}

func (s *firsts) started() context.Context {
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancelCause(context.Background())
	}
	return s.ctx
}

func (s *firsts) add(f *First) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*First{}
	}
	s.byID[f.id] = f
	s.group.Add(1)
	return s.started()
}

// ended keeps the result of an attempt for its workflow, unless the workflow has it.
func (s *firsts) ended(f *First) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.group.Done()
	if f.adopted {
		delete(s.byID, f.id)
	} else {
		time.AfterFunc(adoptWithin, func() { s.forget(f) })
	}
}

func (s *firsts) forget(f *First) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[f.id] == f {
		delete(s.byID, f.id)
	}
}

// adopt gives the attempt to the workflow that asks for it; nil = this process
// has none, or it was asked for before.
func (s *firsts) adopt(deliveryID string, generation int) *First {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byID[deliveryID]
	if f == nil || generation != 1 {
		return nil
	}
	f.adopted = true
	delete(s.byID, deliveryID)
	return f
}

func (s *firsts) stop(within time.Duration) {
	s.context()
	timer := time.AfterFunc(within, func() { s.cancel(errStopped) })
	defer timer.Stop()
	s.group.Wait()
}
