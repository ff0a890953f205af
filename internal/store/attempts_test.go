package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

const lease = 30 * time.Second

// claimed posts one event to a new webhook and claims its delivery.
func (s stage) claimed(t *testing.T, eventID string) hook.Claim {
	t.Helper()
	s.post(t, event(eventID, "TODO_CREATED", "p1"))
	claims, err := s.Claim(context.Background(), 1, lease)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	return claims[0]
}

// attempt begins and finishes one attempt, with a place where one is needed.
func (s stage) attempt(t *testing.T, deliveryID string, r hook.Result) {
	t.Helper()
	ctx := context.Background()
	p, err := s.Parcel(ctx, deliveryID)
	require.NoError(t, err)
	if p.Webhook.Limited() && !p.HoldsSlot {
		queued, err := s.TakeSlot(ctx, p)
		require.NoError(t, err)
		require.False(t, queued)
	}
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	require.Equal(t, p.Delivery.Attempts+1, n)
	f := hook.Conclude(deliveryID, n, r, func() time.Duration { return time.Hour })
	f.HadSlot = p.Webhook.Limited()
	require.NoError(t, s.Finish(ctx, f))
}

func failure() hook.Result {
	return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, Error: "the receiver answered 500", StatusCode: 500, Duration: time.Millisecond}
}

func success() hook.Result {
	return hook.Result{
		Outcome: hook.Success, StatusCode: 204, URL: "https://example.com/hook", ResponseBody: []byte("a\x00\xff"), Truncated: true,
		RequestHeaders: []hook.Header{{Name: "X-Token", Value: "[hidden]"}}, ResponseHeaders: []hook.Header{{Name: "Server", Value: "x"}},
	}
}

func TestClaimedOnceUntilTheLeaseEnds(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	c := s.claimed(t, "e1")
	require.Equal(t, hook.Claim{DeliveryID: c.DeliveryID, Generation: 1, WebhookID: w.ID, OwnerID: "u1", EventID: "e1", EventType: "TODO_CREATED", CompanyID: "c1", Host: "example.com"}, c)

	again, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Empty(t, again)
	require.NoError(t, s.Unclaim(ctx, []string{c.DeliveryID}))
	again, err = s.Claim(ctx, 10, -time.Second) // a lease that is over at once
	require.NoError(t, err)
	require.Len(t, again, 1)
	again, err = s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, again, 1)
}

func TestAttemptsAreWrittenAtStartAndEnd(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID

	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "whsec_c2VjcmV0", p.Webhook.Secret)
	require.Equal(t, map[string]string{"X-Token": "hush"}, p.Webhook.Headers)
	require.Equal(t, "Project p1", p.Event.ProjectName)
	require.Equal(t, "Company c1", p.Event.CompanyName)
	require.Equal(t, hook.StepSend, hook.Decide(p, 1).Step)
	n, err := s.Begin(ctx, p, "run-1", time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, n)

	under, err := s.Attempts(ctx, id)
	require.NoError(t, err)
	require.Len(t, under, 1)
	require.Empty(t, under[0].Result.Outcome)
	again, err := s.Begin(ctx, p, "run-1", time.Minute)
	require.NoError(t, err)
	require.Zero(t, again, "the delivery changed since it was read")

	require.NoError(t, s.Finish(ctx, hook.Conclude(id, 1, failure(), func() time.Duration { return time.Hour })))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Retrying, d.Status)
	require.WithinDuration(t, time.Now().Add(time.Hour), d.NextAttemptAt, time.Minute)
	require.Equal(t, "run-1", d.RunID)
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Healthy, got.Status, "one failure delays its own delivery alone")
	require.Equal(t, 1, got.FailuresInRow)

	p, err = s.Parcel(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.StepWait, hook.Decide(p, 1).Step)
	require.Equal(t, hook.ReasonStatus5xx, p.Last.Result.Reason)

	s.attempt(t, id, success())
	all, err := s.Attempts(ctx, id)
	require.NoError(t, err)
	require.Len(t, all, 2)
	want := success()
	want.Duration = all[1].Result.Duration
	require.Equal(t, want, all[1].Result)
	d, err = s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Succeeded, d.Status)
	require.False(t, d.FinishedAt.IsZero())
	got, err = s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Healthy, got.Status)
}

