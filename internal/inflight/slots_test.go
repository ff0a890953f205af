package inflight_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/inflight"
)

// hang begins as many attempts as there is room for, in many moments, and ends none.
func hang(s *inflight.Slots, owner string, webhooks, want int) (begun []*inflight.Slot) {
	for n, refused := 0, 0; len(begun) < want && refused < 50; n++ {
		if slot := s.Try(owner, fmt.Sprint(owner, n%webhooks)); slot != nil {
			begun, refused = append(begun, slot), 0
			continue
		}
		refused++
		<-time.After(10 * time.Millisecond)
	}
	return begun
}

// TestSlots_HaveRoomForANewcomer: whoever hangs, with one webhook or very many.
func TestSlots_HaveRoomForANewcomer(t *testing.T) {
	for name, tc := range map[string]struct{ owners, webhooks int }{
		"1,005 webhooks of one owner": {1, 1005},
		"8 webhooks of one owner":     {1, 8},
		"1 webhook each of 8 owners":  {8, 1},
		"100 webhooks of 5 owners":    {5, 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s inflight.Slots
				all := 0
				for i := range tc.owners {
					all += len(hang(&s, fmt.Sprint("noisy", i), tc.webhooks, 5000))
				}
				require.LessOrEqual(t, all, hook.MaxInFlight-hook.MaxInFlight/20)
				for range 3 {
					for range 20 {
						slot := s.Try("quiet", "w")
						require.NotNil(t, slot)
						slot.Leave()
					}
					<-time.After(time.Minute)
				}
			})
		})
	}
}

func TestSlots_GiveSlowWebhooksFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		for i := range 8 {
			slot := s.Try("slow", fmt.Sprint("w", i))
			<-time.After(25 * time.Second)
			slot.Leave()
		}
		var begun []*inflight.Slot
		for i := range 8 {
			for slot := s.Try("slow", fmt.Sprint("w", i)); slot != nil; slot = s.Try("slow", fmt.Sprint("w", i)) {
				begun = append(begun, slot)
			}
		}
		require.LessOrEqual(t, len(begun), hook.MaxSlowInFlight/2)
		<-time.After(time.Second)
		require.NotNil(t, s.Try("slow", "fast"), "another webhook of the owner")
		require.NotNil(t, s.Try("other", "slow too"))
		require.NotEmpty(t, s.Room().Crowded)
		require.Empty(t, s.Room().CrowdedOwners)
		for _, slot := range begun {
			slot.Answered()
			slot.Leave()
		}
		for range 12 { // now they answer at once
			for i := range 8 {
				s.Try("slow", fmt.Sprint("w", i)).Leave()
			}
		}
		require.Empty(t, s.Room().Crowded)
		<-time.After(time.Second)
		require.Len(t, hang(&s, "slow", 1, 200), 200)
	})
}

// A webhook is slow as soon as an attempt takes long, not when it has ended.
func TestSlots_SeeASlowWebhookBeforeItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		begun := hang(&s, "o", 1, 180)
		require.Len(t, begun, 180)
		require.NotNil(t, s.Try("o", "o0"))
		<-time.After(hook.SlowAfter + time.Second)
		require.Equal(t, []string{"o0"}, s.Room().Crowded)
		require.Nil(t, s.Try("o", "o0"))
		for _, slot := range begun[:80] {
			slot.Leave()
		}
		require.Empty(t, s.Room().Crowded)
	})
}

func TestSlots_WakeWhoWaitedForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		var begun []*inflight.Slot
		for i := range hook.MaxInFlight / 2 {
			begun = append(begun, s.Enter("o", fmt.Sprint(i%100)))
		}
		<-time.After(time.Second)
		require.Equal(t, []string{"o"}, s.Room().CrowdedOwners)
		woken := 0
		for _, slot := range begun {
			if slot.Leave() {
				woken++
			}
		}
		require.Positive(t, woken)
		require.LessOrEqual(t, woken, 1+100, "once for the owner and for each webhook")
		require.Empty(t, s.Room().CrowdedOwners)
		require.False(t, s.Try("o", "w").Leave(), "nobody waits")
	})
}

func TestSlots_SayWhoSharesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		shared := func() (bool, string) {
			room := s.Room()
			return room.Shared, room.Sole
		}
		require.Equal(t, hook.Take{Limit: hook.MaxYoung, Each: hook.MaxYoungOfOwner}, s.Room())
		s.Enter("o", "w").Leave()
		some, sole := shared()
		require.True(t, some)
		require.Equal(t, "o", sole)
		kept := s.Enter("p", "v")
		some, sole = shared()
		require.True(t, some)
		require.Empty(t, sole)
		<-time.After(time.Minute)
		some, sole = shared()
		require.True(t, some)
		require.Equal(t, "p", sole, "it has one under way")
		kept.Leave()
		<-time.After(time.Minute)
		some, _ = shared()
		require.False(t, some)
	})
}

// An owner that is alone only waits for the end of a moment; beside another one its
// deliveries are queued.
func TestSlots_QueueABurstOnlyBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		for range hook.MaxYoungOfOwner {
			s.Enter("o", "w")
		}
		room := s.Room()
		require.Equal(t, []string{"o"}, room.Behind)
		require.Empty(t, room.CrowdedOwners)
		require.Equal(t, hook.MaxYoung-hook.MaxYoungOfOwner, room.Limit)
		s.Try("p", "v").Leave()
		require.Empty(t, s.Room().Behind)
		require.Equal(t, []string{"o"}, s.Room().CrowdedOwners)
		<-time.After(time.Second)
		require.Empty(t, s.Room().CrowdedOwners)
	})
}

func TestSlots_PlanInTurnsAmongOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		var waiting []hook.Queue
		for i := range 300 {
			waiting = append(waiting, hook.Queue{WebhookID: fmt.Sprint("n", i), OwnerID: "noisy"})
		}
		waiting = slices.Insert(waiting, 100, hook.Queue{WebhookID: "q", OwnerID: "quiet"})
		plan := s.Plan(100, waiting)
		require.Equal(t, 50, plan["q"])
		require.Len(t, plan, 51)
		require.Equal(t, new(inflight.Slots).Room().Limit, s.Room().Limit, "nothing is reserved")
		hang(&s, "noisy", 300, 5000)
		plan = s.Plan(100, waiting)
		require.Equal(t, map[string]int{"q": 100}, plan)
		require.Empty(t, s.Plan(100, waiting[:100]))
	})
}

func TestSlots_ForgetWhoIsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s inflight.Slots
		for i := range 1000 {
			s.Try(fmt.Sprint("o", i), fmt.Sprint("w", i)).Leave()
			<-time.After(time.Millisecond)
		}
		require.Greater(t, s.Known(), 900)
		<-time.After(time.Minute)
		s.Try("o", "w").Leave()
		require.Less(t, s.Known(), 3)
	})
}
