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

// spoil makes parts of a webhook unreadable, as a key does that was dropped.
func (s stage) spoil(t *testing.T, webhookID string) {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE webhooks SET secret = 'x' || secret, headers = 'x' || headers, old_secrets = 'x', version = version + 1 WHERE id = $1`, webhookID)
}

func TestUnreadable_FailsItsOwnDeliveriesAlone(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	good := s.webhook(t, hook.Rule{Events: []string{"*"}})
	bad := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.spoil(t, bad.ID)
	failed := func() int {
		t.Helper()
		found, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: bad.ID}, anyPage)
		require.NoError(t, err)
		for _, d := range found {
			require.Equal(t, hook.Failed, d.Status)
			require.Equal(t, hook.ReasonInternal, d.Reason)
			require.Zero(t, d.Attempts)
		}
		return len(found)
	}
	// By a take, and by an ingest.
	s.posts(t, 2)
	begun := s.taken(t)
	require.Len(t, begun, 2)
	require.Equal(t, 2, failed())
	p := s.beginner(10)
	s.post(t, event("e3", "TODO_CREATED", "p1"))
	require.Len(t, p.begun, 1)
	for _, b := range append(begun, p.begun...) {
		require.Equal(t, good.ID, b.Webhook.ID)
		require.NoError(t, s.Finish(ctx, hook.Conclude(b.Delivery.ID, 1, success(), nil)))
	}
	require.Equal(t, 3, failed())
	require.Empty(t, s.checked(t, 100).Differences)
}

func TestUnreadable_IsShownAndMended(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	bad := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.spoil(t, bad.ID)
	all, err := s.Webhooks(ctx, hook.WebhookFilter{}, anyPage)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, []string{"secret", "headers", "old_secrets"}, all[0].Unreadable)
	require.False(t, all[0].Sendable())
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	unreadable := func() hook.Unreadable {
		t.Helper()
		found, err := s.Unreadable(ctx)
		require.NoError(t, err)
		return found
	}
	require.Equal(t, hook.Unreadable{Total: 1, Webhooks: []string{bad.ID}}, unreadable())

	sealed := func() (secret, headers []byte) {
		t.Helper()
		require.NoError(t, s.SQL().QueryRow(`SELECT secret, headers FROM webhooks WHERE id = $1`, bad.ID).Scan(&secret, &headers))
		return secret, headers
	}
	secret, headers := sealed()
	w, err := s.UpdateWebhook(ctx, bad.ID, 0, func(w *hook.Webhook) error { w.Name = "other"; return nil })
	require.NoError(t, err)
	require.Equal(t, "other", w.Name)
	stillSecret, stillHeaders := sealed()
	require.Equal(t, secret, stillSecret, "it may be readable again one day")
	require.Equal(t, headers, stillHeaders)

	w, err = s.RotateSecret(ctx, bad.ID, func(w *hook.Webhook) error { return w.Rotate("whsec_bmV3", time.Hour, time.Now()) })
	require.NoError(t, err)
	require.Equal(t, []string{"headers"}, w.Unreadable)
	require.Equal(t, "whsec_bmV3", w.Secret)
	require.Empty(t, w.OldSecrets)
	w, err = s.UpdateWebhook(ctx, bad.ID, 0, func(w *hook.Webhook) error { w.Headers = map[string]string{"X-Token": "new"}; return nil })
	require.NoError(t, err)
	require.Empty(t, w.Unreadable)
	require.True(t, w.Sendable())
	require.Zero(t, unreadable())

	s.spoil(t, bad.ID)
	require.NoError(t, s.DeleteWebhook(ctx, bad.ID))
	require.Zero(t, unreadable(), "a webhook that was deleted sends nothing")
}

// Whenever its context ends, a take tells of all that it has begun.
func TestTake_IsNotCutOff(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	var events []hook.Event
	for i := range 400 {
		events = append(events, event(fmt.Sprintf("e%d", i), "TODO_CREATED", "p1"))
	}
	_, err := s.Ingest(context.Background(), events)
	require.NoError(t, err)
	begun := 0
	for round := range 40 {
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(time.Duration(round)*200*time.Microsecond, cancel)
		taken, _ := s.Take(ctx, hook.Take{Limit: 10, Timeout: time.Minute, Margin: time.Minute, Lease: lease})
		timer.Stop()
		cancel()
		begun += len(taken.Begun)
		var known int
		require.NoError(t, s.SQL().Get(&known, `SELECT count(*) FROM deliveries WHERE attempts = 1`))
		require.Equal(t, known, begun)
	}
	require.NotZero(t, begun)
}

// What one delivery keeps for its body can't be read: it fails alone.
func TestUnreadable_BodyFailsItsOwnDeliveryAlone(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := draft("u1", hook.Rule{Events: []string{"*"}})
	w.PayloadFormat = hook.FormatBlue
	_, err := s.CreateWebhook(ctx, w)
	require.NoError(t, err)
	s.posts(t, 3)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET blue_webhook = '[]' WHERE event_id = 'e1'`)
	begun := s.taken(t)
	require.Len(t, begun, 2)
	found, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1"}, anyPage)
	require.NoError(t, err)
	require.Equal(t, hook.Failed, found[0].Status)
	require.Equal(t, hook.ReasonInternal, found[0].Reason)
}
