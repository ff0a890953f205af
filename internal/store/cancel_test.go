package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// cancels makes the steps of cancellations until none is due, and says how many.
func (s stage) cancels(t testing.TB) (n int) {
	t.Helper()
	for {
		made, err := s.CancelNext(context.Background(), time.Minute)
		require.NoError(t, err)
		if !made {
			return n
		}
		n++
	}
}

// cancelling is a query for all that waits for a webhook.
func cancelling(webhookID string, statuses ...hook.DeliveryStatus) hook.RedeliveryQuery {
	if len(statuses) == 0 {
		statuses = hook.CancelStatuses
	}
	return hook.RedeliveryQuery{WebhookID: webhookID, Since: time.Now().Add(-time.Hour), Statuses: statuses}
}

// requireCounts requires that reasons and status codes pick of what waits and is held,
// once the delivery has an attempt that was answered with 503.
func (s stage) requireCounts(t *testing.T, webhookID, deliveryID string) {
	t.Helper()
	pgtest.Exec(t, s.url, `INSERT INTO attempts (delivery_id, number, finished_at, outcome, reason, status_code) VALUES ($1, 1, now(), 'failure', 'status_5xx', 503)`, deliveryID)
	for name, of := range map[string]struct {
		reasons []hook.Reason
		codes   []hook.StatusCodes
		want    int
	}{
		"own reason":  {[]hook.Reason{hook.ReasonWebhookDisabled}, nil, 1},
		"last reason": {[]hook.Reason{hook.ReasonStatus5xx}, nil, 1},
		"both":        {[]hook.Reason{hook.ReasonStatus5xx, hook.ReasonWebhookDisabled}, nil, 2},
		"code":        {nil, []hook.StatusCodes{"503"}, 1},
		"other class": {nil, []hook.StatusCodes{"4xx"}, 0},
		"class":       {[]hook.Reason{hook.ReasonStatus5xx}, []hook.StatusCodes{"5xx", "404"}, 1},
	} {
		q := cancelling(webhookID)
		q.Reasons, q.StatusCodes = of.reasons, of.codes
		n, err := s.CountCancellation(context.Background(), q)
		require.NoError(t, err)
		require.Equal(t, of.want, n, name)
	}
}

