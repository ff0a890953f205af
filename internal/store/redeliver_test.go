package store_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// ended posts an event to a new webhook for everything and brings its delivery
// to its end; with failed it answers 410, and the webhook is enabled again.
func (s stage) ended(t *testing.T, failed bool) (webhookID, deliveryID string) {
	t.Helper()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	d := s.claimed(t, "e1").DeliveryID
	if !failed {
		s.attempt(t, d, success())
		return w.ID, d
	}
	s.attempt(t, d, gone())
	s.on(t, w.ID)
	return w.ID, d
}

func gone() hook.Result {
	return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}
}

// on and off switch a webhook; what is held stays so.
func (s stage) on(t *testing.T, webhookID string) { s.happens(t, webhookID, hook.OwnerEnabled) }

func (s stage) off(t *testing.T, webhookID string) { s.happens(t, webhookID, hook.OwnerDisabled) }

func conflict(t *testing.T, err error, words string) {
	t.Helper()
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err), err)
	require.ErrorContains(t, err, words)
}

func TestRedeliverMakesANewDeliveryInThePlaceOfTheOld(t *testing.T) {
	for name, failed := range map[string]bool{"succeeded": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ctx := context.Background()
			webhookID, old := s.ended(t, failed)
			d, err := s.Redeliver(ctx, old)
			require.NoError(t, err)
			require.NotEqual(t, old, d.ID)
			require.Equal(t, old, d.RedeliveryOf)
			require.Equal(t, hook.Delivery{ID: d.ID, EventID: "e1", WebhookID: webhookID, EventType: "TODO_CREATED", ProjectID: "p1", CompanyID: "c1",
				Status: hook.Pending, Generation: 1, RedeliveryOf: old, Sequence: d.Sequence, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}, d)
			before, err := s.Delivery(ctx, old)
			require.NoError(t, err)
			require.True(t, before.Superseded)
			require.True(t, before.Status == hook.Succeeded || before.Status == hook.Failed)

			claims, err := s.Claim(ctx, 10, lease)
			require.NoError(t, err)
			require.Len(t, claims, 1)
			require.Equal(t, d.ID, claims[0].DeliveryID)
			for n := 1; n < hook.MaxAttempts; n++ {
				s.attempt(t, d.ID, failure())
				pgtest.Exec(t, s.url, `UPDATE deliveries SET slot_until = NULL`)
			}
			s.attempt(t, d.ID, success())
			require.Equal(t, 1, s.post(t, event("e1", "TODO_CREATED", "p1")).Matched, "a duplicate counts what the event had")
		})
	}
}

func TestAChainOfRedeliveriesHasOneEnd(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, first := s.ended(t, false)
	second, err := s.Redeliver(ctx, first)
	require.NoError(t, err)
	_, err = s.Redeliver(ctx, first)
	conflict(t, err, first+" was redelivered as "+second.ID+", which is on its way")
	_, err = s.Redeliver(ctx, second.ID)
	conflict(t, err, "cancel first")
	_, err = s.Cancel(ctx, second.ID)
	require.NoError(t, err)
	third, err := s.Redeliver(ctx, first)
	require.NoError(t, err)
	require.Equal(t, second.ID, third.RedeliveryOf)
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE NOT superseded`))
}

func TestOfManyRedeliveriesAtOnceOneIsMade(t *testing.T) {
	s := newStage(t)
	_, old := s.ended(t, false)
	var group sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 8 {
		group.Go(func() {
			_, err := s.Redeliver(context.Background(), old)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if hook.CodeOf(err) != hook.CodeConflict {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, made)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries`))
}

func TestRedeliverWaitsAsAnyMatchWould(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	webhookID, old := s.ended(t, false)
	s.off(t, webhookID)
	d, err := s.Redeliver(ctx, old)
	require.NoError(t, err)
	require.Equal(t, hook.Held, d.Status)
	require.Equal(t, hook.ReasonWebhookDisabled, d.Reason)
	_, err = s.Redeliver(ctx, d.ID)
	conflict(t, err, "/enable releases it")
	_, err = s.Cancel(ctx, d.ID)
	require.NoError(t, err)

	s.on(t, webhookID)
	_, err = s.UpdateWebhook(ctx, webhookID, 0, func(w *hook.Webhook) error { w.MaxInFlight = 1; return nil })
	require.NoError(t, err)
	d, err = s.Redeliver(ctx, d.ID)
	require.NoError(t, err)
	due, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Empty(t, due, "it stands in the queue of a webhook with limits")
	require.Equal(t, d.ID, s.released(t)[0].DeliveryID)
}

