package worker_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/worker"
)

func TestWhatAnIngestBeganIsSentAndCarried(t *testing.T) {
	dispatch(t, func(w world) {
		require.Positive(t, w.dispatcher.Room().Limit)
		require.Equal(t, time.Minute, w.dispatcher.Room().Timeout)
		w.dispatcher.Begin([]hook.Parcel{parcel("a"), parcel("b")})
		synctest.Wait()
		require.ElementsMatch(t, []string{"a", "b"}, w.receivers.all())
		<-time.After(soon)
		require.ElementsMatch(t, []string{"a", "b"}, w.starter.all())
	})
}

func TestAnIngestBeginsNothingWhileWhatIsOlderWaits(t *testing.T) {
	dispatch(t, func(w world) {
		var rooms []hook.Take // that an ingest finds at the moment of each round
		w.onTake = func() { rooms = append(rooms, w.dispatcher.Room()) }
		for i := range 150 { // more than a round takes
			w.add(fmt.Sprint("a", i))
		}
		w.wake <- struct{}{}
		synctest.Wait()
		require.Len(t, rooms, 2)
		require.Positive(t, rooms[0].Limit)
		require.Empty(t, rooms[0].Behind, "nobody knew of them")
		require.Positive(t, rooms[1].Limit, "for others")
		require.Equal(t, []string{"owner of a"}, rooms[1].Behind)
		require.Empty(t, w.dispatcher.Room().Behind, "the second round was not full")
	})
}

func TestAnIngestHasTheRoomOfTheAttempts(t *testing.T) {
	dispatch(t, func(w world) {
		hang := w.hang("a")
		var parcels []hook.Parcel
		for i := range 256 {
			parcels = append(parcels, parcel(fmt.Sprint("a", i)))
		}
		w.dispatcher.Begin(parcels)
		require.Equal(t, []string{"owner of a"}, w.dispatcher.Room().Behind, "so many have just begun")
		require.Positive(t, w.dispatcher.Room().Limit, "for others")
		<-time.After(soon)
		require.Positive(t, w.dispatcher.Room().Limit)
		require.Equal(t, []string{"a"}, w.dispatcher.Room().Crowded)
		close(hang)
		<-time.After(soon)
		require.Empty(t, w.dispatcher.Room().Crowded)
	})
}

func TestADispatcherThatDoesNotRunBeginsNothing(t *testing.T) {
	require.Zero(t, (&worker.Dispatcher{}).Room(), "it was never started")
	dispatch(t, func(w world) {
		w.stop()
		synctest.Wait()
		require.Zero(t, w.dispatcher.Room())
		w.dispatcher.Begin([]hook.Parcel{parcel("a"), parcel("b")}) // of a statement that was under way
		require.Empty(t, w.receivers.all())
		w.see(func() { require.Equal(t, []string{"a", "b"}, w.given) })
	})
}

// TestDispatcher_MakesFirstAttemptsWhileTemporalIsAway: of an ingest, of what is
// due, and of what has waited for room. The rest is left alone until it is back.
func TestDispatcher_MakesFirstAttemptsWhileTemporalIsAway(t *testing.T) {
	dispatch(t, func(w world) {
		w.away.Store(true)
		hang := w.hang("c")
		w.dispatcher.Begin([]hook.Parcel{parcel("a")})
		crowd := many("c", 300)
		w.add(crowd...)
		w.add("b")
		w.repeat("d")
		w.queue(1, "e")
		w.wake <- struct{}{}
		<-time.After(time.Second)
		require.Subset(t, w.receivers.all(), []string{"a", "b"})
		close(hang)
		<-time.After(3 * time.Second)
		require.ElementsMatch(t, slices.Concat([]string{"a", "b"}, crowd), w.receivers.all(), "each once")
		require.Zero(t, w.starter.count(), "nobody asks in vain")
		w.see(func() { require.Len(t, w.ledger.again, 1, "what is due again is not even claimed") })

		w.away.Store(false)
		<-time.After(2 * time.Second)
		require.ElementsMatch(t, slices.Concat([]string{"a", "b", "d", "e"}, crowd), w.starter.all())
	})
}

func TestDispatcher_StopsWhileTemporalIsAway(t *testing.T) {
	dispatch(t, func(w world) {
		w.away.Store(true)
		w.add("a")
		<-time.After(soon)
		require.Equal(t, []string{"a"}, w.receivers.all())
		began := time.Now()
		w.stop()
		synctest.Wait()
		<-time.After(soon)
		require.Zero(t, w.starter.count())
		require.Less(t, time.Since(began), time.Second)
	})
}
