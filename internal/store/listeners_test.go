package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/pgtest"
)

// openListener opens a listener of u1 for all events.
func (s stage) openListener(t *testing.T, name string) (hook.Listener, hook.Webhook) {
	t.Helper()
	l, w, err := s.OpenListener(context.Background(), hook.Listener{OwnerID: "u1", Name: name, Keep: time.Minute}, listenerWebhook(name), hook.Opening{})
	require.NoError(t, err)
	return l, w
}

func listenerWebhook(name string) hook.Webhook {
	return hook.Webhook{
		ID: id.New(id.Webhook), OwnerID: "u1", Name: "Listener " + name, Listener: name, URL: hook.ListenerURL(name), Secret: "whsec_" + id.New(id.Webhook),
		Rules: []hook.Rule{{Events: []string{"*"}}}, PayloadFormat: hook.FormatStandard, Status: hook.Healthy, Timeout: hook.ListenerTimeout,
		Metadata: []byte("{}"), DisabledReason: hook.DisabledByOwner,
	}
}

// streamEnded makes the stream of a listener end that long ago.
func (s stage) streamEnded(t *testing.T, webhookID, ago string) {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE listeners SET stream_until = now() - $2::interval WHERE webhook_id = $1`, webhookID, ago)
}

func (s stage) listenerStatus(t *testing.T, eventID string) (status string) {
	t.Helper()
	s.read(t, &status, `SELECT status FROM deliveries WHERE event_id = $1`, eventID)
	return status
}

func TestListener_HoldsWhileNobodyListensAndReleases(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, w := s.openListener(t, "laptop")
	require.False(t, w.Enabled)
	s.accept(t, hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	require.Equal(t, "held", s.listenerStatus(t, "e1"))

	l, err := s.BeginStream(ctx, w.ID, "one", false)
	require.NoError(t, err)
	require.True(t, l.Listening)
	w, err = s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.True(t, w.Enabled)
	require.Positive(t, w.Drain, "what was held is delivered")
	s.accept(t, hook.Event{ID: "e2", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	require.Equal(t, "pending", s.listenerStatus(t, "e2"))

	_, _, err = s.OpenListener(ctx, hook.Listener{OwnerID: "u1", Name: "laptop"}, listenerWebhook("laptop"), hook.Opening{})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err), "something listens")
	other := listenerWebhook("laptop")
	other.Rules = []hook.Rule{{Events: []string{"COMMENT_*"}}}
	l, same, err := s.OpenListener(ctx, hook.Listener{OwnerID: "u1", Name: "laptop"}, other, hook.Opening{AsIs: true})
	require.NoError(t, err)
	require.True(t, l.Listening)
	require.Equal(t, w, same, "nothing of it is changed")

	require.NoError(t, s.EndStream(ctx, w.ID, "one"))
	n, err := s.TendListeners(ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n, "a client that lost its connection may come back")
	s.streamEnded(t, w.ID, "4 seconds")
	n, err = s.TendListeners(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "held", s.listenerStatus(t, "e2"))

	_, err = s.BeginStream(ctx, w.ID, "two", true)
	require.NoError(t, err)
	w, err = s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.False(t, w.Enabled, "a paused stream keeps the listener and wants nothing")
	s.streamEnded(t, w.ID, "2 minutes")
	_, err = s.TendListeners(ctx, 10)
	require.NoError(t, err)
	_, err = s.Webhook(ctx, w.ID)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err), "it is removed")
	s.read(t, &n, `SELECT webhooks FROM user_usage WHERE user_id = 'u1'`)
	require.Zero(t, n, "and takes no place")
}

func TestListener_KeepsItsSecret(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, first := s.openListener(t, "laptop")
	_, again := s.openListener(t, "laptop")
	require.Equal(t, first.ID, again.ID, "nobody listens: it is taken up")
	require.Equal(t, first.Secret, again.Secret)
	require.NoError(t, s.DeleteListener(ctx, first.ID))
	_, later := s.openListener(t, "laptop")
	require.NotEqual(t, first.ID, later.ID)
	require.Equal(t, first.Secret, later.Secret)
	require.NoError(t, s.DeleteWebhook(ctx, later.ID))
	_, last := s.openListener(t, "laptop")
	require.Equal(t, first.Secret, last.Secret)
	_, other := s.openListener(t, "desk")
	require.NotEqual(t, first.Secret, other.Secret)
}

func TestListener_IsOneOfFew(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.openListener(t, name)
	}
	_, _, err := s.OpenListener(ctx, hook.Listener{OwnerID: "u1", Name: "f"}, listenerWebhook("f"), hook.Opening{})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.ErrorContains(t, err, "5 listeners")
	all, err := s.Listeners(ctx, "u1")
	require.NoError(t, err)
	require.Len(t, all, hook.MaxListeners)
}

func TestStream_CarriesARequestAndItsAnswer(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, w := s.openListener(t, "laptop")
	begin := func(stream string) {
		_, err := s.BeginStream(ctx, w.ID, stream, false)
		require.NoError(t, err)
	}
	next := func(stream string) []hook.StreamRequest {
		offers, err := s.NextOffers(ctx, w.ID, stream, 10)
		require.NoError(t, err)
		return offers
	}
	begin("one")
	r := hook.StreamRequest{WebhookID: w.ID, DeliveryID: "dlv_1", Attempt: 1, Headers: []hook.Header{{Name: "webhook-id", Value: "e1"}}, Body: []byte("{ }"), Timeout: time.Minute}
	s.offer(t, r)
	got := next("one")
	require.Len(t, got, 1)
	require.Equal(t, r.Body, got[0].Body)
	require.Equal(t, r.Headers, got[0].Headers)
	require.InDelta(t, time.Minute, got[0].Timeout, float64(10*time.Second))
	require.Empty(t, next("one"), "once for each stream")
	require.Empty(t, next("other"), "and to none that has not the listener")

	begin("two")
	require.Empty(t, next("one"))
	has, err := s.RenewStream(ctx, w.ID, "one")
	require.NoError(t, err)
	require.False(t, has)
	require.Len(t, next("two"), 1, "what is not answered comes again")

	end, err := s.WithdrawOffer(ctx, r, false)
	require.NoError(t, err)
	require.Zero(t, end)
	took, err := s.Answer(ctx, w.ID, []hook.StreamAnswer{{DeliveryID: "dlv_1", Attempt: 1, StatusCode: 201, Body: []byte("ok")}, {DeliveryID: "dlv_2", Attempt: 1, StatusCode: 200}})
	require.NoError(t, err)
	require.Equal(t, []string{"dlv_1.1"}, took)
	took, err = s.Answer(ctx, w.ID, []hook.StreamAnswer{{DeliveryID: "dlv_1", Attempt: 1, StatusCode: 500}})
	require.NoError(t, err)
	require.Empty(t, took, "the first answer counts")
	end, err = s.WithdrawOffer(ctx, r, false)
	require.NoError(t, err)
	require.Equal(t, 201, end.Answer.StatusCode)
	require.Equal(t, "ok", string(end.Answer.Body))

	s.offer(t, r)
	require.Len(t, next("two"), 1)
	end, err = s.WithdrawOffer(ctx, r, true)
	require.NoError(t, err)
	require.Equal(t, hook.Exchanged{Heard: true}, end, "the stream has had it for long enough")
	s.offer(t, r)
	end, err = s.WithdrawOffer(ctx, r, true)
	require.NoError(t, err)
	require.Zero(t, end, "no stream was given it")
}

func (s stage) offer(t *testing.T, r hook.StreamRequest) {
	t.Helper()
	gone, err := s.Offer(context.Background(), r)
	require.NoError(t, err)
	require.False(t, gone)
}

// TestStream_EndsWithItsListener: whatever removes a listener takes its requests from the
// wire, and nothing is put there any more.
func TestStream_EndsWithItsListener(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	for name, remove := range map[string]func(w hook.Webhook) error{
		"deleted":         func(w hook.Webhook) error { return s.DeleteListener(ctx, w.ID) },
		"webhook-deleted": func(w hook.Webhook) error { return s.DeleteWebhook(ctx, w.ID) },
		"over": func(w hook.Webhook) error {
			s.streamEnded(t, w.ID, "2 minutes")
			_, err := s.TendListeners(ctx, 10)
			return err
		},
	} {
		_, w := s.openListener(t, name)
		r := hook.StreamRequest{WebhookID: w.ID, DeliveryID: "dlv_" + name, Attempt: 1, Body: []byte("{ }"), Timeout: time.Minute}
		s.offer(t, r)
		require.NoError(t, remove(w), name)
		end, err := s.WithdrawOffer(ctx, r, false)
		require.NoError(t, err, name)
		require.Equal(t, hook.Exchanged{Gone: true}, end, name)
		gone, err := s.Offer(ctx, r)
		require.NoError(t, err, name)
		require.True(t, gone, name)
		var left int
		s.read(t, &left, `SELECT count(*) FROM listener_requests`)
		require.Zero(t, left, name)
	}
	_, w := s.openListener(t, "late")
	end, err := s.WithdrawOffer(ctx, hook.StreamRequest{WebhookID: w.ID, DeliveryID: "dlv_late", Attempt: 1}, true)
	require.NoError(t, err)
	require.Zero(t, end, "a request that was cleaned up says nothing about its listener")
	common := s.webhook(t, hook.Rule{Events: []string{"*"}})
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeleteListener(ctx, common.ID)))
	_, err = s.Webhook(ctx, common.ID)
	require.NoError(t, err, "a webhook of no listener stays")
}

// TestStream_PassesOverWhatItCanNotRead: a request whose headers can't be decrypted fails
// with a reason, and those behind it are given to the stream.
func TestStream_PassesOverWhatItCanNotRead(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, w := s.openListener(t, "laptop")
	_, err := s.BeginStream(ctx, w.ID, "one", false)
	require.NoError(t, err)
	for _, id := range []string{"dlv_1", "dlv_2", "dlv_3"} {
		s.offer(t, hook.StreamRequest{WebhookID: w.ID, DeliveryID: id, Attempt: 1, Body: []byte("{ }"), Timeout: time.Minute})
	}
	pgtest.Exec(t, s.url, `UPDATE listener_requests SET headers = 'unreadable' WHERE delivery_id <> 'dlv_3'`)
	got, err := s.NextOffers(ctx, w.ID, "one", 1)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, "dlv_3", got[0].DeliveryID)
	for _, id := range []string{"dlv_1", "dlv_2"} {
		end, err := s.WithdrawOffer(ctx, hook.StreamRequest{WebhookID: w.ID, DeliveryID: id, Attempt: 1}, false)
		require.NoError(t, err)
		require.Equal(t, hook.ReasonInternal, end.Answer.Reason)
		require.Contains(t, end.Answer.Error, "GODWIT_ENCRYPTION_KEY")
	}
}

func (s stage) accept(t *testing.T, e hook.Event) {
	t.Helper()
	_, err := s.Ingest(context.Background(), []hook.Event{e})
	require.NoError(t, err)
}

// TestUndo_TakesBackWhatWasHeldInTheMeantime: an attempt that reached nobody uses up
// nothing, also where its webhook was switched off while it was under way.
func TestUndo_TakesBackWhatWasHeldInTheMeantime(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, w := s.openListener(t, "laptop")
	_, err := s.BeginStream(ctx, w.ID, "one", false)
	require.NoError(t, err)
	s.accept(t, hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	taken, err := s.Take(ctx, hook.Take{Limit: 10, Timeout: time.Minute, Margin: time.Second, Lease: time.Second})
	require.NoError(t, err)
	require.Len(t, taken.Begun, 1)
	d := taken.Begun[0].Delivery
	_, err = s.BeginStream(ctx, w.ID, "two", true)
	require.NoError(t, err)
	require.Equal(t, "held", s.listenerStatus(t, "e1"))
	require.NoError(t, s.Undo(ctx, d, 1, time.Second))
	p := s.parcel(t, d.ID)
	require.Equal(t, hook.Held, p.Delivery.Status)
	require.Zero(t, p.Delivery.Attempts)
	require.Equal(t, 2, p.Delivery.Generation, "the workflow that there may be is not its own any more")
}

// TestUndo_LosesWhatWasCancelledInTheMeantime: an attempt that is to be undone is not
// shown as under way without end where its delivery was cancelled.
func TestUndo_LosesWhatWasCancelledInTheMeantime(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, w := s.openListener(t, "laptop")
	_, err := s.BeginStream(ctx, w.ID, "one", false)
	require.NoError(t, err)
	s.accept(t, hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	taken, err := s.Take(ctx, hook.Take{Limit: 10, Timeout: time.Minute, Margin: time.Second, Lease: time.Second})
	require.NoError(t, err)
	require.Len(t, taken.Begun, 1, "it has no row in attempts")
	s.accept(t, hook.Event{ID: "e2", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	var id string
	s.read(t, &id, `SELECT id FROM deliveries WHERE event_id = 'e2'`)
	carried := s.parcel(t, id)
	n, err := s.Begin(ctx, carried, "run", time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, n, "it has one")
	require.NoError(t, s.DeleteListener(ctx, w.ID))
	for _, d := range []hook.Delivery{taken.Begun[0].Delivery, carried.Delivery} {
		for range 2 {
			require.NoError(t, s.Undo(ctx, d, 1, time.Second))
		}
		p := s.parcel(t, d.ID)
		require.Equal(t, hook.Cancelled, p.Delivery.Status)
		require.Equal(t, hook.ReasonWebhookDeleted, p.Delivery.Reason)
		attempts, err := s.Attempts(ctx, d.ID)
		require.NoError(t, err)
		require.Len(t, attempts, 1)
		require.Equal(t, hook.Lost, attempts[0].Result.Outcome)
		require.Equal(t, hook.ReasonWebhookDeleted, attempts[0].Result.Reason)
		require.NotZero(t, attempts[0].FinishedAt)
	}
}
