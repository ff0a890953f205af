package worker_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/retry"
	"godwit/internal/send"
	"godwit/worker"
	"godwit/workflows"
)

// ledger gives out deliveries that are due, and counts.
type ledger struct {
	mu          sync.Mutex
	due         []string // for the first time
	again       []hook.Claim
	queued      []string // to a webhook whose cap is open
	open        int
	takes       int
	releases    int
	regenerated []string
	locked      []string // once
	given       []string // back
	carried     []hook.Carried
	parked      []string // of webhooks that were crowded
	passed      []string // over by releases: webhooks
	drained     []string // what was held of webhooks that release it
	// rest of what is due is left to workflows.
	rest map[string]bool
	// onTake runs when something is taken; nil = nothing does.
	onTake func()
}

// Take begins what is due; a delivery's webhook is the first letter of its id.
func (l *ledger) Take(_ context.Context, t hook.Take) (out hook.Taken, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takes++
	n := min(t.Limit, len(l.due))
	if n > 0 && l.onTake != nil {
		l.onTake()
	}
	for _, id := range l.due[:n] {
		switch {
		case slices.Contains(t.Crowded, id[:1]), slices.Contains(t.CrowdedOwners, "owner of "+id[:1]):
			l.parked = append(l.parked, id)
			out.Queued++
		case l.rest[id]:
			out.Rest = append(out.Rest, hook.Claim{DeliveryID: id, Generation: 1})
		default:
			out.Begun = append(out.Begun, parcel(id))
		}
	}
	l.due = l.due[n:]
	return out, nil
}

func parcel(id string) hook.Parcel {
	return hook.Parcel{Delivery: hook.Delivery{ID: id, WebhookID: id[:1], Generation: 1}, Webhook: hook.Webhook{ID: id[:1], OwnerID: "owner of " + id[:1]}}
}

func (l *ledger) TakeQueued(_ context.Context, t hook.Take, room map[string]int) (hook.Taken, error) {
	return l.begin(&l.parked, t, room), nil
}

func (l *ledger) TakeDrained(_ context.Context, t hook.Take, room map[string]int) (hook.Taken, error) {
	out := l.begin(&l.drained, t, room)
	for _, p := range out.Begun {
		out.Drained = append(out.Drained, p.Delivery.WebhookID)
	}
	return out, nil
}

// begin begins what there is room for.
func (l *ledger) begin(from *[]string, t hook.Take, room map[string]int) (out hook.Taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*from = slices.DeleteFunc(*from, func(id string) bool {
		if len(out.Begun) == t.Limit || room[id[:1]] == 0 {
			return false
		}
		room[id[:1]]--
		out.Begun = append(out.Begun, parcel(id))
		return true
	})
	return out
}

func (l *ledger) GiveBack(_ context.Context, ids []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given = append(l.given, ids...)
	return nil
}

func (l *ledger) Carried(_ context.Context, all []hook.Carried) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.carried = append(l.carried, all...)
	return nil
}

func (l *ledger) Queued(context.Context) (out []hook.Queue, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releases++
	for _, id := range slices.Concat(l.queued, l.parked) {
		if q := (hook.Queue{WebhookID: id[:1], OwnerID: "owner of " + id[:1]}); !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	for _, id := range l.drained {
		if q := (hook.Queue{WebhookID: id[:1], OwnerID: "owner of " + id[:1], Drains: true}); !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out, nil
}

func (l *ledger) Release(_ context.Context, t hook.Take) ([]hook.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(t.Limit, len(l.queued), l.open)
	l.passed = append(l.passed, t.Crowded...)
	var out []hook.Claim
	for _, id := range l.queued[:n] {
		out = append(out, hook.Claim{DeliveryID: id, Generation: 1})
	}
	l.queued, l.open = l.queued[n:], l.open-n
	return out, nil
}

// queue adds queued deliveries, of which so many may go.
func (l *ledger) queue(open int, ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued, l.open = append(l.queued, ids...), l.open+open
}

func (l *ledger) Claim(_ context.Context, limit int, _ time.Duration) ([]hook.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(limit, len(l.again))
	out := l.again[:n:n]
	l.again = l.again[n:]
	return out, nil
}

func (l *ledger) Unclaim(_ context.Context, ids []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.again = append(l.again, hook.Claim{DeliveryID: id, Generation: 1})
	}
	return nil
}

func (l *ledger) Regenerate(_ context.Context, ids []string, _ int) (locked []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if locked, l.locked = l.locked, nil; locked == nil {
		l.regenerated = append(l.regenerated, ids...)
	}
	return locked, nil
}

func (l *ledger) add(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = append(l.due, ids...)
}

// repeat adds what is due again.
func (l *ledger) repeat(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.again = append(l.again, hook.Claim{DeliveryID: id, Generation: 1})
	}
}

