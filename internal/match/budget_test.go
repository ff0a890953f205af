package match_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// dear is a filter that is true of events whose n is the given one, after some
// work that grows with the square of the length of their list.
func dear(n int) hook.Rule {
	return filtered(fmt.Sprintf("current.list.exists(x, current.list.exists(y, x + y < 0)) || current.n == %d", n))
}

// list is an event's state with a list of n numbers.
func list(n, value int) string {
	state := `{"n":` + fmt.Sprint(value) + `,"list":[0`
	for i := range n {
		state += fmt.Sprintf(",%d", i)
	}
	return state + `]}`
}

// cpu is the time that this process has computed so far.
func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestIngest_AnswersBeforeDearFilters: 20 webhooks with filters of 900 bytes that
// once took 2.4 s of CPU before an event was accepted.
func TestIngest_AnswersBeforeDearFilters(t *testing.T) {
	s := newStage(t)
	for i := range 20 {
		filter := fmt.Sprintf("current.n == %d || current.list.exists(x, ", i+100)
		for n := 0; len(filter) < 800; n++ {
			filter += fmt.Sprintf("current.list.exists(y, x * %d + y * 3 < 0) || ", n)
		}
		s.webhook(t, filtered(filter+"false) || true"))
	}
	cheap := s.webhook(t, filtered("current.n == 1"))
	s.post(t, "first", "TODO_CREATED", "p1", list(1, 1)) // compiles
	began := cpu(t)
	got := s.post(t, "e1", "TODO_CREATED", "p1", list(700, 1))
	require.Less(t, cpu(t)-began, 700*time.Millisecond)
	require.True(t, got.Judging)
	require.Equal(t, 1, got.Matched, "a filter that costs little is asked at once")
	found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: "e1"}, hook.Page{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, cheap.ID, found[0].WebhookID)

	again := s.post(t, "e1", "TODO_CREATED", "p1", list(700, 1))
	require.True(t, again.Duplicate)
	require.True(t, again.Judging)
	judging, err := s.Judging(context.Background(), "e1")
	require.NoError(t, err)
	require.True(t, judging)
	s.judgeAll(t)
	require.Equal(t, 1, s.matched(t, "e1"), "each needs more than a filter may")
	require.Equal(t, map[string]int{"cost": 20}, s.observer.kinds, "and that is counted as a failure")
	judging, err = s.Judging(context.Background(), "e1")
	require.NoError(t, err)
	require.False(t, judging)
}

func TestFiltersOfOneWebhookShareABudget(t *testing.T) {
	s := newStage(t)
	var rules []hook.Rule
	for i := range 50 {
		rules = append(rules, dear(i))
	}
	s.webhook(t, rules...)
	other := s.webhook(t, filtered("current.n == 49"))
	// One of them takes about 100,000 units, so not all of them fit.
	require.Equal(t, 1, s.post(t, "e1", "TODO_CREATED", "p1", list(150, 49)).Matched)
	s.judgeAll(t)
	require.Equal(t, 1, s.matched(t, "e1"), "the webhook's last filter was not asked")
	require.Positive(t, s.observer.kinds["budget"])
	require.Less(t, s.observer.kinds["budget"], 50)
	found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: other.ID}, hook.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, found, 1, "it is nobody else's budget")
	require.Equal(t, 2, s.post(t, "e2", "TODO_CREATED", "p1", list(1, 49)).Matched, "the next event has its own")
}

// TestBatch_EqualEventsMatchAlike: whether an event matches must not depend on
// what it is sent together with.
func TestBatch_EqualEventsMatchAlike(t *testing.T) {
	s := newStage(t)
	s.webhook(t, dear(1))
	s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	var events []hook.Event
	for i := range 60 {
		events = append(events, hook.Event{ID: fmt.Sprintf("e%d", i), Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(list(350, 1))})
	}
	got, err := s.Ingest(context.Background(), events)
	require.NoError(t, err)
	for _, a := range got {
		require.Nil(t, a.Err)
		require.True(t, a.Judging)
		require.Equal(t, 1, a.Matched)
	}
	s.judgeAll(t)
	for _, e := range events {
		require.Equal(t, 2, s.matched(t, e.ID), e.ID)
	}
}

