package worker_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/worker"
	"godwit/workflows"
)

// soon is longer than a poll.
const soon = 300 * time.Millisecond

func TestDispatchesAtOnceWhenWoken(t *testing.T) {
	dispatch(t, func(w world) {
		w.add("a")
		synctest.Wait()
		require.Empty(t, w.starter.all(), "nobody woke it")
		w.wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []string{"a"}, w.receivers.all())
		require.Equal(t, []string{"a"}, w.starter.all())
	})
}

func TestDispatchesWithinThePollWithoutBeingWoken(t *testing.T) {
	dispatch(t, func(w world) {
		w.add("a")
		w.repeat("b")
		<-time.After(soon)
		require.ElementsMatch(t, []string{"a", "b"}, w.starter.all())
		require.Equal(t, []string{"a"}, w.receivers.all(), "what is due again is its workflow's")
	})
}

// TestDispatcher_LooksOnceASecondWhenNothingIsDue: but four times while something waits
// for room, which has it within the poll.
func TestDispatcher_LooksOnceASecondWhenNothingIsDue(t *testing.T) {
	dispatch(t, func(w world) {
		<-time.After(time.Minute)
		looked := func() (takes, releases int) {
			w.see(func() { takes, releases = w.takes, w.releases })
			return takes, releases
		}
		takes, releases := looked()
		<-time.After(time.Minute)
		later, laterReleases := looked()
		require.InDelta(t, 60, later-takes, 1)
		require.InDelta(t, 60, laterReleases-releases, 1)

		w.queue(0, "a")
		w.wakeQueues <- struct{}{}
		<-time.After(time.Minute)
		_, waiting := looked()
		require.InDelta(t, 240, waiting-laterReleases, 2)
		w.queue(1)
		<-time.After(soon)
		require.Equal(t, []string{"a"}, w.starter.all())
	})
}

func TestReleasesWhenWokenAndWithinThePoll(t *testing.T) {
	dispatch(t, func(w world) {
		w.queue(1, "a", "b", "c")
		synctest.Wait()
		require.Empty(t, w.starter.all(), "nobody woke it")
		w.wakeQueues <- struct{}{}
		synctest.Wait()
		require.ElementsMatch(t, []string{"a"}, w.starter.all())
		w.add("due")
		w.wake <- struct{}{}
		synctest.Wait()
		require.ElementsMatch(t, []string{"a", "due"}, w.starter.all())
		w.queue(1)
		<-time.After(soon)
		require.ElementsMatch(t, []string{"a", "b", "due"}, w.starter.all())
		<-time.After(10 * time.Second)
		w.see(func() { require.Less(t, w.releases, 50, "no more than a poll asks while nothing is free") })
	})
}

func TestDispatcher_LooksForQueuesOnlyWhenSomethingIsQueued(t *testing.T) {
	dispatch(t, func(w world) {
		synctest.Wait()
		looks := 0
		w.see(func() { looks = w.releases })
		for _, id := range []string{"a", "b", "c"} {
			w.add(id)
			w.wake <- struct{}{}
			synctest.Wait()
		}
		w.see(func() { require.Equal(t, looks, w.releases, "nothing of what was due had to be queued") })
		hang := w.hang("f")
		w.add(many("f", 300)...)
		w.wake <- struct{}{}
		<-time.After(soon)
		w.see(func() {
			looks = w.releases
			w.parked = nil
		})
		w.add("f-queued")
		w.wake <- struct{}{}
		synctest.Wait()
		w.see(func() {
			require.Equal(t, []string{"f-queued"}, w.parked)
			require.Greater(t, w.releases, looks, "what was queued is looked for at once")
		})
		close(hang)
	})
}

func TestAQueueDoesNotHoldUpWhatIsDue(t *testing.T) {
	dispatch(t, func(w world) {
		hang := make(chan struct{})
		w.before = func(id string) {
			if id == "queued" {
				<-hang
			}
		}
		w.queue(1, "queued")
		w.add("due")
		w.wakeQueues <- struct{}{}
		w.wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []string{"due"}, w.starter.all())
		close(hang)
	})
}

func TestWhatWasReleasedIsNotLostWhileTemporalIsAway(t *testing.T) {
	dispatch(t, func(w world) {
		w.set(func(string) error { return errors.New("unavailable") })
		w.queue(2, "a", "b", "c")
		w.wakeQueues <- struct{}{}
		<-time.After(time.Minute)
		w.set(nil)
		<-time.After(6 * time.Second)
		require.ElementsMatch(t, []string{"a", "b"}, w.starter.all())
	})
}

// many makes n ids of one webhook.
func many(webhook string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%04d", webhook, i)
	}
	return out
}

