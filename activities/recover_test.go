package activities_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/activities"
	"godwit/internal/hook"
)

// ill is a stage whose webhook health has deactivated, with a recovery of the
// given wait.
func ill(t *testing.T, wait time.Duration) *stage {
	t.Helper()
	s := newStage(t)
	ctx := context.Background()
	_, err := s.UpdateWebhook(ctx, s.webhook.ID, 0, func(w *hook.Webhook) error { w.AutoRecover = true; return nil })
	require.NoError(t, err)
	_, _, err = s.Happen(ctx, s.webhook.ID, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonStatus5xx})
	require.NoError(t, err)
	s.acts.Recovery = hook.RecoveryPlan{Waits: []time.Duration{wait}, Window: time.Hour}
	return s
}

func (s *stage) heal(t *testing.T, outage int) activities.RecoverResult {
	t.Helper()
	value, err := s.env.ExecuteActivity(s.acts.Recover, activities.RecoverInput{WebhookID: s.webhook.ID, Outage: outage, AttemptTimeout: 5 * time.Second})
	require.NoError(t, err)
	var out activities.RecoverResult
	require.NoError(t, value.Get(&out))
	return out
}

func TestRecoverDoesNotProbeBeforeItsTime(t *testing.T) {
	s := ill(t, time.Minute)
	for range 2 {
		got := s.heal(t, 1)
		require.Empty(t, got.Outcome)
		require.InDelta(t, time.Minute, got.Wait, float64(10*time.Second))
	}
	require.Zero(t, s.requests.Load())
}

func TestRecoverSwitchesOnWhatAnswersAgain(t *testing.T) {
	s := ill(t, time.Nanosecond)
	var woken atomic.Int64
	s.acts.Wake = func() { woken.Add(1) }
	s.event(t, "held")
	s.status.Store(503)
	got := s.heal(t, 1) // plans and, as the time is over by then, probes with the next look
	for got.Reason == "" {
		got = s.heal(t, 1)
	}
	require.Equal(t, hook.ReasonStatus5xx, got.Reason)
	require.Empty(t, got.Outcome)
	s.status.Store(200)
	require.Equal(t, activities.RecoverResult{Outcome: activities.Recovered}, s.heal(t, 1))
	require.EqualValues(t, 1, woken.Load())
	requests := s.requests.Load()
	require.Equal(t, activities.RecoverResult{Outcome: activities.Ended}, s.heal(t, 1), "once more")
	require.Equal(t, requests, s.requests.Load())
	claims, err := s.Release(context.Background(), hook.Take{Limit: 10, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, claims, 1)
	for _, entry := range s.log.All() {
		for _, field := range entry.Context {
			require.NotContains(t, field.String, "canary", "a URL in the log")
		}
	}
}

func TestRecover_TakesAnyAnswerUnlessTheReceiverRefuses(t *testing.T) {
	s := ill(t, time.Nanosecond)
	s.status.Store(404)
	got := s.heal(t, 1)
	for got.Outcome == "" {
		got = s.heal(t, 1)
	}
	require.Equal(t, activities.Recovered, got.Outcome)

	for range hook.MaxExhaustedInRow { // it answers, and takes nothing
		_, _, err := s.Happen(context.Background(), s.webhook.ID, hook.Cause{What: hook.DeliveryExhausted})
		require.NoError(t, err)
	}
	_, after, err := s.Happen(context.Background(), s.webhook.ID, hook.Cause{What: hook.ProbePassed, Reason: hook.ReasonStatus4xx})
	require.NoError(t, err)
	require.False(t, after.Enabled)
	for got = s.heal(t, 2); got.Reason == ""; {
		got = s.heal(t, 2)
	}
	require.Empty(t, got.Outcome, "404 says nothing new")
	s.status.Store(204)
	require.Equal(t, activities.Recovered, s.heal(t, 2).Outcome)
}

func TestRecoverOfAReceiverThatIsGone(t *testing.T) {
	s := ill(t, time.Nanosecond)
	s.status.Store(410)
	got := s.heal(t, 1)
	for got.Outcome == "" {
		got = s.heal(t, 1)
	}
	require.Equal(t, activities.RecoverResult{Outcome: activities.Gone, Reason: hook.ReasonGone}, got)
	require.EqualValues(t, 1, s.requests.Load())
	w, err := s.Webhook(context.Background(), s.webhook.ID)
	require.NoError(t, err)
	require.Equal(t, hook.DisabledAsGone, w.DisabledReason)
}

func TestRecoverGivesUp(t *testing.T) {
	s := ill(t, time.Nanosecond)
	s.acts.Recovery.Window = time.Nanosecond
	s.status.Store(500)
	got := s.heal(t, 1)
	for got.Outcome == "" {
		got = s.heal(t, 1)
	}
	require.Equal(t, activities.RecoverResult{Outcome: activities.GaveUp, Reason: hook.ReasonStatus5xx}, got)
	require.Equal(t, activities.RecoverResult{Outcome: activities.GaveUp}, s.heal(t, 1), "once more")
	require.EqualValues(t, 1, s.requests.Load())
}

func TestRecoverEndsWhereItHasNothingToDo(t *testing.T) {
	s := ill(t, time.Nanosecond)
	ctx := context.Background()
	require.Equal(t, activities.Ended, s.heal(t, 2).Outcome, "another outage")
	_, _, err := s.Happen(ctx, s.webhook.ID, hook.Cause{What: hook.OwnerEnabled})
	require.NoError(t, err)
	require.Equal(t, activities.Ended, s.heal(t, 1).Outcome, "enabled")
	require.NoError(t, s.DeleteWebhook(ctx, s.webhook.ID))
	require.Equal(t, activities.Ended, s.heal(t, 1).Outcome, "deleted")
	require.Zero(t, s.requests.Load())
}