// TestIngest_OwnersHaveSharesOfAnEvent: the filters of one owner that come first
// leave enough for those of another.
func TestIngest_OwnersHaveSharesOfAnEvent(t *testing.T) {
	s := newStage(t)
	for range 30 {
		s.webhook(t, filtered("current.list.exists(x, x < 0)")) // about 1,500 each
	}
	s.webhookOf(t, "u2", filtered("current.list.exists(x, x == 7)"))
	got := s.post(t, "e1", "TODO_CREATED", "p3", list(200, 1))
	require.Equal(t, 1, got.Matched, "that of u2")
	require.True(t, got.Judging, "some of those of u1")
}

// TestIngest_ARequestHasABudget: a batch of 500 events costs no more than it may.
func TestIngest_ARequestHasABudget(t *testing.T) {
	s := newStage(t)
	for range 4 {
		s.webhook(t, filtered("current.list.exists(x, x < 0)"))
	}
	var events []hook.Event
	for i := range 500 {
		events = append(events, hook.Event{ID: fmt.Sprintf("e%d", i), Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(list(400, 1))})
	}
	began := cpu(t)
	got, err := s.Ingest(context.Background(), events)
	require.NoError(t, err)
	require.Less(t, cpu(t)-began, 3*time.Second) // filters alone would take 2 s more
	require.True(t, got[499].Judging)
}

// TestJudgements_GoByTheRulesOfTheAcceptance replaces the rule that an event is yet
// to be judged by.
func TestJudgements_GoByTheRulesOfTheAcceptance(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, dear(1))
	require.True(t, s.post(t, "before", "TODO_CREATED", "p1", list(350, 1)).Judging)
	_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
		w.Rules = []hook.Rule{filtered("current.n == 2")}
		return nil
	})
	require.NoError(t, err)
	require.Zero(t, s.post(t, "after", "TODO_CREATED", "p1", list(350, 1)).Matched)
	require.NoError(t, s.ForgetRetiredRules(ctx, 10))
	s.judgeAll(t)
	require.Equal(t, 1, s.matched(t, "before"))
	require.Zero(t, s.matched(t, "after"))
}

// TestJudgements_OfCombinations: what an event is in a combination follows from
// all of its parts, so it is deferred as a whole.
func TestJudgements_OfCombinations(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Combination: &hook.Combination{
		AllOf: []hook.Part{
			{Events: []string{"TODO_CREATED"}},
			{Events: []string{"TODO_DELETED"}, Filter: dear(1).Filter},
		}, Within: "10m", Same: "current.n",
	}})
	require.False(t, s.post(t, "e1", "TODO_CREATED", "p1", list(1, 1)).Judging)
	require.True(t, s.post(t, "e2", "TODO_DELETED", "p1", list(350, 1)).Judging)
	require.Equal(t, []string{"judging"}, strings.Split(s.explain(t, w, "e2").Reason, ":")[:1])
	s.judgeAll(t)
	windows, err := s.ClaimWindows(context.Background(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, windows, 1)
	_, err = s.Advance(context.Background(), windows[0].RuleID, windows[0].Key)
	require.NoError(t, err)
	found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: w.ID}, hook.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, found, 1)
}

// TestExplain_TellsOfTheBudget asks why the 50th filter did not match.
func TestExplain_TellsOfTheBudget(t *testing.T) {
	s := newStage(t)
	var rules []hook.Rule
	for i := range 50 {
		rules = append(rules, dear(i))
	}
	w := s.webhook(t, rules...)
	require.Equal(t, 0, s.post(t, "e1", "TODO_CREATED", "p1", list(150, 49)).Matched)
	s.judgeAll(t)
	x, err := s.Explain(context.Background(), w.ID, "e1")
	require.NoError(t, err)
	require.False(t, x.Matched)
	require.Equal(t, "filter error: budget: the filters of this webhook need more than 1000000 steps on this event together", x.Rules[49].Reason)
}