func TestDispatchesABacklogWithoutPauses(t *testing.T) {
	dispatch(t, func(w world) {
		first, again := many("d", 200), many("e", 200)
		w.add(first...)
		w.repeat(again...)
		w.wake <- struct{}{}
		<-time.After(soon)
		require.ElementsMatch(t, slices.Concat(first, again), w.starter.all())
		require.ElementsMatch(t, first, w.receivers.all())
	})
}

func TestWithRoomEachHasAWorkflowOfItsOwn(t *testing.T) {
	dispatch(t, func(w world) {
		for _, id := range many("d", 20) {
			w.add(id)
			w.wake <- struct{}{}
			synctest.Wait()
		}
		require.Len(t, w.starter.all(), 20)
		require.Empty(t, w.batches)
	})
}

// TestDispatcher_SharesWorkflowsWhereMoreCome: a hundred a second, one by one.
func TestDispatcher_SharesWorkflowsWhereMoreCome(t *testing.T) {
	dispatch(t, func(w world) {
		all := many("d", 300)
		for _, id := range all {
			w.add(id)
			w.wake <- struct{}{}
			<-time.After(10 * time.Millisecond)
		}
		<-time.After(soon)
		require.ElementsMatch(t, all, w.starter.all())
		require.LessOrEqual(t, w.starter.count(), 50, "some 25 alone, then five a second")

		<-time.After(5 * time.Second) // when it is quiet again each has its own
		shared := len(w.batches)
		quiet := many("e", 60)
		for _, id := range quiet {
			w.add(id)
			w.wake <- struct{}{}
			<-time.After(100 * time.Millisecond)
		}
		require.ElementsMatch(t, slices.Concat(all, quiet), w.starter.all())
		require.Len(t, w.batches, shared)
	})
}

// TestDispatcher_SharesNoWorkflowWhereThatIsNotWanted: with GODWIT_SHARE_WORKFLOWS=false.
func TestDispatcher_SharesNoWorkflowWhereThatIsNotWanted(t *testing.T) {
	dispatchBy(t, func(d *worker.Dispatcher) { d.Alone = true }, func(w world) {
		hang := make(chan struct{})
		w.before = func(string) { <-hang }
		all := many("d", 250)
		w.add(all...)
		w.wake <- struct{}{}
		<-time.After(50 * time.Millisecond)
		require.ElementsMatch(t, all, w.receivers.all(), "no attempt waits for a start")
		close(hang)
		<-time.After(soon)
		require.ElementsMatch(t, all, w.starter.all())
		require.Equal(t, 250, w.starter.count())
		require.Empty(t, w.batches)
	})
}

func TestWhileStartsAreSaturatedWhatWaitsSharesAWorkflow(t *testing.T) {
	dispatch(t, func(w world) {
		hang := make(chan struct{})
		w.before = func(string) { <-hang }
		all := many("d", 250)
		w.add(all...)
		w.wake <- struct{}{}
		<-time.After(50 * time.Millisecond) // there is not room for all at one moment
		require.ElementsMatch(t, all, w.receivers.all(), "no attempt waits for a start")
		close(hang)
		<-time.After(soon)
		require.ElementsMatch(t, all, w.starter.all())
		require.Equal(t, 4, w.starter.count(), "two alone, then 200 and 48")
		require.Len(t, w.batches, 2)
		require.Len(t, w.batches[0], workflows.MaxBatch)
		w.see(func() {
			require.Len(t, w.carried, 248, "of the two the end of the attempt tells, or they are noted")
			require.Contains(t, w.carried, hook.Carried{DeliveryID: "d0002", Generation: 1, Batch: "d0002", RunID: "run of d0002"})
		})
	})
}

func TestATemporalWithDefaultLimitsIsGivenSmallerWorkflows(t *testing.T) {
	dispatch(t, func(w world) {
		w.most = workflows.PlainBatch
		hang := make(chan struct{})
		w.before = func(string) { <-hang }
		all := many("d", 200)
		w.add(all...)
		w.wake <- struct{}{}
		synctest.Wait()
		close(hang)
		<-time.After(soon)
		require.ElementsMatch(t, all, w.starter.all())
		w.see(func() { require.Len(t, w.carried, 198) })
		refused := w.refusals()
		require.Positive(t, refused)

		more := many("e", 200)
		w.add(more...)
		w.wake <- struct{}{}
		<-time.After(soon)
		require.ElementsMatch(t, slices.Concat(all, more), w.starter.all())
		require.Equal(t, refused, w.refusals(), "it is not asked for more again")
	})
}

