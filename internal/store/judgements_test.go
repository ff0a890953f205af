package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// dear is a rule whose filter takes longer than a publisher is made to wait, and
// is true of longEvent.
var dear = hook.Rule{Events: []string{"TODO_*"}, Filter: "current.list.exists(x, current.list.exists(y, x + y < 0)) || current.n == 1"}

func longEvent(id string) hook.Event {
	state := `{"n":1,"list":[0`
	for i := range 200 {
		state += fmt.Sprintf(",%d", i)
	}
	return hook.Event{ID: id, Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(state + `]}`)}
}

// TestJudgements_MakeOneDelivery has two workers judge the same, as after a lease
// that ran out: the first was frozen, or only its answer was lost.
func TestJudgements_MakeOneDelivery(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, dear)
	both := s.webhook(t, dear, hook.Rule{Events: []string{"TODO_CREATED"}})
	got := s.post(t, longEvent("e1"))
	require.True(t, got.Judging)
	require.Equal(t, 1, got.Matched, "the one that matches by a rule without a filter")
	_, first, err := s.ClaimJudgements(ctx, "", 10, 0)
	require.NoError(t, err)
	require.Len(t, first, 1, "and that needs no filter any more")
	_, second, err := s.ClaimJudgements(ctx, "", 10, time.Minute)
	require.NoError(t, err)
	require.Equal(t, first, second)
	var group sync.WaitGroup
	for _, j := range []hook.Judgement{first[0], second[0], first[0]} {
		group.Go(func() { s.settle(t, j) })
	}
	group.Wait()
	for _, id := range []string{w.ID, both.ID} {
		found, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1", WebhookID: id}, anyPage)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, hook.Pending, found[0].Status)
	}
	require.False(t, s.settle(t, first[0]).Due)
	require.Empty(t, s.checked(t, 10).Differences, "each of them knows of the other")
}

// TestJudgements_AreOfTheLedger: an event that is being judged isn't finished, and
// one that nobody judges is found.
func TestJudgements_AreOfTheLedger(t *testing.T) {
	s := newStage(t)
	s.webhook(t, dear)
	s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	require.True(t, s.post(t, longEvent("e1")).Judging)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'succeeded', dispatch_at = NULL, created_at = now() - interval '40 days', finished_at = now() - interval '40 days'`)
	pgtest.Exec(t, s.url, `UPDATE events SET accepted_at = now() - interval '40 days'`)
	require.Zero(t, s.retain(t, 10), "it is not removed")
	require.Empty(t, s.checked(t, 10).Differences)

	pgtest.Exec(t, s.url, `UPDATE judgements SET due_at = now() - interval '61 minutes'`)
	found := s.checked(t, 10)
	require.Equal(t, map[string]int{hook.DifferenceJudging: 1}, found.Differences)
	require.Equal(t, []string{"e1"}, found.IDs[hook.DifferenceJudging])
	require.NoError(t, s.EndCheck(context.Background(), found))
	n, oldest, err := s.WaitingJudgements(context.Background(), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Greater(t, oldest, time.Hour)

	s.judgeAll(t)
	judging, err := s.Judging(context.Background(), "e1")
	require.NoError(t, err)
	require.False(t, judging)
}

// TestJudgements_AreClaimedByOwner: an owner with many gets no more turns.
func TestJudgements_AreClaimedByOwner(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Udo", Email: "udo@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)
	s.webhook(t, dear)
	for i := range 5 {
		s.post(t, longEvent(fmt.Sprintf("e%d", i)))
	}
	_, err = s.CreateWebhook(ctx, draft("u2", dear))
	require.NoError(t, err)
	s.post(t, longEvent("last"))
	var turns []string
	for owner := ""; len(turns) < 4; {
		var claimed []hook.Judgement
		owner, claimed, err = s.ClaimJudgements(ctx, owner, 2, time.Minute)
		require.NoError(t, err)
		turns = append(turns, fmt.Sprint(owner, len(claimed)))
		if len(turns) == 2 {
			require.Equal(t, "last", claimed[0].Candidates[0].Event.ID)
			require.NoError(t, s.UnclaimJudgements(ctx, claimed))
		}
	}
	require.Equal(t, []string{"u12", "u21", "0", "u12"}, turns)
}

// TestJudgements_OfAWebhookThatIsOff: what matches is held, as at an acceptance; of
// one that is deleted nothing comes.
func TestJudgements_OfAWebhookThatIsOff(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	off, gone := s.webhook(t, dear), s.webhook(t, dear)
	s.post(t, longEvent("e1"))
	_, err := s.UpdateWebhook(ctx, off.ID, 0, func(w *hook.Webhook) error { w.Enabled, w.DisabledReason = false, hook.DisabledByOwner; return nil })
	require.NoError(t, err)
	require.NoError(t, s.DeleteWebhook(ctx, gone.ID))
	s.judgeAll(t)
	found, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1"}, anyPage)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, hook.Held, found[0].Status)
}

// TestJudgements_OfAnExpungedEventEnd: what it held can't be judged any more.
func TestJudgements_OfAnExpungedEventEnd(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, dear)
	s.post(t, longEvent("e1"))
	_, claimed, err := s.ClaimJudgements(ctx, "", 10, time.Minute)
	require.NoError(t, err)
	require.NoError(t, s.ExpungeEvent(ctx, "e1"))
	judging, err := s.Judging(ctx, "e1")
	require.NoError(t, err)
	require.False(t, judging)
	require.False(t, s.settle(t, claimed[0]).Due, "also where it was read before")
}

// TestIngest_InATransactionAsksPlainFiltersAlone: a request with an idempotency
// key holds a transaction open.
func TestIngest_InATransactionAsksPlainFiltersAlone(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"TODO_*"}, Filter: "current.n == 1"})
	s.webhook(t, hook.Rule{Events: []string{"TODO_*"}, Filter: "current.list.exists(x, x == 3)"})
	key := hook.IdempotencyKey{Credential: "k", Key: "1", Request: []byte("r")}
	_, _, err := s.Once(ctx, key, func(ctx context.Context) []byte {
		got, err := s.Ingest(ctx, []hook.Event{longEvent("e1")})
		require.NoError(t, err)
		require.Equal(t, 1, got[0].Matched)
		require.True(t, got[0].Judging)
		return []byte("kept")
	})
	require.NoError(t, err)
	s.judgeAll(t)
	found, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1"}, anyPage)
	require.NoError(t, err)
	require.Len(t, found, 2)
}
