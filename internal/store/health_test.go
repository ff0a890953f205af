package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// fails makes an attempt that fails; the next trial is due in the given time.
func (s stage) fails(t *testing.T, deliveryID string, number int, trial time.Duration) {
	t.Helper()
	f := hook.Conclude(deliveryID, number, failure(), func() time.Duration { return time.Hour })
	f.HadSlot, f.Trial = true, trial
	require.NoError(t, s.Finish(context.Background(), f))
}

// shaken has a webhook's last attempts have failed, but for one less than make it
// DEGRADED.
func (s stage) shaken(t *testing.T, w hook.Webhook) hook.Webhook {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE webhooks SET failures_in_row = $2 WHERE id = $1`, w.ID, hook.DegradedAfter-1)
	return w
}

func TestADegradedWebhookIsTriedOneAtATime(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	s.posts(t, 3) // due before anything failed
	first, err := s.Claim(ctx, 1, lease)
	require.NoError(t, err)
	s.fails(t, first[0].DeliveryID, s.begin(t, first[0].DeliveryID, time.Minute), time.Hour)
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Degraded, got.Status)
	require.Equal(t, hook.DegradedAfter, got.FailuresInRow)

	due, err := s.Claim(ctx, 64, lease)
	require.NoError(t, err)
	require.Empty(t, due, "what was due waits, too")
	s.post(t, event("e4", "TODO_CREATED", "p1"))
	require.Empty(t, s.released(t), "the next trial is an hour away")
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'pending' AND dispatch_at = 'infinity'`))

	pgtest.Exec(t, s.url, `UPDATE webhooks SET trial_at = now()`)
	trial := s.released(t)
	require.Len(t, trial, 1)
	require.Equal(t, "e2", trial[0].EventID)
	require.Empty(t, s.released(t), "one at a time")
	p := s.due(t, first[0].DeliveryID)
	queued, err := s.TakeSlot(ctx, p)
	require.NoError(t, err)
	require.True(t, queued, "also for a retry")

	s.attempt(t, trial[0].DeliveryID, success())
	got, err = s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Healthy, got.Status)
	require.Len(t, slices.Concat(s.released(t), claimsOf(s.takenQueued(t))), 3, "everything flows")
	transitions, err := s.Transitions(ctx, w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Len(t, transitions, 2)
	require.Equal(t, hook.Healthy, transitions[0].Status)
	require.Equal(t, hook.AttemptFailed, transitions[1].Cause)
	require.Equal(t, hook.ReasonStatus5xx, transitions[1].Reason)
	require.Equal(t, first[0].DeliveryID, transitions[1].DeliveryID)
}

func TestARetryNeedNotWaitForTheNextTrial(t *testing.T) {
	s := newStage(t)
	s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	s.posts(t, 2)
	id := s.firstID(t)
	claims, err := s.Claim(context.Background(), 1, lease)
	require.NoError(t, err)
	require.Equal(t, id, claims[0].DeliveryID)
	s.fails(t, id, s.begin(t, id, time.Minute), time.Hour)
	queued, err := s.TakeSlot(context.Background(), s.due(t, id))
	require.NoError(t, err)
	require.False(t, queued)
	require.Equal(t, 2, s.begin(t, id, time.Minute))
}

func TestWhatIsHeldIsReleasedGently(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.ProbeFailed})
	require.NoError(t, err)
	const n = 40
	s.posts(t, n)
	_, _, err = s.Happen(ctx, w.ID, hook.Cause{What: hook.OwnerEnabled, Release: true})
	require.NoError(t, err)
	s.post(t, event("late", "TODO_CREATED", "p1"))

	var order, rounds []string
	for len(order) <= n {
		batch := s.released(t)
		require.NotEmpty(t, batch)
		rounds = append(rounds, fmt.Sprint(len(batch)))
		for _, c := range batch {
			order = append(order, c.EventID)
			s.attempt(t, c.DeliveryID, success())
		}
	}
	require.Equal(t, []string{"1", "2", "4", "8", "16"}, rounds[:5])
	for i := range n {
		require.Equal(t, fmt.Sprintf("e%d", i+1), order[i])
	}
	require.Equal(t, "late", order[n])
	require.Empty(t, s.released(t))
	require.Positive(t, s.number(t, `SELECT drain FROM webhooks`), "an ingest may still be under way")
	pgtest.Exec(t, s.url, `UPDATE webhooks SET drain_until = now()`)
	require.Empty(t, s.released(t))
	require.Zero(t, s.number(t, `SELECT drain FROM webhooks`))
}

func TestAFailureStopsTheRelease(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, err := s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	s.posts(t, 10)
	_, err = s.UpdateWebhook(ctx, w.ID, 0, enable)
	require.NoError(t, err)
	s.attempt(t, s.released(t)[0].DeliveryID, success())
	s.shaken(t, w)
	two := s.released(t)
	require.Len(t, two, 2)
	s.fails(t, two[0].DeliveryID, s.begin(t, two[0].DeliveryID, time.Minute), time.Hour)
	s.attempt(t, two[1].DeliveryID, failure())
	require.Empty(t, s.released(t))
	require.Equal(t, 7, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	require.Equal(t, 1, s.number(t, `SELECT drain FROM webhooks`))
}

func TestEnabledWithoutReleaseKeepsWhatIsHeld(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, err := s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	s.posts(t, 2)
	_, after, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.OwnerEnabled})
	require.NoError(t, err)
	require.Equal(t, hook.Health{Enabled: true, Status: hook.Healthy}, after)
	s.post(t, event("new", "TODO_CREATED", "p1"))
	require.Empty(t, s.released(t))
	due, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, "new", due[0].EventID)
}

func TestOnlyHealthBeginsARecovery(t *testing.T) {
	for cause, recovers := range map[hook.Happened]bool{hook.ProbeFailed: true, hook.ReceiverGone: false, hook.OwnerDisabled: false} {
		s := newStage(t)
		w := s.webhook(t, hook.Rule{Events: []string{"*"}})
		_, _, err := s.Happen(context.Background(), w.ID, hook.Cause{What: cause})
		require.NoError(t, err)
		require.Equal(t, recovers, s.number(t, `SELECT count(*) FROM webhooks WHERE recover_at IS NOT NULL`) == 1, cause)
	}
}
