package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestOutstanding_TellsWhatWaits(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	got, err := s.Outstanding(ctx)
	require.NoError(t, err)
	require.Equal(t, hook.Outstanding{Oldest: map[hook.DeliveryStatus]time.Duration{hook.Pending: 0, hook.Retrying: 0, hook.Held: 0}}, got, "nothing waits")

	s.accept(t, hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	require.NoError(t, s.run(t, `UPDATE deliveries SET created_at = now() - interval '1 hour', dispatch_at = now() - interval '10 minutes'`))
	got, err = s.Outstanding(ctx)
	require.NoError(t, err)
	require.InDelta(t, time.Hour, got.Oldest[hook.Pending], float64(time.Minute))
	require.InDelta(t, 10*time.Minute, got.LagFirst, float64(time.Minute))
	require.Zero(t, got.LagAgain)

	s.off(t, w.ID)
	got, err = s.Outstanding(ctx)
	require.NoError(t, err)
	require.InDelta(t, time.Hour, got.Oldest[hook.Held], float64(time.Minute))
	require.Zero(t, got.Oldest[hook.Pending])
	require.Zero(t, got.LagFirst, "what is held is not due")
}

func TestOutstanding_CountsSessionsThatWaitForALock(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(ctx, `SELECT FROM webhooks WHERE id = $1 FOR UPDATE`, w.ID)
	require.NoError(t, err)
	changed := make(chan error, 1)
	go func() {
		_, err := db.ExecContext(ctx, `UPDATE webhooks SET name = name WHERE id = $1`, w.ID)
		changed <- err
	}()
	require.Eventually(t, func() bool {
		got, err := s.Outstanding(ctx)
		return err == nil && got.Locked == 1
	}, 5*time.Second, 10*time.Millisecond)
	require.NoError(t, tx.Rollback())
	require.NoError(t, <-changed)
}

func TestProcessCounts_CountTransitionsAndRedeliveries(t *testing.T) {
	s := newStage(t)
	_, delivery := s.ended(t, true)
	before := s.ProcessCounts()
	require.EqualValues(t, 1, before.Transitions[hook.Unhealthy], "410 switched it off")
	require.Zero(t, before.Redelivered)
	_, err := s.Redeliver(context.Background(), delivery)
	require.NoError(t, err)
	require.EqualValues(t, 1, s.ProcessCounts().Redelivered)
}

// TestProcessCounts_CountWhatIsTakenOut: by each way that ends deliveries without an
// attempt, or holds them.
func TestProcessCounts_CountWhatIsTakenOut(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	cancelled, held := int64(0), int64(0)
	require.Equal(t, map[hook.DeliveryStatus]int64{hook.Cancelled: 0, hook.Held: 0}, s.ProcessCounts().TakenOut)
	post := func(id string) string {
		s.post(t, event(id, "TODO_CREATED", "p1"))
		found, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID, EventID: id}, anyPage)
		require.NoError(t, err)
		return found[0].ID
	}
	grows := func(way string, byCancelled, byHeld int64) {
		cancelled, held = cancelled+byCancelled, held+byHeld
		require.Equal(t, map[hook.DeliveryStatus]int64{hook.Cancelled: cancelled, hook.Held: held}, s.ProcessCounts().TakenOut, way)
	}

	_, err := s.Cancel(ctx, post("one"))
	require.NoError(t, err)
	grows("one is cancelled", 1, 0)
	post("m1")
	post("m2")
	_, err = s.CreateCancellation(ctx, cancelling(w.ID))
	require.NoError(t, err)
	s.cancels(t)
	grows("many are cancelled", 2, 0)
	post("off")
	s.off(t, w.ID)
	grows("switched off", 0, 1)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	grows("deleted", 1, 0)
}