// see looks at the ledger.
func (l *ledger) see(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// starter takes starts, or fails as it is told.
type starter struct {
	mu      sync.Mutex
	before  func(id string) // runs first, side by side; nil = nothing does
	fail    func(id string) error
	started []string
	batches [][]string // those that share one
	most    int        // so many may share one; 0 = any number
	refused int        // more wanted to
	tries   int
}

func (s *starter) StartDeliver(_ context.Context, c hook.Claim) (string, error) {
	return "run of " + c.DeliveryID, s.start(c.DeliveryID)
}

func (s *starter) StartBatch(_ context.Context, claims []hook.Claim) (batch, runID string, err error) {
	ids := make([]string, len(claims))
	for i, c := range claims {
		ids[i] = c.DeliveryID
	}
	if s.most > 0 && len(ids) > s.most {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refused++
		return "", "", fmt.Errorf("%w: a search attribute is too long", workflows.ErrRefused)
	}
	if err := s.start(ids...); err != nil {
		return "", "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, ids)
	return ids[0], "run of " + ids[0], nil
}

func (s *starter) start(ids ...string) error {
	if s.before != nil {
		s.before(ids[0])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fail != nil {
		if err := s.fail(ids[0]); err != nil {
			return err
		}
	}
	s.started = append(s.started, ids...)
	return nil
}

// receivers answer first attempts: with 2xx, at once, unless they hang.
type receivers struct {
	activities.Ledger
	mu    sync.Mutex
	sent  []string
	hangs map[string]chan struct{} // by webhook
}

func (r *receivers) Send(ctx context.Context, m send.Message) (hook.Result, error) {
	r.mu.Lock()
	r.sent = append(r.sent, m.DeliveryID)
	hang := r.hangs[m.Webhook.ID]
	r.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return hook.Result{}, ctx.Err()
		}
	}
	return hook.Result{Outcome: hook.Success}, nil
}

func (r *receivers) Succeed(context.Context, []hook.Finish) (hook.Recorded, error) {
	return hook.Recorded{}, nil
}
func (r *receivers) Improve(context.Context, string, []string) error { return nil }
func (r *receivers) Fail(context.Context, []hook.Finish) error       { return nil }

// all gives what was sent so far.
func (r *receivers) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sent)
}

// hang has a webhook's receiver answer when the channel is closed.
func (r *receivers) hang(webhookID string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := make(chan struct{})
	r.hangs = map[string]chan struct{}{webhookID: c}
	return c
}

// all gives what was started so far.
func (s *starter) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.started)
}

// count is how many starts were tried so far.
func (s *starter) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// refusals is how many starts were refused for their size.
func (s *starter) refusals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

func (s *starter) set(fail func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// world is a dispatcher and what it works with.
type world struct {
	*ledger
	*starter
	*receivers
	acts       *activities.Activities
	dispatcher *worker.Dispatcher
	repaired   *atomic.Int64
	away       *atomic.Bool    // Temporal is
	wake       chan<- struct{} // for what is due
	wakeQueues chan<- struct{}
	stop       func()
}

// dispatch runs a dispatcher in a bubble of virtual time for the test f.
func dispatch(t *testing.T, f func(w world)) {
	dispatchBy(t, func(*worker.Dispatcher) {}, f)
}

// dispatchBy is dispatch by a dispatcher that is changed before it runs.
func dispatchBy(t *testing.T, change func(*worker.Dispatcher), f func(w world)) {
	synctest.Test(t, func(t *testing.T) {
		wake, wakeQueues := make(chan struct{}, 1), make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		w := world{ledger: &ledger{}, starter: &starter{}, receivers: &receivers{}, repaired: new(atomic.Int64), away: new(atomic.Bool), wake: wake, wakeQueues: wakeQueues, stop: stop}
		w.acts = &activities.Activities{Ledger: w.receivers, Sender: w.receivers, AttemptTimeout: time.Minute, Log: zap.NewNop(),
			Schedule: retry.Default(), Wake: func() {
				select {
				case wake <- struct{}{}:
				default:
				}
			}}
		done := make(chan struct{})
		d := &worker.Dispatcher{Ledger: w.ledger, Attempts: activities.FirstsOf(w.acts), Starter: w.starter,
			Ready: func() bool { return !w.away.Load() }, Timeout: time.Minute, Wake: wake, WakeQueues: wakeQueues, Repaired: func() { w.repaired.Add(1) }, Log: zap.NewNop()}
		change(d)
		w.dispatcher = d
		go func() { d.Run(ctx); close(done) }()
		synctest.Wait()
		f(w)
		stop()
		<-done
		activities.FirstsOf(w.acts).Stop(0)
		<-time.After(soon) // what writes outcomes waits a little for more
	})
}
