package inflight_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"godwit/internal/inflight"
)

// TestTurns_AreSharedByOwners: of an owner four run at one moment, of all eight, and
// who has come late waits for one turn of each other owner.
func TestTurns_AreSharedByOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns inflight.Turns
		var mu sync.Mutex
		var ran []string
		next := make(chan struct{})
		do := func(owner string) {
			go turns.Do(owner, func() {
				mu.Lock()
				ran = append(ran, owner)
				mu.Unlock()
				<-next
			})
			synctest.Wait()
		}
		for range 20 {
			do("a")
		}
		require.Len(t, ran, 4)
		do("b")
		require.Equal(t, "b", ran[4], "at once")
		for range 20 {
			do("c")
		}
		require.Len(t, ran, 8)
		do("d")
		require.Len(t, ran, 8)
		for range 3 {
			next <- struct{}{}
			synctest.Wait()
		}
		require.True(t, slices.Contains(ran[8:], "d"))
		close(next)
		synctest.Wait()
		require.Len(t, ran, 42)
	})
}

// TestTurns_AreLeftByThoseWhoGoAway: who gives up leaves neither a turn that nobody
// ends nor a place in the queue.
func TestTurns_AreLeftByThoseWhoGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := inflight.Turns{AtOnce: 2, OfOwner: 1}
		ctx, cancel := context.WithCancel(t.Context())
		leave, err := turns.Enter(ctx, "a")
		require.NoError(t, err)
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := turns.Enter(ctx, "a")
				errs <- err
			}()
		}
		synctest.Wait()
		require.Equal(t, 2, turns.Waiting(), "the other half is free, for others")
		other, err := turns.Enter(ctx, "b")
		require.NoError(t, err)
		cancel()
		require.ErrorIs(t, <-errs, context.Canceled)
		require.ErrorIs(t, <-errs, context.Canceled)
		require.Zero(t, turns.Waiting())
		leave()
		other()
		for _, owner := range []string{"a", "b"} {
			_, err := turns.Enter(t.Context(), owner)
			require.NoError(t, err, "both are free again")
		}
	})
}