func TestCancellation_TakesWhatTheFilterPicks(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	other := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := map[string]string{}
	for i, name := range []string{"due", "queued", "retrying", "held", "tag", "succeeded", "old", "late"} {
		eventType := map[bool]string{true: "TAG_CREATED", false: "TODO_CREATED"}[name == "tag"]
		s.post(t, event(fmt.Sprint("e", i), eventType, "p1"))
		found, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID, EventID: fmt.Sprint("e", i)}, anyPage)
		require.NoError(t, err)
		id[name] = found[0].ID
	}
	set := func(name, columns string) {
		pgtest.Exec(t, s.url, `UPDATE deliveries SET `+columns+` WHERE id = $1`, id[name])
	}
	set("queued", `dispatch_at = 'infinity'`)
	set("retrying", `status = 'retrying', attempts = 1, next_attempt_at = now() + interval '1 hour', dispatch_at = now() + interval '2 hours'`)
	set("held", `status = 'held', reason = 'webhook_disabled', dispatch_at = NULL`)
	set("succeeded", `status = 'succeeded', attempts = 1, dispatch_at = NULL, finished_at = now()`)
	set("old", `created_at = now() - interval '2 hours'`)
	set("late", `created_at = now() + interval '1 hour'`)

	s.requireCounts(t, w.ID, id["retrying"])

	q := cancelling(w.ID)
	q.EventTypes = []string{"TODO_CREATED"}
	n, err := s.CountCancellation(ctx, q)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	held := cancelling(w.ID, hook.Held)
	n, err = s.CountCancellation(ctx, held)
	require.NoError(t, err)
	require.Equal(t, 1, n)

	c, err := s.CreateCancellation(ctx, q)
	require.NoError(t, err)
	require.Equal(t, hook.KindCancellation, c.Kind)
	require.Equal(t, []int{4, 4, 4}, []int{c.Total, c.Released, c.Cancelled}, "a short queue is out at once")
	require.Equal(t, hook.RedeliveryRunning, c.Status)
	s.cancels(t)
	c, err = s.Redelivery(ctx, w.ID, c.ID)
	require.NoError(t, err)
	require.Equal(t, hook.RedeliveryCompleted, c.Status)
	require.False(t, c.FinishedAt.IsZero())
	for name, deliveryID := range id {
		d, err := s.Delivery(ctx, deliveryID)
		require.NoError(t, err)
		cancelled := name == "due" || name == "queued" || name == "retrying" || name == "held"
		require.Equal(t, cancelled, d.Status == hook.Cancelled && d.Reason == hook.ReasonCancelledByOwner, "%s: %s %s", name, d.Status, d.Reason)
	}
	found, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: other.ID, Statuses: []hook.DeliveryStatus{hook.Cancelled}}, anyPage)
	require.NoError(t, err)
	require.Empty(t, found, "of another webhook nothing")
	_, err = s.CreateCancellation(ctx, cancelling("wh_none"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestCancellation_OfALongQueueGoesInSteps(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.fill(t, w.ID, 5_000) // all of the same moment
	pgtest.Exec(t, s.url, `UPDATE deliveries SET event_type = 'TAG_CREATED' WHERE right(id, 1) = '7'`)
	q := cancelling(w.ID)
	q.EventTypes = []string{"TODO_CREATED"}
	c, err := s.CreateCancellation(ctx, q)
	require.NoError(t, err)
	require.Equal(t, 4_500, c.Total)
	require.Positive(t, c.Released)
	require.LessOrEqual(t, c.Released, atOneGo)

	// One that another process has locked is met again.
	var locked string
	conn := session(t, s.url)
	_, err = conn.ExecContext(ctx, "SET idle_in_transaction_session_timeout = 0")
	require.NoError(t, err)
	_, err = conn.ExecContext(ctx, "BEGIN")
	require.NoError(t, err)
	require.NoError(t, conn.QueryRowContext(ctx, `SELECT max(id) FROM deliveries WHERE event_type = 'TODO_CREATED'`).Scan(&locked))
	_, err = conn.ExecContext(ctx, `SELECT FROM deliveries WHERE id = $1 FOR UPDATE`, locked)
	require.NoError(t, err)
	for range 10 { // the first round, and the start of the next
		made, err := s.CancelNext(ctx, time.Minute)
		require.NoError(t, err)
		require.True(t, made)
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	require.NoError(t, err)
	require.Positive(t, s.cancels(t))
	c, err = s.Redelivery(ctx, w.ID, c.ID)
	require.NoError(t, err)
	require.Equal(t, hook.RedeliveryCompleted, c.Status)
	require.Equal(t, []int{4_500, 4_500}, []int{c.Released, c.Cancelled})
	left, err := s.CountCancellation(ctx, cancelling(w.ID))
	require.NoError(t, err)
	require.Equal(t, 500, left)
}

func TestCancellation_CanBeEnded(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.fill(t, w.ID, 2_000)
	c, err := s.CreateCancellation(ctx, cancelling(w.ID))
	require.NoError(t, err)
	require.NoError(t, s.CancelRedelivery(ctx, w.ID, c.ID))
	require.Zero(t, s.cancels(t))
	c, err = s.Redelivery(ctx, w.ID, c.ID)
	require.NoError(t, err)
	require.Equal(t, hook.RedeliveryCancelled, c.Status)
	require.Less(t, c.Released, 2_000)
	step, err := s.RedeliverStep(ctx, c.ID)
	require.NoError(t, err)
	require.True(t, step.Done, "it is nothing to be sent again")
}

// TestCancellation_AStepCostsTheSameHoweverLongTheQueue counts pages with plans that
// were made while nothing waited.
func TestCancellation_AStepCostsTheSameHoweverLongTheQueue(t *testing.T) {
	withStatistics(t, testCancellationStep)
}

func testCancellationStep(t *testing.T, s stage) {
	t.Helper()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	const limit = 50
	call := func(i int) string {
		return fmt.Sprintf(`cancel_%d('%s', '-infinity', '', %d, 'cancelled', 'cancelled_by_owner', NULL, now(), '{pending,retrying,held}', '{}', '{}', '{}')`, i, w.ID, limit)
	}
	for i, step := range store.CancelSteps() {
		_, err := conn.ExecContext(context.Background(), fmt.Sprintf("PREPARE cancel_%d(text, timestamptz, text, bigint, text, text, text, timestamptz, text[], text[], text[], int4multirange) AS %s", i, step))
		require.NoError(t, err)
		planned(t, conn, call(i))
	}
	s.fill(t, w.ID, 20_000)
	for i := range store.CancelSteps() {
		require.Less(t, planned(t, conn, call(i)).pages(), 60*limit, i) // a row is in many indexes
	}
}
