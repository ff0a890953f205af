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

// TestNumbers_AreThoseOfEachWebhook: what ended by the hour, what waits and is held,
// and the last attempt; those of another webhook and tests are none of it.
func TestNumbers_AreThoseOfEachWebhook(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	other := s.webhook(t, hook.Rule{Events: []string{"TODO_DELETED"}})
	since := time.Now().UTC().Truncate(time.Hour).Add(-23 * time.Hour)
	ids := []string{w.ID, other.ID, "wh_none"}
	got, err := s.WebhookNumbers(ctx, ids, since)
	require.NoError(t, err)
	require.Equal(t, map[string]hook.WebhookNumbers{w.ID: {}, other.ID: {}}, got)

	s.attempt(t, s.claimed(t, "done").DeliveryID, success())
	s.attempt(t, s.claimed(t, "fails").DeliveryID, failure())
	s.post(t, event("waits", "TODO_CREATED", "p1"))
	s.request(t, s.tested(t, hook.TestEvent{WebhookID: w.ID}).Delivery.ID, failure())
	pgtest.Exec(t, s.url, `INSERT INTO health_hours (webhook_id, hour, attempts, succeeded, reasons, latencies, counts)
		SELECT '`+w.ID+`', h, 7, 5, '{}', '{}', '{}' FROM unnest(ARRAY[date_trunc('hour', now(), 'UTC') - interval '3 hours', date_trunc('hour', now(), 'UTC') - interval '30 hours']) h`)
	got, err = s.WebhookNumbers(ctx, ids, since)
	require.NoError(t, err)
	n := got[w.ID]
	attempts, succeeded := 0, 0
	for _, h := range n.Hourly {
		attempts, succeeded = attempts+h.Attempts, succeeded+h.Succeeded
	}
	require.Equal(t, 9, attempts, "two of now and seven that were folded")
	require.Equal(t, 6, succeeded)
	require.Equal(t, 2, n.Waiting, "one waits, one is to be tried again")
	require.Zero(t, n.Held)
	require.WithinDuration(t, time.Now(), n.LastAttemptAt, time.Minute)
	require.WithinDuration(t, time.Now(), n.LastDeliveredAt, time.Minute)
	require.Equal(t, 1, n.FailuresInRow)
	require.Equal(t, failure().Reason, n.LastFailureReason)
	require.Equal(t, hook.WebhookNumbers{}, got[other.ID])

	s.off(t, w.ID)
	got, err = s.WebhookNumbers(ctx, ids, since)
	require.NoError(t, err)
	require.Equal(t, 0, got[w.ID].Waiting)
	require.Equal(t, 2, got[w.ID].Held)
	require.WithinDuration(t, time.Now(), got[w.ID].OffSince, time.Minute)
}

// TestNumbers_SayHowFarADrainIs: what was held when it began, and what is left.
func TestNumbers_SayHowFarADrainIs(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.off(t, w.ID)
	for i := range 3 {
		s.post(t, event(fmt.Sprint("e", i), "TODO_CREATED", "p1"))
	}
	drain := func() (bool, *hook.DrainProgress) {
		got, err := s.WebhookNumbers(ctx, []string{w.ID}, time.Now())
		require.NoError(t, err)
		return got[w.ID].Draining, got[w.ID].Drain
	}
	draining, progress := drain()
	require.False(t, draining)
	require.Nil(t, progress)
	_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.OwnerEnabled, Release: true})
	require.NoError(t, err)
	_, progress = drain()
	require.Equal(t, &hook.DrainProgress{Total: 3, Left: 3}, progress)
	require.Len(t, s.released(t), 1)
	draining, progress = drain()
	require.True(t, draining)
	require.Equal(t, &hook.DrainProgress{Total: 3, Left: 2}, progress, "one goes first")
	s.off(t, w.ID)
	draining, progress = drain()
	require.False(t, draining)
	require.Nil(t, progress)
}

// TestNumbers_TellOfARecovery: its probes, and that it was given up.
func TestNumbers_TellOfARecovery(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	pgtest.Exec(t, s.url, `UPDATE webhooks SET failures_in_row = 5, recover_at = now(), probes = 2, next_probe_at = now() + interval '1 hour'`)
	numbers := func() hook.WebhookNumbers {
		got, err := s.WebhookNumbers(context.Background(), []string{w.ID}, time.Now())
		require.NoError(t, err)
		return got[w.ID]
	}
	n := numbers()
	require.Equal(t, 5, n.FailuresInRow)
	require.Equal(t, 2, n.Recovery.Probes)
	require.WithinDuration(t, time.Now().Add(time.Hour), n.Recovery.NextProbeAt, time.Minute)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET recover_at = NULL, next_probe_at = NULL, gave_up_at = now()`)
	require.WithinDuration(t, time.Now(), numbers().Recovery.GaveUpAt, time.Minute)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET gave_up_at = NULL`)
	require.Nil(t, numbers().Recovery)
}

// TestNumbers_AreBounded: a page costs no more, however much waits for one webhook.
func TestNumbers_AreBounded(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.fill(t, w.ID, hook.MaxWaitingShown+500)
	got, err := s.WebhookNumbers(context.Background(), []string{w.ID}, time.Now())
	require.NoError(t, err)
	require.Equal(t, hook.MaxWaitingShown, got[w.ID].Waiting)
}

func TestLastAttempts_AreTheNewestOfEachDelivery(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	first, second := s.claimed(t, "e1").DeliveryID, s.claimed(t, "e2").DeliveryID
	s.attempt(t, first, failure())
	s.due(t, first)
	s.attempt(t, first, success())
	got, err := s.LastAttempts(ctx, []string{first, second, "dlv_none"})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 2, got[0].Number)
	require.Equal(t, hook.Success, got[0].Result.Outcome)
}
