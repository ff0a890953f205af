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

// windows gives out windows that are due and keeps what their workflows are told.
type windows struct {
	mu    sync.Mutex
	due   []hook.WindowClaim
	fail  func(key string) error
	tries int
	told  []string
}

func (w *windows) ClaimWindows(_ context.Context, limit int, _ time.Duration) ([]hook.WindowClaim, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, len(w.due))
	out := slices.Clone(w.due[:n])
	w.due = w.due[n:]
	return out, nil
}

func (w *windows) UnclaimWindows(_ context.Context, claims []hook.WindowClaim) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = append(claims, w.due...)
	return nil
}

func (w *windows) NudgeCombine(_ context.Context, claim hook.WindowClaim) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	if w.fail != nil {
		if err := w.fail(claim.Key); err != nil {
			return err
		}
	}
	w.told = append(w.told, claim.Key)
	return nil
}

func (w *windows) add(keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		w.due = append(w.due, hook.WindowClaim{RuleID: 1, Key: key})
	}
}

func (w *windows) set(fail func(string) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = fail
}

// seen gives whom was told so far, and in how many tries.
func (w *windows) seen() ([]string, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told), w.tries
}

// follow runs the loop in a bubble of virtual time for the test f.
func follow(t *testing.T, f func(*windows, chan<- struct{})) {
	synctest.Test(t, func(t *testing.T) {
		w, wake := &windows{}, make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		loop := &worker.Windows{Claims: w, Nudger: w, Wake: wake, Log: zap.NewNop()}
		go func() { loop.Run(ctx); close(done) }()
		synctest.Wait()
		f(w, wake)
		stop()
		<-done
	})
}

func TestWindowsAreToldOfAtOnceWhenWokenElseWithinThePoll(t *testing.T) {
	follow(t, func(w *windows, wake chan<- struct{}) {
		w.add("a")
		synctest.Wait()
		told, _ := w.seen()
		require.Empty(t, told, "nobody woke it")
		wake <- struct{}{}
		synctest.Wait()
		told, _ = w.seen()
		require.Equal(t, []string{"a"}, told)
		w.add("b")
		<-time.After(300 * time.Millisecond)
		told, _ = w.seen()
		require.Equal(t, []string{"a", "b"}, told)
	})
}

func TestWindowsWaitWhileTemporalIsAwayAndNoneIsLost(t *testing.T) {
	follow(t, func(w *windows, wake chan<- struct{}) {
		w.set(func(string) error { return errors.New("unavailable") })
		var want []string
		for i := range 200 {
			want = append(want, fmt.Sprintf("k%04d", i))
		}
		w.add(want...)
		wake <- struct{}{}
		<-time.After(time.Minute)
		_, tries := w.seen()
		require.Less(t, tries, 64+30, "one batch, then single tries with growing pauses")
		w.set(nil)
		<-time.After(6 * time.Second)
		told, _ := w.seen()
		require.ElementsMatch(t, want, told)
	})
}

func TestOneWindowThatIsRefusedDoesNotHoldUpTheOthers(t *testing.T) {
	follow(t, func(w *windows, wake chan<- struct{}) {
		w.set(func(key string) error {
			if key == "bad" {
				return fmt.Errorf("%w: too long", workflows.ErrRefused)
			}
			return nil
		})
		w.add("bad", "good")
		wake <- struct{}{}
		synctest.Wait()
		told, tries := w.seen()
		require.Equal(t, []string{"good"}, told)
		require.Equal(t, 2, tries)
	})
}
