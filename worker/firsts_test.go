package worker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What is released and was never tried need not wait for a workflow, as what is due for
// the first time, and shares one.
func TestDispatcher_BeginsWhatIsReleasedItself(t *testing.T) {
	dispatch(t, func(w world) {
		w.away.Store(true) // Temporal
		w.see(func() { w.drained = many("d", 150) })
		w.wakeQueues <- struct{}{}
		synctest.Wait()
		require.ElementsMatch(t, many("d", 150), w.receivers.all())
		w.away.Store(false)
		<-time.After(10 * soon)
		w.see(func() { w.drained = []string{"d-last"} })
		w.wakeQueues <- struct{}{}
		synctest.Wait()
		w.see(func() { require.Contains(t, w.passed, "d", "what it begins itself it does not release") })
		require.Subset(t, w.starter.all(), many("d", 150))
		require.Less(t, w.starter.count(), 10)
	})
}

func TestDispatcher_BeginsOfTheReleasedOnlyWhatThereIsRoomFor(t *testing.T) {
	dispatch(t, func(w world) {
		hang := w.hang("d")
		w.see(func() { w.drained = many("d", 1000) })
		w.wakeQueues <- struct{}{}
		<-time.After(soon)
		begun := len(w.receivers.all())
		require.Positive(t, begun)
		require.Less(t, begun, 1000)
		close(hang)
		<-time.After(time.Minute)
		require.Len(t, w.receivers.all(), 1000)
	})
}

func TestDispatcher_LeavesWhatIsDueTimeToBecomeMore(t *testing.T) {
	dispatch(t, func(w world) {
		comes := func(ids ...string) (takes int) {
			w.add(ids...)
			w.wake <- struct{}{}
			synctest.Wait()
			w.see(func() { takes = w.takes })
			return takes
		}
		began := comes(many("a", 4)...)
		require.Equal(t, began+1, comes(many("b", 5)...), "few have nobody wait")
		require.Equal(t, began+1, comes("c1"))
		<-time.After(4 * time.Millisecond)
		w.add("c2")
		require.Len(t, w.receivers.all(), 9)
		<-time.After(time.Millisecond)
		synctest.Wait()
		require.Len(t, w.receivers.all(), 11)
		require.Equal(t, began+3, comes("d"), "they shared one, and the next is taken at once")
	})
}