func TestRedeliverIsRefusedWithTheRemedy(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, err := s.Redeliver(ctx, "dlv_none")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	webhookID, old := s.ended(t, false)

	require.NoError(t, s.DeleteMember(ctx, "p1", "u1"))
	_, err = s.Redeliver(ctx, old)
	conflict(t, err, "member again first")
	_, err = s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	d, err := s.Redeliver(ctx, old)
	require.NoError(t, err)
	s.attempt(t, d.ID, failure())
	_, err = s.Redeliver(ctx, old)
	conflict(t, err, "retry-now")

	require.NoError(t, s.DeleteWebhook(ctx, webhookID))
	_, err = s.Redeliver(ctx, old)
	conflict(t, err, "was deleted")
}

func TestRetryNowGivesTheNextAttemptToANewWorkflow(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	c := s.claimed(t, "e1")
	_, err := s.RetryNow(ctx, c.DeliveryID)
	conflict(t, err, "first attempt")
	s.attempt(t, c.DeliveryID, failure()) // the next one is due in an hour
	d, err := s.RetryNow(ctx, c.DeliveryID)
	require.NoError(t, err)
	require.Equal(t, hook.Retrying, d.Status)
	require.Equal(t, 2, d.Generation)

	due, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Empty(t, due, "a degraded webhook gives its place first")
	claims := s.released(t)
	require.Len(t, claims, 1)
	require.Equal(t, 2, claims[0].Generation)
	p, err := s.Parcel(ctx, c.DeliveryID)
	require.NoError(t, err)
	require.Equal(t, hook.StepSuperseded, hook.Decide(p, 1).Step, "the workflow that waits ends")
	require.Equal(t, hook.StepSend, hook.Decide(p, 2).Step)

	number := s.begin(t, c.DeliveryID, lease)
	require.Equal(t, 2, number)
	_, err = s.RetryNow(ctx, c.DeliveryID)
	conflict(t, err, "under way")
	s.end(t, c.DeliveryID, number, success())
	_, err = s.RetryNow(ctx, c.DeliveryID)
	conflict(t, err, "/redeliver")
	require.Equal(t, "HEALTHY", string(s.health(t, w.ID)))
}

// health is a webhook's status.
func (s stage) health(t *testing.T, webhookID string) hook.WebhookStatus {
	t.Helper()
	w, err := s.Webhook(context.Background(), webhookID)
	require.NoError(t, err)
	return w.Status
}

func TestRetryNowWithoutLimitsIsDueAtOnce(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	c := s.claimed(t, "e1")
	s.attempt(t, c.DeliveryID, failure())
	other := s.claimedOther(t)
	s.attempt(t, other, success()) // so the webhook is well again
	for n := 2; n <= 3; n++ {
		d, err := s.RetryNow(ctx, c.DeliveryID)
		require.NoError(t, err, "twice is once")
		require.Equal(t, n, d.Generation)
	}
	due, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, 3, due[0].Generation)
}

// claimedOther posts another event and gives its delivery, with a place.
func (s stage) claimedOther(t *testing.T) string {
	t.Helper()
	s.post(t, event("other", "TODO_CREATED", "p1"))
	pgtest.Exec(t, s.url, `UPDATE webhooks SET trial_at = NULL`)
	claims := s.released(t)
	require.Len(t, claims, 1)
	return claims[0].DeliveryID
}

func TestCancelEndsWhatIsNotFinished(t *testing.T) {
	for _, state := range []hook.DeliveryStatus{hook.Pending, hook.Retrying, hook.Held} {
		t.Run(string(state), func(t *testing.T) {
			s := newStage(t)
			ctx := context.Background()
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			id := s.claimed(t, "e1").DeliveryID
			switch state {
			case hook.Retrying:
				s.attempt(t, id, failure())
			case hook.Held:
				s.off(t, w.ID)
			}
			d, err := s.Cancel(ctx, id)
			require.NoError(t, err)
			require.Equal(t, hook.Cancelled, d.Status)
			require.Equal(t, hook.ReasonCancelledByOwner, d.Reason)
			require.False(t, d.FinishedAt.IsZero())
			_, err = s.Cancel(ctx, id)
			conflict(t, err, "cancelled already")
			p, err := s.Parcel(ctx, id)
			require.NoError(t, err)
			require.Equal(t, hook.StepDone, hook.Decide(p, 1).Step)
		})
	}
}

func TestAnAttemptUnderWayMaySucceedAfterACancel(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	number := s.begin(t, id, lease)
	_, err := s.Cancel(ctx, id)
	require.NoError(t, err)
	s.end(t, id, number, success())
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Succeeded, d.Status)
}