func TestAnAttemptThatNeverEndedIsLost(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	_, err = s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)

	s.attempt(t, id, failure())
	all, err := s.Attempts(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Lost, all[0].Result.Outcome)
	require.Equal(t, hook.ReasonWorkerLost, all[0].Result.Reason)

	// The lost worker turns up after all, with a success: that is the truth.
	require.NoError(t, s.Finish(ctx, hook.Conclude(id, 1, success(), nil)))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Succeeded, d.Status)
}

func TestALateFailureChangesNothing(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	s.attempt(t, id, failure())
	s.attempt(t, id, success())
	require.NoError(t, s.Finish(ctx, hook.Conclude(id, 1, failure(), func() time.Duration { return time.Hour })))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Succeeded, d.Status)
}

func TestExhaustionIsCountedOnce(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	for range hook.MaxAttempts {
		s.attempt(t, id, failure())
	}
	require.NoError(t, s.Finish(ctx, hook.Conclude(id, hook.MaxAttempts, failure(), nil)), "writing it twice is harmless")
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Failed, d.Status)
	require.Equal(t, hook.ReasonExhausted, d.Reason)
	require.Equal(t, 1, s.number(t, `SELECT exhausted_in_row FROM webhooks WHERE id = $1`, w.ID))

	s.post(t, event("e2", "TODO_CREATED", "p1"))
	s.attempt(t, s.released(t)[0].DeliveryID, success())
	require.Zero(t, s.number(t, `SELECT exhausted_in_row FROM webhooks WHERE id = $1`, w.ID))
}

func TestGoneDisablesTheWebhookAndHoldsTheRest(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	s.post(t, event("e2", "TODO_CREATED", "p1"))
	s.attempt(t, id, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410})

	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.False(t, got.Enabled)
	require.Equal(t, hook.DisabledAsGone, got.DisabledReason)
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Failed, d.Status)
	require.Equal(t, hook.ReasonGone, d.Reason)
	held, err := s.Deliveries(ctx, hook.DeliveryFilter{Statuses: []hook.DeliveryStatus{hook.Held}}, anyPage)
	require.NoError(t, err)
	require.Len(t, held, 1)
}

func TestDeactivatedByOneOfMany(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	firsts := make(chan bool, 8)
	for range cap(firsts) {
		go func() {
			before, after, err := s.Happen(context.Background(), w.ID, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonDNS})
			if err != nil {
				t.Error(err)
			}
			firsts <- before.Enabled && !after.Enabled
		}()
	}
	n := 0
	for range cap(firsts) {
		if <-firsts {
			n++
		}
	}
	require.Equal(t, 1, n)
	transitions, err := s.Transitions(context.Background(), w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Len(t, transitions, 1)
	require.Equal(t, hook.ProbeFailed, transitions[0].Cause)
}

func TestReleasedDeliveryGetsAWorkflowOfItsOwn(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	s.attempt(t, id, failure())
	_, err := s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	_, err = s.UpdateWebhook(ctx, w.ID, 0, enable)
	require.NoError(t, err)
	require.Len(t, s.released(t), 1)
	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	require.Equal(t, 2, p.Delivery.Generation)
	require.Equal(t, hook.StepSuperseded, hook.Decide(p, 1).Step)
	require.Equal(t, hook.StepSend, hook.Decide(p, 2).Step)
}

func TestDeletedWebhookAndProjectCancelWhatWaits(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	first := s.claimed(t, "e1").DeliveryID
	s.attempt(t, first, failure())
	require.NoError(t, s.DeleteProject(ctx, "p1"))
	d, err := s.Delivery(ctx, first)
	require.NoError(t, err)
	require.Equal(t, hook.Cancelled, d.Status)
	require.Equal(t, hook.ReasonProjectDeleted, d.Reason)

	s.post(t, event("e2", "TODO_CREATED", "p2"))
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	all, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e2"}, anyPage)
	require.NoError(t, err)
	require.Equal(t, hook.ReasonWebhookDeleted, all[0].Reason)
	p, err := s.Parcel(ctx, all[0].ID)
	require.NoError(t, err)
	require.True(t, p.WebhookDeleted)
}
