package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// aged makes deliveries of a webhook older by some seconds.
func (s stage) aged(t testing.TB, webhookID string, seconds int) {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE deliveries SET created_at = created_at - make_interval(secs => $2) WHERE webhook_id = $1`, webhookID, seconds)
}

// expired makes the steps until there is nothing more to end, and says how many it has ended.
func (s stage) expired(t testing.TB) (all int) {
	t.Helper()
	for {
		n, more, err := s.Expire(context.Background())
		require.NoError(t, err)
		if all += n; !more {
			return all
		}
	}
}

func maxAge(age time.Duration) func(*hook.Webhook) error {
	return func(w *hook.Webhook) error { w.MaxAge = age; return nil }
}

func TestExpire_EndsWhatWaitsForTooLong(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	other := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.switched(t, w.ID, maxAge(time.Hour))

	id := map[string]string{}
	for _, name := range []string{"due", "queued", "retrying", "under way", "held", "succeeded", "young"} {
		eventID := "e-" + name[:1] + name[len(name)-1:]
		s.post(t, event(eventID, "TODO_CREATED", "p1"))
		found, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID, EventID: eventID}, anyPage)
		require.NoError(t, err)
		id[name] = found[0].ID
	}
	set := func(name, columns string) {
		pgtest.Exec(t, s.url, `UPDATE deliveries SET `+columns+` WHERE id = $1`, id[name])
	}
	set("queued", `dispatch_at = 'infinity'`)
	set("retrying", `status = 'retrying', attempts = 1, next_attempt_at = now() + interval '1 hour', dispatch_at = now() + interval '2 hours'`)
	set("under way", `status = 'retrying', attempts = 2, dispatch_at = now() + interval '1 minute'`)
	set("held", `status = 'held', reason = 'webhook_disabled', dispatch_at = NULL`)
	set("succeeded", `status = 'succeeded', attempts = 1, dispatch_at = NULL, finished_at = now()`)
	require.Zero(t, s.expired(t), "all are young")
	s.aged(t, w.ID, 3600)
	s.aged(t, other.ID, 3600)
	set("young", `created_at = now() - interval '59 minutes'`)

	require.Equal(t, 4, s.expired(t))
	for name, deliveryID := range id {
		d, err := s.Delivery(ctx, deliveryID)
		require.NoError(t, err)
		ended := name == "due" || name == "queued" || name == "retrying" || name == "held"
		require.Equal(t, ended, d.Status == hook.Cancelled && d.Reason == hook.ReasonExpired && !d.FinishedAt.IsZero(), "%s: %s %s", name, d.Status, d.Reason)
	}
	listed, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID, Statuses: []hook.DeliveryStatus{hook.Cancelled}}, anyPage)
	require.NoError(t, err)
	require.Len(t, listed, 4)
	ledger, err := s.Ledger(ctx, hook.LedgerQuery{WebhookID: w.ID, Since: time.Now().Add(-2 * time.Hour), Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, 4, ledger.ByReason[hook.ReasonExpired])
	require.True(t, ledger.Balanced())
}

func TestExpire_TakesNothingOldForItsFirstAttempt(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.switched(t, w.ID, maxAge(time.Hour))
	s.post(t, event("old", "TODO_CREATED", "p1"))
	s.aged(t, w.ID, 3601)
	s.post(t, event("young", "TODO_CREATED", "p1"))
	taken, err := s.Take(ctx, hook.Take{Limit: 10, Timeout: time.Second, Margin: time.Second, Lease: time.Second})
	require.NoError(t, err)
	require.Len(t, taken.Begun, 1)
	require.Equal(t, "young", taken.Begun[0].Event.ID)
	require.Len(t, taken.Rest, 1, "its workflow sees that it is too old")
	p, err := s.Parcel(ctx, taken.Rest[0].DeliveryID)
	require.NoError(t, err)
	require.Equal(t, hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonExpired}, hook.Decide(p, 1))
}

func TestExpire_LooksAtEveryWebhookInTurns(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	bulk(t, s.url, 1200, "project:p9", "TODO_CREATED")
	pgtest.Exec(t, s.url, `UPDATE webhooks SET max_age = 60`)
	s.fill(t, w.ID, 1100)
	s.aged(t, w.ID, 61)
	require.Equal(t, 1100, s.expired(t))
	require.Zero(t, s.expired(t))
}

// TestExpire_AStepCostsTheSameHoweverLongTheQueue has a queue that is young, and
// much that has arrived long ago, where nothing is to be ended.
func TestExpire_AStepCostsTheSameHoweverLongTheQueue(t *testing.T) { withStatistics(t, testExpireStep) }

func testExpireStep(t *testing.T, s stage) {
	t.Helper()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.switched(t, w.ID, maxAge(time.Hour))
	conn := session(t, s.url)
	_, err := conn.ExecContext(context.Background(), "PREPARE expire(text, timestamptz, text, bigint, text, text, text, timestamptz, text[]) AS "+store.ExpireStep)
	require.NoError(t, err)
	call := fmt.Sprintf(`expire(NULL, NULL, NULL, 500, 'cancelled', 'expired', NULL, NULL, '{%s}')`, w.ID)
	planned(t, conn, call)
	s.fill(t, w.ID, 20_000)
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, finished_at, created_at)
		SELECT 'dlv_done' || g, 'done' || g, $1, 'TODO_CREATED', 'p1', 'c1', 'succeeded', now(), now() - interval '1 day' FROM generate_series(1, 20000) g`, w.ID)
	require.Less(t, planned(t, conn, call).pages(), 100)
}
