package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// asksForPause is the answer of a receiver that gets too much.
func asksForPause(wait time.Duration) hook.Result {
	return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus429, StatusCode: 429, RetryAfter: wait, URL: "https://example.com/hook"}
}

// request makes the next request of a delivery whose webhook has room for it.
func (s stage) request(t *testing.T, deliveryID string, r hook.Result) {
	t.Helper()
	ctx := context.Background()
	p, err := s.Parcel(ctx, deliveryID)
	require.NoError(t, err)
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	require.Equal(t, p.Delivery.Attempts+1, n)
	f := p.Conclude(n, r, func() time.Duration { return time.Hour })
	f.HadSlot = p.Webhook.Limited()
	require.NoError(t, s.Finish(ctx, f))
}

// pauseEnds has the pause of every webhook be over.
func (s stage) pauseEnds(t *testing.T) {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE webhooks SET paused_until = now() WHERE paused_until > now()`)
	pgtest.Exec(t, s.url, `UPDATE lanes SET free_at = now()`)
}

func TestPause_HoldsTheWholeWebhookBackAndUsesUpNoAttempt(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	s.post(t, event("e2", "TODO_CREATED", "p1"))
	s.request(t, id, asksForPause(time.Minute))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []any{hook.Retrying, 1, 1, 0, 2}, []any{d.Status, d.Attempts, d.Unused, d.Used(), d.Generation})
	require.WithinDuration(t, time.Now().Add(time.Minute), d.NextAttemptAt, 10*time.Second)
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, []any{hook.Healthy, 0, true, 0.5}, []any{got.Status, got.FailuresInRow, got.Limited(), got.Pause.Pace})
	require.WithinDuration(t, time.Now().Add(time.Minute), got.Pause.Until, 10*time.Second)

	s.post(t, event("e3", "TODO_CREATED", "p1"))
	taken, err := s.Take(ctx, hook.Take{Limit: 10, Timeout: time.Second, Margin: time.Second, Lease: lease})
	require.NoError(t, err)
	require.Empty(t, taken.Begun, "what was due before waits, too")
	require.Empty(t, s.released(t))
	s.pauseEnds(t)
	first := s.released(t)
	require.Len(t, first, 1, "the pace is one in two seconds")
	require.Equal(t, "e1", first[0].EventID, "the oldest first")
	for range 7 {
		s.request(t, id, asksForPause(time.Minute))
		s.pauseEnds(t)
		require.Len(t, s.released(t), 1)
	}
	s.request(t, id, success())
	all, err := s.Attempts(ctx, id)
	require.NoError(t, err)
	require.Len(t, all, 9)
	for i, a := range all {
		require.Equal(t, 1, a.Number, "request %d", i+1)
		require.Equal(t, i < 8, a.Result.Outcome == hook.PutOff, "request %d", i+1)
	}
	d, err = s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []any{hook.Succeeded, 1}, []any{d.Status, d.Used()})
	require.Empty(t, s.checked(t, 10).Differences)
	transitions, err := s.Transitions(ctx, w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Empty(t, transitions)
}

func TestPause_CountsAfterADay(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	s.request(t, id, asksForPause(time.Hour))
	pgtest.Exec(t, s.url, `UPDATE webhooks SET paused_since = now() - interval '24 hours'`)
	s.pauseEnds(t)
	require.Len(t, s.released(t), 1)
	s.request(t, id, asksForPause(time.Hour))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []any{2, 1}, []any{d.Attempts, d.Used()})
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, 1, got.FailuresInRow)
	require.True(t, got.Pause.Until.Before(time.Now()), "the webhook is not paused")
}

func TestPause_IsOfARowUntilASuccess(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	s.post(t, event("e2", "TODO_CREATED", "p1"))
	claims, err := s.Claim(ctx, 2, lease)
	require.NoError(t, err)
	s.request(t, claims[0].DeliveryID, asksForPause(time.Minute))
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.False(t, got.Pause.Since.IsZero())
	p, err := s.Parcel(ctx, claims[1].DeliveryID)
	require.NoError(t, err)
	_, queued, err := s.Pace(ctx, p)
	require.NoError(t, err)
	require.True(t, queued, "no request begins in a pause")
	s.pauseEnds(t)
	for _, c := range s.released(t) {
		s.request(t, c.DeliveryID, success())
	}
	got, err = s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.True(t, got.Pause.Since.IsZero())
	require.Positive(t, got.Pause.Pace, "it goes on slowly")
}

func TestPause_PaceDoublesEachMinuteAndIsForgotten(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	for ago, want := range map[time.Duration]float64{-time.Hour: 2, 0: 2, hook.PaceDoubles: 4, 3 * hook.PaceDoubles: 16, hook.PaceForgotten - time.Second: 2024, hook.PaceForgotten: 0} {
		pgtest.Exec(t, s.url, `UPDATE webhooks SET pace = 2, paused_until = now() - make_interval(secs => $1)`, ago.Seconds())
		got, err := s.Webhook(ctx, w.ID)
		require.NoError(t, err)
		require.InEpsilon(t, max(want, 1e-9), max(got.Pause.Pace, 1e-9), 0.05, "%s after the pause", ago)
		require.Equal(t, want > 0, got.Limited())
		require.Equal(t, want > 0, s.number(t, `SELECT count(*) FROM webhooks w WHERE w.paused_until > now() - interval '10 minutes'`) == 1, "as SQL sees it")
	}
}

func TestPause_HalvesWhatTheWebhookDid(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	pgtest.Exec(t, s.url, `UPDATE webhooks SET created_at = now() - interval '100 seconds'`)
	pgtest.Exec(t, s.url, `INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) VALUES ($1, date_trunc('hour', now(), 'UTC'), '', 1, 1, 4000)`, w.ID)
	s.request(t, id, asksForPause(time.Minute))
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.InEpsilon(t, 20, got.Pause.Pace, 0.1)
}

func TestPause_OfTheOldURLEndsWithIt(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.request(t, s.claimed(t, "e1").DeliveryID, asksForPause(time.Hour))
	got, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.URL = "https://example.com/other"; return nil })
	require.NoError(t, err)
	require.Equal(t, hook.Pause{}, got.Pause)
}

func TestPause_OfWhatWasHeldMeanwhileUsesUpNothing(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	_, err = s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	require.NoError(t, s.Finish(ctx, p.Conclude(n, asksForPause(time.Minute), nil)))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []any{hook.Held, hook.ReasonWebhookDisabled, 0}, []any{d.Status, d.Reason, d.Used()})
}

func TestHealth_IsNotChangedByWhatHappenedAtAnotherURL(t *testing.T) {
	gone := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}
	for name, tc := range map[string]struct {
		url    string
		result hook.Result
		status hook.DeliveryStatus
		health hook.Health
	}{
		"410 of the old":     {"https://example.com/hook", gone, hook.Failed, hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: 2}},
		"410 of the new":     {"https://example.com/new", gone, hook.Failed, hook.Health{Status: hook.Unhealthy, DisabledReason: hook.DisabledAsGone, FailuresInRow: 2}},
		"failure of the old": {"https://example.com/hook", failure(), hook.Retrying, hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: 2}},
		"failure of the new": {"https://example.com/new", failure(), hook.Retrying, hook.Health{Enabled: true, Status: hook.Degraded, FailuresInRow: 3}},
		"success of the old": {"https://example.com/hook", success(), hook.Succeeded, hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: 2}},
		"success of the new": {"https://example.com/new", success(), hook.Succeeded, hook.Health{Enabled: true, Status: hook.Healthy}},
		"pause of the old":   {"https://example.com/hook", asksForPause(time.Hour), hook.Retrying, hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: 2}},
		"pause of the new":   {"https://example.com/new", asksForPause(time.Hour), hook.Retrying, hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: 2, Paused: true}},
	} {
		s := newStage(t)
		ctx := context.Background()
		w := s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"*"}}))
		id := s.claimed(t, "e1").DeliveryID
		p, err := s.Parcel(ctx, id)
		require.NoError(t, err)
		n, err := s.Begin(ctx, p, "run", time.Minute)
		require.NoError(t, err)
		_, err = s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.URL = "https://example.com/new"; return nil })
		require.NoError(t, err)
		tc.result.URL = tc.url
		require.NoError(t, s.Finish(ctx, p.Conclude(n, tc.result, func() time.Duration { return time.Hour })), name)
		d, err := s.Delivery(ctx, id)
		require.NoError(t, err)
		require.Equal(t, tc.status, d.Status, name)
		r, err := s.HealthReport(ctx, w.ID, time.Now())
		require.NoError(t, err)
		require.Equal(t, tc.health, r.Health, name)
	}
}

func TestHealth_RealSuccessesOutweighAProbe(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	old, bad := s.claimed(t, "e1").DeliveryID, s.claimed(t, "e2").DeliveryID
	s.attempt(t, old, failure())
	s.attempt(t, bad, failure())
	yes, err := s.Outweighed(ctx, w.ID, bad)
	require.NoError(t, err)
	require.False(t, yes)
	s.attempt(t, s.claimed(t, "e3").DeliveryID, success())
	late := s.claimed(t, "e4").DeliveryID
	s.attempt(t, late, failure())
	for range hook.MaxAttempts - 1 {
		s.attempt(t, bad, failure())
	}
	for id, want := range map[string]bool{bad: true, late: false} {
		yes, err := s.Outweighed(ctx, w.ID, id)
		require.NoError(t, err)
		require.Equal(t, want, yes)
	}
	for _, id := range []string{bad, late} {
		_, after, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonStatus5xx, DeliveryID: id, URL: w.URL})
		require.NoError(t, err)
		require.Equal(t, id == bad, after.Enabled)
	}
}

func TestTransition_NamesTheTrueReason(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	for range hook.MaxAttempts {
		s.attempt(t, id, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus4xx, StatusCode: 404})
		pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'retrying', reason = NULL, finished_at = NULL, dispatch_at = now() WHERE status = 'failed'`)
	}
	pgtest.Exec(t, s.url, `UPDATE webhooks SET status = 'HEALTHY', failures_in_row = 5, exhausted_in_row = 4`)
	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	d := hook.Decide(p, p.Delivery.Generation)
	require.Equal(t, hook.StepSettle, d.Step)
	require.NoError(t, s.Settle(ctx, p, d.Status, d.Reason))
	_, _, err = s.Happen(ctx, w.ID, hook.Cause{What: hook.ProbePassed, Reason: hook.ReasonStatus429, DeliveryID: id})
	require.NoError(t, err)
	transitions, err := s.Transitions(ctx, w.ID, time.Time{}, 2)
	require.NoError(t, err)
	require.Equal(t, []any{hook.DeliveryExhausted, hook.ReasonStatus429, false}, []any{transitions[0].Cause, transitions[0].Reason, transitions[0].Enabled}, "it answers probes, and takes nothing")
	require.Equal(t, []any{hook.DeliveryExhausted, hook.ReasonStatus4xx, true}, []any{transitions[1].Cause, transitions[1].Reason, transitions[1].Enabled}, "not worker_lost")
}

func TestRecovery_TakesNoProbeOfAnotherURL(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.ProbeFailed})
	require.NoError(t, err)
	plan := hook.RecoveryPlan{Waits: []time.Duration{time.Minute}, Window: time.Hour}
	seen, err := s.Recovery(ctx, w.ID, plan)
	require.NoError(t, err)
	_, err = s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.URL = "https://example.com/new"; return nil })
	require.NoError(t, err)
	for _, what := range []hook.Happened{hook.Recovered, hook.ReceiverGone, hook.ProbeFailed} {
		_, took, err := s.Probed(ctx, w.ID, hook.RecoveryProbe{Seen: seen, What: what, Plan: plan})
		require.NoError(t, err)
		require.False(t, took, what)
	}
}
