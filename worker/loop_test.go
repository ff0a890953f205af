package worker

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

	"godwit/workflows"
)

// told gives out claims, and keeps what their workflows are told.
type told struct {
	mu    sync.Mutex
	due   []string
	fail  func(claim string) error
	tries int
	told  []string
	asked int
}

func (w *told) claim(_ context.Context, limit int, _ time.Duration) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	n := min(limit, len(w.due))
	out := slices.Clone(w.due[:n])
	w.due = w.due[n:]
	return out, nil
}

func (w *told) unclaim(_ context.Context, claims []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = append(claims, w.due...)
	return nil
}

func (w *told) tell(_ context.Context, claim string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	if w.fail != nil {
		if err := w.fail(claim); err != nil {
			return err
		}
	}
	w.told = append(w.told, claim)
	return nil
}

func (w *told) add(claims ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = append(w.due, claims...)
}

func (w *told) set(fail func(string) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = fail
}

// seen gives whom was told so far, and in how many tries.
func (w *told) seen() ([]string, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told), w.tries
}

// looks is how often it was asked for claims.
func (w *told) looks() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// follow runs the loop in a bubble of virtual time for the test f.
func follow(t *testing.T, f func(*told, chan<- struct{})) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, wake := &told{}, make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		l := &loop[string]{what: "tests", claim: w.claim, unclaim: w.unclaim, tell: w.tell, wake: wake, log: zap.NewNop(),
			name: func(claim string) []zap.Field { return []zap.Field{zap.String("claim", claim)} }}
		go func() { l.run(ctx); close(done) }()
		synctest.Wait()
		f(w, wake)
		stop()
		<-done
	})
}

func TestLoop_TellsAtOnceWhenWokenElseWithinThePoll(t *testing.T) {
	follow(t, func(w *told, wake chan<- struct{}) {
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

		<-time.After(time.Minute) // with nothing to do it looks less often, and is woken as before
		w.add("c")
		wake <- struct{}{}
		synctest.Wait()
		told, _ = w.seen()
		require.Equal(t, []string{"a", "b", "c"}, told)
		looks := w.looks()
		<-time.After(time.Minute)
		require.LessOrEqual(t, w.looks()-looks, 20+60)
		w.add("d")
		<-time.After(1100 * time.Millisecond)
		told, _ = w.seen()
		require.Equal(t, []string{"a", "b", "c", "d"}, told)
	})
}

func TestLoop_WaitsWhileTemporalIsAwayAndLosesNothing(t *testing.T) {
	follow(t, func(w *told, wake chan<- struct{}) {
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

func TestLoop_OneThatIsRefusedDoesNotHoldUpTheOthers(t *testing.T) {
	follow(t, func(w *told, wake chan<- struct{}) {
		w.set(func(claim string) error {
			if claim == "bad" {
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
