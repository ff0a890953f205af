package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/retry"
	"godwit/internal/send"
	"godwit/internal/store"
)

// cut is a ledger that takes no end of an attempt until it is mended.
type cut struct {
	*store.Store
	mended chan struct{}
}

func (c cut) Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error) {
	select {
	case <-c.mended:
		return c.Store.Succeed(ctx, ends)
	default:
		return hook.Recorded{}, hook.Errorf(hook.CodeUnavailable, "the database can't be reached")
	}
}

// Temporal asks again while an outcome is known and can't be written: nothing is
// sent again.
func TestDeliver_WaitsForAnOutcomeThatIsKept(t *testing.T) {
	s := newStage(t)
	s.status.Store(200)
	d := s.event(t, "e1")
	c := cut{s.Store, make(chan struct{})}
	s.acts.Ledger = c
	outcomes := make(chan string)
	deliver := func() {
		got, err := s.deliver(t, d)
		if err != nil {
			got.Outcome = err.Error()
		}
		outcomes <- got.Outcome
	}
	go deliver()
	require.Eventually(t, func() bool { return s.observed(t) == 1 }, 20*time.Second, time.Millisecond)
	go deliver()
	go deliver()
	select {
	case outcome := <-outcomes:
		require.Fail(t, outcome)
	case <-time.After(50 * time.Millisecond):
	}
	close(c.mended)
	for range 3 {
		require.Equal(t, "succeeded", <-outcomes)
	}
	require.EqualValues(t, 1, s.requests.Load())
}

func TestDeliver_WaitsOnTheScheduleAfterOwnTrouble(t *testing.T) {
	s := newStage(t)
	s.acts.Schedule = retry.Schedule{3 * time.Second, time.Second, time.Minute, time.Minute}
	d := s.event(t, "e1")
	s.acts.Ledger = unread{s.Store}
	_, err := s.deliver(t, d)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, activities.OwnTrouble, app.Type())
	require.False(t, app.NonRetryable())
	require.InDelta(t, time.Second, app.NextRetryDelay(), float64(200*time.Millisecond))
	require.Zero(t, s.requests.Load())
}

// unread is a ledger that can't be read.
type unread struct{ *store.Store }

func (unread) Parcel(context.Context, string) (hook.Parcel, error) {
	return hook.Parcel{}, hook.Errorf(hook.CodeUnavailable, "the database can't be reached")
}

// An attempt of which no end is known may have ended in another process, which
// writes that down as soon as the database is back.
func TestDeliver_LeavesOthersTimeToWriteAfterAnOutage(t *testing.T) {
	s := newStage(t)
	s.status.Store(200)
	d := s.event(t, "e1")
	p, err := s.Parcel(context.Background(), d.ID)
	require.NoError(t, err)
	number, err := s.Begin(context.Background(), p, "run", time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, number)
	s.acts.Calm = func() bool { return false }
	_, err = s.deliver(t, d)
	require.ErrorContains(t, err, "the database was just away")
	require.Zero(t, s.requests.Load())
	s.acts.Calm = s.Calm
	got, err := s.deliver(t, d)
	require.NoError(t, err)
	require.Equal(t, "succeeded", got.Outcome)
}

// ownResult has every request fail for a reason of this machine.
type ownResult struct{ activities.Sender }

func (ownResult) Send(context.Context, send.Message) (hook.Result, error) {
	return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonInternal, Own: true}, nil
}

func TestOwnTrouble_UsesUpNothing(t *testing.T) {
	ctx := context.Background()
	check := func(t *testing.T, s *stage, d hook.Delivery, attempts int) hook.Delivery {
		t.Helper()
		d, err := s.Delivery(ctx, d.ID)
		require.NoError(t, err)
		require.Equal(t, attempts, d.Attempts)
		kept, err := s.Attempts(ctx, d.ID)
		require.NoError(t, err)
		require.Len(t, kept, attempts)
		w, err := s.Webhook(ctx, s.webhook.ID)
		require.NoError(t, err)
		require.Equal(t, min(attempts, 1), w.FailuresInRow)
		return d
	}
	t.Run("first attempt of a claim", func(t *testing.T) {
		s := newStage(t)
		s.acts.Schedule = retry.Schedule{}
		works := s.acts.Sender
		s.acts.Sender = ownResult{works}
		d := s.event(t, "e1")
		first := activities.FirstsOf(s.acts).First(s.take(t)[0])
		first.Carry("run")
		got, err := s.deliver(t, d)
		require.NoError(t, err)
		require.Equal(t, activities.Superseded, got.Outcome)
		d = check(t, s, d, 0)
		require.Equal(t, hook.Pending, d.Status)
		require.Equal(t, 2, d.Generation)
		taken, err := s.Take(ctx, hook.Take{Limit: 10, Timeout: time.Second, Lease: time.Minute})
		require.NoError(t, err)
		require.Len(t, taken.Rest, 1, "another workflow goes on")
		s.acts.Sender = works
		s.status.Store(200)
		got, err = s.deliver(t, d)
		require.NoError(t, err)
		require.Equal(t, "succeeded", got.Outcome)
	})
	t.Run("later attempt", func(t *testing.T) {
		s := newStage(t)
		s.acts.Schedule = retry.Schedule{}
		s.status.Store(500)
		d := s.event(t, "e1")
		_, err := s.deliver(t, d)
		require.ErrorContains(t, err, "attempt 1 failed")
		s.acts.Sender = ownResult{s.acts.Sender}
		for range 6 {
			_, err = s.deliver(t, d)
			require.ErrorContains(t, err, "reason of Godwit's own")
			d = check(t, s, d, 1)
			require.Equal(t, hook.Retrying, d.Status)
		}
	})
}

func TestOwnTrouble_DeactivatesNothing(t *testing.T) {
	s := newStage(t)
	works := s.acts.Sender
	check := activities.CheckHealthInput{WebhookID: s.webhook.ID, AttemptTimeout: time.Second}
	s.acts.Sender = ownResult{works}
	_, err := s.env.ExecuteActivity(s.acts.CheckHealth, check)
	require.ErrorContains(t, err, "reason of Godwit's own", "it is tried again")
	// A probe that can never be made decides nothing.
	_, err = s.UpdateWebhook(context.Background(), s.webhook.ID, 0, func(w *hook.Webhook) error { w.Secret = "none"; return nil })
	require.NoError(t, err)
	s.acts.Sender = works
	value, err := s.env.ExecuteActivity(s.acts.CheckHealth, check)
	require.NoError(t, err)
	var got activities.CheckHealthResult
	require.NoError(t, value.Get(&got))
	require.Equal(t, activities.VerdictUnknown, got.Verdict)
	w, err := s.Webhook(context.Background(), s.webhook.ID)
	require.NoError(t, err)
	require.True(t, w.Enabled)
	require.Equal(t, hook.Healthy, w.Status)
}
