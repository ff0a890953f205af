package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestRedelivery_StepCostsTheSameAmongMany counts the pages that a step
// touches, with plans that were made while there was next to nothing.
func TestRedelivery_StepCostsTheSameAmongMany(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	for name, statement := range map[string]string{
		"next(text, timestamptz, text, timestamptz, text[], text[], text[], int4multirange, bigint)": store.NextOfRedelivery,
		"redeliver(text[], text[], text)": store.RedeliverOld,
	} {
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+" AS "+statement)
		require.NoError(t, err)
	}
	planned(t, conn, `redeliver('{dlv_000000001}', '{dlv_z0}', '')`)
	next := func(from time.Time) string {
		return fmt.Sprintf(`next('%s', '%s', '', '%s', '{failed,held}', '{}', '{}', '{}', 10)`, w.ID, from.Format(time.RFC3339), time.Now().Add(24*time.Hour).Format(time.RFC3339))
	}
	planned(t, conn, next(time.Now()))
	base := s.failed(t, w.ID, 20_000)
	for _, from := range []int{0, 19_000} {
		p := planned(t, conn, next(base.Add(time.Duration(from)*time.Second)))
		require.Equal(t, 10, p.Rows)
		require.Less(t, p.pages(), 200, from)
	}
	p := planned(t, conn, `redeliver('{dlv_000000001,dlv_000010000}', '{dlv_z1,dlv_z2}', 'rdl_1')`)
	require.Equal(t, 2, p.Rows)
	require.Less(t, p.pages(), 200)
}

// TestRedelivery_GetsOnHoweverFarTheNextOneLies puts what is to be sent again behind
// many deliveries of another type.
func TestRedelivery_GetsOnHoweverFarTheNextOneLies(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	base := s.failed(t, w.ID, 24_000).Add(-6 * time.Hour)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET created_at = created_at - interval '6 hours', event_type = CASE id WHEN 'dlv_000023999' THEN 'TAG_CREATED' ELSE event_type END`)
	vacuum(t, s.url)
	conn := reading(t, s.url)
	q := query(w.ID, base)
	q.EventTypes = []string{"TAG_CREATED"}
	p := cost(t, conn, store.Query{Text: store.NextOfRedelivery, Args: []any{w.ID, base, "", base.Add(24 * time.Hour), pq.Array(q.Statuses), pq.Array(q.EventTypes), "{}", "{}", 2000}})
	require.Equal(t, 2000, p.Rows)
	require.Less(t, p.pages(), 3000, "no event of another type is read")
	r := s.redelivery(t, q)
	require.Equal(t, 1, r.Total)
	released, steps := 0, 0
	for ; released == 0; steps++ {
		step := s.step(t, r.ID)
		require.True(t, step.More)
		released += step.Released
	}
	require.Equal(t, 1, released)
	require.LessOrEqual(t, steps, 2)
}

// TestRedelivery_CountsWhatBecameOfManyWithoutReadingThem makes most of a redelivery's
// deliveries succeed.
func TestRedelivery_CountsWhatBecameOfManyWithoutReadingThem(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	base := s.failed(t, w.ID, 20_000)
	r := s.redelivery(t, query(w.ID, base))
	pgtest.Exec(t, s.url, `
		UPDATE deliveries SET redelivery_id = $1, status = x.status, reason = CASE x.status WHEN 'failed' THEN 'gone' WHEN 'held' THEN 'webhook_disabled' END,
			attempts = CASE x.status WHEN 'pending' THEN 0 ELSE 1 END, finished_at = CASE WHEN x.status IN ('succeeded', 'failed') THEN now() END,
			dispatch_at = CASE WHEN x.status IN ('pending', 'retrying') THEN now() END
		FROM (SELECT id, CASE WHEN right(id, 3) = '001' THEN 'failed' WHEN right(id, 3) = '002' THEN 'held' WHEN right(id, 3) = '003' THEN 'pending'
			WHEN right(id, 3) = '004' THEN 'retrying' ELSE 'succeeded' END AS status FROM deliveries) x
		WHERE x.id = deliveries.id`, r.ID)
	vacuum(t, s.url)
	got := s.progress(t, r)
	require.Equal(t, []int{19_920, 20, 0, 60}, []int{got.Succeeded, got.Failed, got.Cancelled, got.Pending})
	p := cost(t, reading(t, s.url), store.Query{Text: store.SelectRedelivery + ` WHERE r.id = $1`, Args: []any{r.ID}})
	require.Less(t, p.pages(), 600)
}
