package inflight_test

import (
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