func TestFirstAttemptsGoOutWhileTemporalIsAway(t *testing.T) {
	dispatch(t, func(w world) {
		w.set(func(string) error { return errors.New("unavailable") })
		all := many("d", 200)
		w.add(all...)
		w.wake <- struct{}{}
		<-time.After(time.Minute)
		require.ElementsMatch(t, all, w.receivers.all())
		require.Less(t, w.starter.count(), 100, "tries with growing pauses")
		w.set(nil)
		<-time.After(6 * time.Second)
		require.ElementsMatch(t, all, w.starter.all())
		require.ElementsMatch(t, all, w.receivers.all(), "none is sent twice")
	})
}

func TestPausesWhileTemporalIsAwayAndLosesNothing(t *testing.T) {
	dispatch(t, func(w world) {
		w.set(func(string) error { return errors.New("unavailable") })
		want := many("d", 200)
		w.repeat(want...)
		<-time.After(time.Minute)
		require.Less(t, w.starter.count(), 64+30, "one batch, then single tries with growing pauses")
		w.set(nil)
		<-time.After(6 * time.Second)
		require.ElementsMatch(t, want, w.starter.all())
	})
}

func TestOneBadDeliveryDoesNotHoldUpTheOthers(t *testing.T) {
	dispatch(t, func(w world) {
		w.set(func(id string) error {
			if strings.HasPrefix(id, "bad") {
				return fmt.Errorf("%w: too long", workflows.ErrRefused)
			}
			return nil
		})
		w.add("bad1", "good1")
		w.repeat("bad2", "good2")
		w.wake <- struct{}{}
		<-time.After(soon)
		require.ElementsMatch(t, []string{"good1", "good2"}, w.starter.all())
	})
}

func TestALostWorkflowIsReplaced(t *testing.T) {
	dispatch(t, func(w world) {
		w.set(func(string) error { return workflows.ErrClosed })
		w.see(func() { w.locked = []string{"a"} }) // the claim is given back
		w.repeat("a")
		<-time.After(time.Second)
		w.see(func() { require.Equal(t, []string{"a"}, w.regenerated) })
	})
}

func TestDispatcher_RepairsWhatIsOverdue(t *testing.T) {
	dispatch(t, func(w world) {
		w.see(func() {
			w.again = []hook.Claim{
				{DeliveryID: "waits", Generation: 1, Overdue: true, RunID: "run of waits"},
				{DeliveryID: "new", Generation: 1, Overdue: true, RunID: "one that is gone"},
				{DeliveryID: "in time", Generation: 1, RunID: "run of in time"},
			}
		})
		<-time.After(soon)
		w.see(func() { require.Equal(t, []string{"waits"}, w.regenerated) })
		require.Equal(t, int64(1), w.repaired.Load())
	})
}

func TestWhatIsFinishedOnlyGetsItsWorkflow(t *testing.T) {
	dispatch(t, func(w world) {
		w.set(func(string) error { return workflows.ErrClosed })
		w.see(func() { w.again = []hook.Claim{{DeliveryID: "a", Generation: 1, Finished: true}} })
		<-time.After(soon)
		w.see(func() {
			require.Empty(t, w.regenerated, "it had one")
			require.Equal(t, []hook.Carried{{DeliveryID: "a", Generation: 1, RunID: "run of a"}}, w.carried)
		})
		require.Empty(t, w.receivers.all())
	})
}

func TestWhatCannotBeBegunIsLeftToItsWorkflow(t *testing.T) {
	dispatch(t, func(w world) {
		w.see(func() { w.rest = map[string]bool{"a": true} })
		w.add("a", "b")
		w.wake <- struct{}{}
		synctest.Wait()
		require.ElementsMatch(t, []string{"a", "b"}, w.starter.all())
		require.Equal(t, []string{"b"}, w.receivers.all())
	})
}

func TestASlowReceiverLeavesTheOthersRoom(t *testing.T) {
	dispatch(t, func(w world) {
		hang := w.hang("s")
		slow := many("s", 1000)
		w.add(slow...)
		w.wake <- struct{}{}
		<-time.After(time.Second)
		underWay := len(w.receivers.all())
		require.GreaterOrEqual(t, underWay, 256)
		require.Less(t, underWay, 256+100, "the cap, and what one round brought beyond it")
		w.add("h1")
		w.wake <- struct{}{}
		<-time.After(soon)
		require.Contains(t, w.starter.all(), "h1")
		require.Contains(t, w.receivers.all(), "h1")
		close(hang)
		<-time.After(5 * time.Second)
		require.Len(t, w.receivers.all(), 1001)
	})
}

func TestAStopGivesBackWhatWasNotSent(t *testing.T) {
	dispatch(t, func(w world) {
		w.see(func() { w.onTake = w.stop })
		w.add("a", "b")
		w.wake <- struct{}{}
		synctest.Wait()
		require.Empty(t, w.receivers.all())
		w.see(func() { require.Equal(t, []string{"a", "b"}, w.given) })
	})
}
