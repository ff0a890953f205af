package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// another makes user u2, who sees the project p1, and n webhooks of theirs.
func (s stage) another(t testing.TB, n int) (ids []string) {
	t.Helper()
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Uri", Email: "uri@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)
	for range n {
		w, err := s.CreateWebhook(ctx, draft("u2", hook.Rule{Events: []string{"*"}}))
		require.NoError(t, err)
		ids = append(ids, w.ID)
	}
	return ids
}

func TestIngest_BeginsNoMoreThanAnOwnersShare(t *testing.T) {
	s := newStage(t)
	s.another(t, 10)
	mine := s.webhook(t, hook.Rule{Events: []string{"*"}})
	p := s.beginner(100)
	p.room.Each = 3
	require.Equal(t, 11, s.post(t, event("e1", "TODO_CREATED", "p1")).Matched)
	require.Len(t, p.begun, 4)
	require.Contains(t, []string{p.begun[0].Webhook.ID, p.begun[1].Webhook.ID, p.begun[2].Webhook.ID, p.begun[3].Webhook.ID}, mine.ID)
	require.Len(t, s.taken(t), 7, "the others are due")
}

// What there is no room for is queued by the statement that accepts it: no round of
// Take has to pick it up first.
func TestIngest_QueuesWhatItsOwnerHasNoRoomFor(t *testing.T) {
	s := newStage(t)
	s.another(t, 10)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	p := s.beginner(100)
	p.room.CrowdedOwners = []string{"u2"}
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 11, Due: true}, s.post(t, event("e1", "TODO_CREATED", "p1")))
	require.Len(t, p.begun, 1)
	require.Empty(t, s.taken(t))
	require.Len(t, s.takenQueued(t), 10)
}

// Beside other owners an ingest queues what is beyond an owner's share. A sole owner's
// deliveries stay due, and begin as soon as there is room.
func TestIngest_QueuesWhatIsBeyondAnOwnersShare(t *testing.T) {
	for sole, queued := range map[string]int{"": 8, "u1": 8, "u2": 0} {
		t.Run("sole "+sole, func(t *testing.T) {
			s := newStage(t)
			s.another(t, 10)
			s.webhook(t, hook.Rule{Events: []string{"*"}})
			p := s.beginner(100)
			p.room.Each, p.room.Shared, p.room.Sole = 2, true, sole
			s.post(t, event("e1", "TODO_CREATED", "p1"))
			require.Len(t, p.begun, 3)
			require.Len(t, s.takenQueued(t), queued)
			require.Len(t, s.taken(t), 8-queued)
		})
	}
}

func TestIngest_LeavesDueWhatComesBehindOlderOnes(t *testing.T) {
	s := newStage(t)
	s.another(t, 2)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	p := s.beginner(100)
	p.room.Behind = []string{"u2"}
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	require.Len(t, p.begun, 1)
	require.Len(t, s.taken(t), 2)
}

func TestTake_QueuesWhatItsOwnerHasNoRoomFor(t *testing.T) {
	s := newStage(t)
	s.another(t, 3)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 2)
	ask := taking
	ask.CrowdedOwners = []string{"u2"}
	taken, err := s.Take(context.Background(), ask)
	require.NoError(t, err)
	require.Len(t, taken.Begun, 2)
	require.Equal(t, 6, taken.Queued)
}

// After a full round the newest are taken: who has just come does not wait for all
// that another one has due.
func TestTake_FindsANewcomerBehindVeryMany(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 30)
	newcomer := s.another(t, 1)[0]
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now() - interval '1 minute'`)
	s.post(t, event("late", "TODO_CREATED", "p1"))
	ask := taking
	ask.Limit = 5
	var rounds int
	for found := false; !found; rounds++ {
		taken, err := s.Take(context.Background(), ask)
		require.NoError(t, err)
		for _, p := range taken.Begun {
			found = found || p.Delivery.WebhookID == newcomer
		}
	}
	require.Equal(t, 2, rounds)
}

// TestRelease_HasTurnsAmongOwners: 40 webhooks of one owner have queues, and one of
// another.
func TestRelease_HasTurnsAmongOwners(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	many := s.another(t, 40)
	mine := s.limited(t, 0, 10)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET max_in_flight = 10`)
	for i := range 3 {
		s.post(t, event(fmt.Sprint("e", i), "TODO_CREATED", "p1"))
	}
	claims, err := s.Release(ctx, hook.Take{Limit: 6, Lease: time.Minute})
	require.NoError(t, err)
	of := map[string]int{}
	for _, c := range claims {
		of[c.OwnerID]++
	}
	require.Equal(t, map[string]int{"u1": 3, "u2": 3}, of)
	claims, err = s.Release(ctx, hook.Take{Limit: 200, Lease: time.Minute, CrowdedOwners: []string{"u2"}})
	require.NoError(t, err)
	require.Empty(t, claims, "%s has nothing left", mine.ID)
	require.Zero(t, s.number(t, `SELECT count(*) FROM lanes WHERE due_at <= now()`), "it is not looked at again at once")
	pgtest.Exec(t, s.url, `UPDATE lanes SET due_at = now() - interval '1 minute'`)
	claims, err = s.Release(ctx, hook.Take{Limit: 200, Lease: time.Minute, Crowded: many[:39]})
	require.NoError(t, err)
	require.NotEmpty(t, claims)
	for _, c := range claims {
		require.Equal(t, many[39], c.WebhookID)
	}
}

// Of webhooks that only wait for room nothing is looked at by Release: TakeQueued is
// asked for them.
func TestRelease_PassesOverWhatWaitsForRoom(t *testing.T) {
	s := newStage(t)
	s.another(t, 20)
	p := s.beginner(100)
	p.room.CrowdedOwners = []string{"u2"}
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	queued, err := s.Queued(context.Background())
	require.NoError(t, err)
	require.Len(t, queued, 20)
	require.Zero(t, s.number(t, `SELECT count(*) FROM lanes`))
	require.Empty(t, s.released(t))
	require.Zero(t, s.number(t, `SELECT count(*) FROM lanes WHERE due_at IS NOT NULL`))
	require.Len(t, s.takenQueued(t), 20)
}
