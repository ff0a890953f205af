package activities

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"godwit/internal/hook"
)

const (
	// maxFirsts is how many first attempts a process has under way; maxFirstsOfOne
	// is how many of them may be of one webhook, so that a slow receiver leaves the
	// others room. An attempt waits for its receiver: it costs memory, not CPU.
	maxFirsts      = 2048
	maxFirstsOfOne = 256
	// roomAgainBelow is at how many a webhook that had no room has some again.
	roomAgainBelow = maxFirstsOfOne * 3 / 4
	// maxYoung is how many may be under way that began in this moment or the one
	// before. Of receivers that answer soon no more are of any use: they wait for
	// the CPU, and what is not taken yet is taken in larger rounds.
	maxYoung = 200
	moment   = 100 * time.Millisecond
	// runWithin is how long a success waits to be written together with the run of
	// its workflow, which is about to start: that spares a statement.
	runWithin = 100 * time.Millisecond
	// adoptWithin is how long what came of an attempt is kept for its workflow.
	adoptWithin = time.Minute
)

// errStopped ends first attempts whose process stops.
var errStopped = errors.New("the process is being stopped")

// First is a first attempt that this process makes, while its workflow starts.
type First struct {
	id, webhookID string
	done          chan struct{} // closed when result and err are there
	result        DeliverResult
	err           error
	told          chan struct{} // closed when runID is there, or nobody will tell it
	tell          sync.Once
	runID         string
	noted         bool  // runID was written down with the end; valid once done is closed
	moment        int64 // in which it began
	adopted       bool  // under the lock of firsts
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
	f := &First{id: p.Delivery.ID, webhookID: p.Delivery.WebhookID, done: make(chan struct{}), told: make(chan struct{})}
	ctx := a.firsts.add(f)
	go func() {
		f.result, f.err = a.attempt(ctx, p, 1, cmp.Or(p.Webhook.Timeout, a.AttemptTimeout), f)
		close(f.done)
		if a.firsts.ended(f) && a.Wake != nil {
			a.Wake()
		}
	}()
	return f
}

// Room says how many more first attempts may be begun, and which webhooks have
// no room for another one. There is none while known outcomes wait for a database
// that is away.
func (s Firsts) Room() (left int, crowded []string) {
	left, crowded = s.a.firsts.room()
	if s.a.kept.blocked() {
		left = 0
	}
	return left, crowded
}

// RoomOf says how many first attempts of each of these webhooks may be begun.
func (s Firsts) RoomOf(webhookIDs []string) map[string]int { return s.a.firsts.roomOf(webhookIDs) }

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

// wait gives what came of the attempt; the error is the attempt's, or that ctx
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
	mu       sync.Mutex
	byID     map[string]*First
	underWay map[string]int // by webhook
	crowded  map[string]bool
	all      int
	moments  map[int64]int // those under way, by when they began
	group    sync.WaitGroup
	ctx      context.Context // of all attempts
	cancel   context.CancelCauseFunc
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
		s.byID, s.underWay, s.crowded, s.moments = map[string]*First{}, map[string]int{}, map[string]bool{}, map[int64]int{}
	}
	s.byID[f.id] = f
	s.all++
	f.moment = now()
	s.moments[f.moment]++
	if s.underWay[f.webhookID]++; s.underWay[f.webhookID] >= maxFirstsOfOne {
		s.crowded[f.webhookID] = true
	}
	s.group.Add(1)
	return s.started()
}

// ended gives the room of an attempt back, and says whether somebody may have
// waited for it.
func (s *firsts) ended(f *First) (awaited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.group.Done()
	awaited = s.all == maxFirsts
	s.all--
	if s.moments[f.moment]--; s.moments[f.moment] == 0 {
		delete(s.moments, f.moment)
	}
	if s.underWay[f.webhookID]--; s.crowded[f.webhookID] && s.underWay[f.webhookID] < roomAgainBelow {
		delete(s.crowded, f.webhookID)
		awaited = true
	}
	if s.underWay[f.webhookID] == 0 {
		delete(s.underWay, f.webhookID)
	}
	if f.adopted {
		delete(s.byID, f.id)
	} else {
		time.AfterFunc(adoptWithin, func() { s.forget(f) })
	}
	return awaited
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

func (s *firsts) room() (left int, crowded []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.crowded {
		crowded = append(crowded, id)
	}
	slices.Sort(crowded)
	young := s.moments[now()] + s.moments[now()-1]
	return max(0, min(maxFirsts-s.all, maxYoung-young)), crowded
}

// now is the number of this moment.
func now() int64 { return time.Now().UnixNano() / int64(moment) }

func (s *firsts) roomOf(webhookIDs []string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for _, id := range webhookIDs {
		if !s.crowded[id] {
			out[id] = maxFirstsOfOne - s.underWay[id]
		}
	}
	return out
}

func (s *firsts) stop(within time.Duration) {
	s.context()
	timer := time.AfterFunc(within, func() { s.cancel(errStopped) })
	defer timer.Stop()
	s.group.Wait()
}
