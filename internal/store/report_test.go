package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// lasting is a result that took so long.
func lasting(r hook.Result, d time.Duration) hook.Result {
	r.Duration = d
	return r
}

func (s stage) report(t *testing.T, webhookID string) hook.HealthReport {
	t.Helper()
	r, err := s.HealthReport(context.Background(), webhookID, time.Now().Add(-hook.DefaultReport))
	require.NoError(t, err)
	return r
}

func TestEachAttemptIsCountedOnce(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	c := s.claimed(t, "e1")
	p, err := s.Parcel(ctx, c.DeliveryID)
	require.NoError(t, err)
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	f := hook.Conclude(c.DeliveryID, n, lasting(failure(), 100*time.Millisecond), func() time.Duration { return time.Hour })
	for range 3 {
		require.NoError(t, s.Finish(ctx, f))
	}
	r := s.report(t, w.ID)
	require.Equal(t, 1, r.Total.Attempts)
	require.Equal(t, map[hook.Reason]int{hook.ReasonStatus5xx: 1}, r.Total.ByReason)
	require.Equal(t, 1, r.FailuresInRow, "a failure that is written down again is the same failure")
	require.Equal(t, hook.ReasonStatus5xx, r.LastFailureReason)
	require.WithinDuration(t, time.Now(), r.LastFailureAt, time.Minute)
	median, _ := r.Total.Percentile(50)
	require.InEpsilon(t, 100*time.Millisecond, median, hook.LatencyError)
}

func TestAnAttemptThatWasThoughtLostIsCountedWhenItEnds(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	c := s.claimed(t, "e1")
	for range 2 { // the first one's worker is thought lost when the second one begins
		p, err := s.Parcel(ctx, c.DeliveryID)
		require.NoError(t, err)
		_, err = s.Begin(ctx, p, "run", time.Minute)
		require.NoError(t, err)
	}
	require.Zero(t, s.report(t, w.ID).Total.Attempts)
	late := hook.Conclude(c.DeliveryID, 1, success(), nil)
	require.NoError(t, s.Finish(ctx, late))
	require.NoError(t, s.Finish(ctx, late))
	require.Equal(t, 1, s.report(t, w.ID).Total.Succeeded)
	attempts, err := s.Attempts(ctx, c.DeliveryID)
	require.NoError(t, err)
	require.Equal(t, hook.Success, attempts[0].Result.Outcome)
}

func TestStreaks(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	streak := func(results ...hook.Result) (inRow [2]int) {
		t.Helper()
		for i, result := range results {
			e := event(w.ID+time.Now().Format("150405.000000000"), "TODO_CREATED", "p1")
			s.post(t, e)
			if i == 0 {
				pgtest.Exec(t, s.url, `UPDATE webhooks SET trial_at = NULL`)
			}
			all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: e.ID}, anyPage)
			require.NoError(t, err)
			require.Len(t, all, 1)
			s.attempt(t, all[0].ID, result)
		}
		r := s.report(t, w.ID)
		return [2]int{r.SuccessesInRow, r.FailuresInRow}
	}
	require.Equal(t, [2]int{0, 0}, streak())
	require.Equal(t, [2]int{3, 0}, streak(success(), success(), success()))
	require.Equal(t, [2]int{0, 1}, streak(failure()))
	require.Equal(t, [2]int{1, 0}, streak(success()))
	require.Equal(t, [2]int{2, 0}, streak(success()))
	pgtest.Exec(t, s.url, `UPDATE webhooks SET last_failure_at = last_failure_at - interval '1 hour'`)
	pgtest.Exec(t, s.url, `UPDATE health_counts SET hour = hour - interval '1 hour'`)
	require.Equal(t, [2]int{3, 0}, streak(success()))
	require.Len(t, s.report(t, w.ID).Hourly, 2)
}

func TestReportOfAMissingWebhook(t *testing.T) {
	s := newStage(t)
	_, err := s.HealthReport(context.Background(), "wh_none", time.Now())
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestStats(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.claimed(t, "old")
	pgtest.Exec(t, s.url, `UPDATE deliveries SET created_at = now() - interval '2 days'`)
	pgtest.Exec(t, s.url, `UPDATE events SET accepted_at = now() - interval '2 days'`)
	s.attempt(t, s.claimed(t, "e1").DeliveryID, success())
	s.post(t, event("e2", "TODO_CREATED", "p1"))
	got, err := s.Stats(ctx, time.Now().Add(-24*time.Hour))
	require.NoError(t, err)
	require.Equal(t, map[hook.DeliveryStatus]int{hook.Pending: 1, hook.Retrying: 0, hook.Succeeded: 1, hook.Failed: 0, hook.Held: 0, hook.Cancelled: 0}, got.Deliveries)
	require.Equal(t, map[hook.DeliveryStatus]int{hook.Pending: 2, hook.Retrying: 0, hook.Held: 0}, got.Backlog)
	require.Equal(t, []int{2, 1, 1}, []int{got.Events, got.Attempts, got.Succeeded})
	require.Len(t, got.Hourly, 1)
	require.Equal(t, []int{1, 1}, []int{got.Hourly[0].Attempts, got.Hourly[0].Succeeded})
	require.WithinDuration(t, time.Now(), got.Hourly[0].Hour, time.Hour+time.Minute)
	require.Empty(t, got.ByReason)
	require.WithinDuration(t, time.Now().Add(-48*time.Hour), got.OldestWaiting, time.Minute)

	for _, who := range []context.Context{ctx, as("u1")} {
		pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'failed', reason = 'exhausted', dispatch_at = NULL, finished_at = now() WHERE event_id = 'old'`)
		pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'held', reason = 'webhook_disabled', dispatch_at = NULL WHERE event_id = 'e2'`)
		got, err = s.Stats(who, time.Now().Add(-72*time.Hour))
		require.NoError(t, err)
		require.Equal(t, map[hook.Reason]int{hook.ReasonExhausted: 1, hook.ReasonWebhookDisabled: 1}, got.ByReason)
		require.True(t, got.OldestWaiting.IsZero())
		require.Len(t, got.Hourly, 1)
	}
	none, err := s.Stats(as("u-nobody"), time.Now().Add(-72*time.Hour))
	require.NoError(t, err)
	require.Empty(t, none.ByReason)
	require.Empty(t, none.Hourly)
}
