package activities_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/retry"
)

// limit sets the limits of the stage's webhook, 0 = none.
func (s *stage) limit(t *testing.T, rate float64, inFlight int) {
	t.Helper()
	_, err := s.UpdateWebhook(context.Background(), s.webhook.ID, 0, func(w *hook.Webhook) error {
		w.RateLimitPerSecond, w.MaxInFlight = rate, inFlight
		return nil
	})
	require.NoError(t, err)
}

// Release releases as the dispatcher does.
func (s *stage) Release(ctx context.Context, t hook.Take) ([]hook.Claim, error) {
	if _, err := s.Queued(ctx); err != nil {
		return nil, err
	}
	return s.Store.Release(ctx, t)
}

// release lets one queued delivery go.
func (s *stage) release(t *testing.T) hook.Delivery {
	t.Helper()
	claims, err := s.Release(context.Background(), hook.Take{Limit: 1, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, claims, 1)
	return hook.Delivery{ID: claims[0].DeliveryID, Generation: claims[0].Generation}
}

func TestWithoutAPlaceADeliveryIsQueuedAndLosesNoAttempt(t *testing.T) {
	s := newStage(t)
	s.limit(t, 0, 1)
	s.status.Store(200)
	var woken atomic.Int64
	s.acts.Wake = func() { woken.Add(1) }
	s.event(t, "e1")
	second := s.event(t, "e2")
	first := s.release(t)

	for _, want := range []string{activities.Queued, activities.Superseded} {
		got, err := s.deliver(t, second)
		require.NoError(t, err)
		require.Equal(t, want, got.Outcome)
	}
	require.Zero(t, s.requests.Load())
	require.Zero(t, woken.Load())

	got, err := s.deliver(t, first)
	require.NoError(t, err)
	require.Equal(t, "succeeded", got.Outcome)
	require.EqualValues(t, 1, woken.Load(), "there is a place now")
	again := s.release(t)
	require.Equal(t, hook.Delivery{ID: second.ID, Generation: 2}, again)
	got, err = s.deliver(t, again)
	require.NoError(t, err)
	require.Equal(t, "succeeded", got.Outcome)
	attempts, err := s.Attempts(context.Background(), second.ID)
	require.NoError(t, err)
	require.Len(t, attempts, 1)
}

func TestARetryTakesAPlaceThatIsFree(t *testing.T) {
	s := newStage(t)
	s.limit(t, 0, 1)
	s.acts.Schedule = retry.Schedule{} // no wait between the attempts
	s.status.Store(500)
	s.event(t, "e1")
	d := s.release(t)
	for range 2 {
		_, err := s.deliver(t, d)
		require.Error(t, err)
	}
	require.EqualValues(t, 2, s.requests.Load())
}

func TestTheRateIsKeptWhereTheRequestStarts(t *testing.T) {
	s := newStage(t)
	s.limit(t, 10, 0)
	s.status.Store(200)
	s.event(t, "e1")
	s.event(t, "e2")
	s.event(t, "e3")
	began := time.Now()
	for range 3 {
		_, err := s.deliver(t, s.release(t))
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, time.Since(began), 190*time.Millisecond, "three starts, 100 ms apart")
}

func TestAStopWhileWaitingForTheRateCostsNothing(t *testing.T) {
	s := newStage(t)
	s.limit(t, 1, 0)
	s.event(t, "e1")
	d := s.release(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	s.acts.Ledger = stopping{s.acts.Ledger, cancel}
	_, err := s.deliver(t, d)
	require.Error(t, err)
	attempts, err := s.Attempts(context.Background(), d.ID)
	require.NoError(t, err)
	require.Empty(t, attempts)
}

// stopping is asked for the pace just when the worker is stopped.
type stopping struct {
	activities.Ledger
	stop func()
}

func (s stopping) Pace(context.Context, hook.Parcel) (time.Duration, bool, error) {
	s.stop()
	return time.Hour, false, nil
}
