package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/worker"
	"godwit/workflows"
)

// ledger gives out deliveries that are due, and counts.
type ledger struct {
	mu          sync.Mutex
	due         []string
	queued      []string // to a webhook whose cap is open
	open        int
	claims      int
	releases    int
	regenerated []string
}

func (l *ledger) Release(_ context.Context, limit int, _ time.Duration) ([]hook.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releases++
	n := min(limit, len(l.queued), l.open)
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
	l.claims++
	n := min(limit, len(l.due))
	var out []hook.Claim
	for _, id := range l.due[:n] {
		out = append(out, hook.Claim{DeliveryID: id, Generation: 1})
	}
	l.due = l.due[n:]
	return out, nil
}

func (l *ledger) Unclaim(_ context.Context, ids []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = append(ids, l.due...)
	return nil
}

func (l *ledger) Regenerate(_ context.Context, id string, _ int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.regenerated = append(l.regenerated, id)
	return nil
}

func (l *ledger) add(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = append(l.due, ids...)
}

// starter takes starts, or fails as it is told.
type starter struct {
	mu      sync.Mutex
	before  func(id string) // runs first, side by side; nil = nothing does
	fail    func(id string) error
	started []string
	tries   int
}

func (s *starter) StartDeliver(_ context.Context, c hook.Claim) error {
	if s.before != nil {
		s.before(c.DeliveryID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fail != nil {
		if err := s.fail(c.DeliveryID); err != nil {
			return err
		}
	}
	s.started = append(s.started, c.DeliveryID)
	return nil
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

func (s *starter) set(fail func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// dispatch runs a dispatcher in a bubble of virtual time for the test f.
func dispatch(t *testing.T, f func(*ledger, *starter, chan<- struct{})) {
	synctest.Test(t, func(t *testing.T) {
		l, s, wake := &ledger{}, &starter{}, make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		d := &worker.Dispatcher{Claims: l, Queues: l, Starter: s, Wake: wake, Log: zap.NewNop()}
		go func() { d.Run(ctx); close(done) }()
		synctest.Wait()
		f(l, s, wake)
		stop()
		<-done
	})
}

func TestDispatchesAtOnceWhenWoken(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		l.add("a")
		synctest.Wait()
		require.Empty(t, s.all(), "nobody woke it")
		wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []string{"a"}, s.all())
	})
}

func TestDispatchesWithinThePollWithoutBeingWoken(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, _ chan<- struct{}) {
		l.add("a")
		<-time.After(300 * time.Millisecond)
		require.Equal(t, []string{"a"}, s.all())
	})
}

func TestReleasesWhenWokenAndWithinThePoll(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		l.queue(1, "a", "b", "c")
		l.add("due")
		synctest.Wait()
		require.Empty(t, s.all(), "nobody woke it")
		wake <- struct{}{}
		synctest.Wait()
		require.ElementsMatch(t, []string{"a", "due"}, s.all())
		l.queue(1)
		<-time.After(300 * time.Millisecond)
		require.ElementsMatch(t, []string{"a", "b", "due"}, s.all())
		<-time.After(10 * time.Second)
		l.mu.Lock()
		defer l.mu.Unlock()
		require.Less(t, l.releases, 50, "no more than a poll asks while nothing is free")
	})
}

func TestAQueueDoesNotHoldUpWhatIsDue(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		hang := make(chan struct{})
		s.before = func(id string) {
			if id == "queued" {
				<-hang
			}
		}
		l.queue(1, "queued")
		l.add("due")
		wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []string{"due"}, s.all())
		close(hang)
	})
}

func TestWhatWasReleasedIsNotLostWhileTemporalIsAway(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		s.set(func(string) error { return errors.New("unavailable") })
		l.queue(2, "a", "b", "c")
		wake <- struct{}{}
		<-time.After(time.Minute)
		s.set(nil)
		<-time.After(6 * time.Second)
		require.ElementsMatch(t, []string{"a", "b"}, s.all())
	})
}

func TestDispatchesABacklogWithoutPauses(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		var want []string
		for i := range 1000 {
			want = append(want, fmt.Sprintf("d%04d", i))
		}
		l.add(want...)
		wake <- struct{}{}
		synctest.Wait()
		require.ElementsMatch(t, want, s.all())
	})
}

func TestPausesWhileTemporalIsAwayAndLosesNothing(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		s.set(func(string) error { return errors.New("unavailable") })
		var want []string
		for i := range 200 {
			want = append(want, fmt.Sprintf("d%04d", i))
		}
		l.add(want...)
		wake <- struct{}{}
		<-time.After(time.Minute)
		require.Less(t, s.count(), 64+30, "one batch, then single tries with growing pauses")
		s.set(nil)
		<-time.After(6 * time.Second)
		require.ElementsMatch(t, want, s.all())
	})
}

func TestOneBadDeliveryDoesNotHoldUpTheOthers(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		s.set(func(id string) error {
			if id == "bad" {
				return fmt.Errorf("%w: too long", workflows.ErrRefused)
			}
			return nil
		})
		l.add("bad", "good")
		wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []string{"good"}, s.all())
	})
}

func TestALostWorkflowIsReplaced(t *testing.T) {
	dispatch(t, func(l *ledger, s *starter, wake chan<- struct{}) {
		s.set(func(string) error { return workflows.ErrClosed })
		l.add("a")
		wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []string{"a"}, l.regenerated)
	})
}
