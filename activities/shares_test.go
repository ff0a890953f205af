package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// TestDeliver_QueuesARetryWhoseOwnerHasNoRoom: it neither waits in a slot of Temporal
// nor loses an attempt.
func TestDeliver_QueuesARetryWhoseOwnerHasNoRoom(t *testing.T) {
	s := newStage(t)
	s.status.Store(500)
	d := s.event(t, "e1")
	_, err := s.deliver(t, d)
	require.Error(t, err)
	require.EqualValues(t, 1, s.requests.Load())
	pgtest.Exec(t, s.url, `UPDATE deliveries SET next_attempt_at = now() - interval '1 second'`)
	leave := activities.Occupy(s.acts, "u1", hook.MaxInFlight/2)
	got, err := s.deliver(t, d)
	require.NoError(t, err)
	require.Equal(t, activities.Queued, got.Outcome)
	require.EqualValues(t, 1, s.requests.Load())
	waits, err := s.Delivery(context.Background(), d.ID)
	require.NoError(t, err)
	require.Equal(t, 2, waits.Generation)
	require.Equal(t, 1, waits.Attempts)
	_, err = s.env.ExecuteActivity(s.acts.CheckHealth, activities.CheckHealthInput{WebhookID: s.webhook.ID, DeliveryID: d.ID, AttemptTimeout: time.Second})
	require.ErrorContains(t, err, "no room for a probe")
	leave()
	s.status.Store(200)
	got, err = s.deliver(t, s.release(t))
	require.NoError(t, err)
	require.Equal(t, string(hook.Succeeded), got.Outcome)
	require.EqualValues(t, 2, s.requests.Load())
}
