package store_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// count counts everything that is over, from the oldest delivery on.
func (s stage) count(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, s.url, `TRUNCATE delivery_counts, event_counts`)
	pgtest.Exec(t, s.url, `UPDATE counting SET since = x.at, until = x.at FROM (SELECT date_trunc('hour', min(accepted_at), 'UTC') AS at FROM events) x`)
	for more := true; more; {
		var err error
		more, err = s.Count(context.Background())
		require.NoError(t, err)
	}
}

// TestCounts_ReportsAreThoseOfEveryRow compares ledgers and statistics with counts
// of every row, while nothing is counted and after, with redeliveries and with
// what changed since it was counted.
func TestCounts_ReportsAreThoseOfEveryRow(t *testing.T) {
	s := newCrowded(t)
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	pgtest.Exec(t, s.url, `
		WITH old AS (UPDATE deliveries SET superseded = true WHERE substr(id, 6)::int % 1000 < 50 AND webhook_id = 'wh_big' AND finished_at IS NOT NULL RETURNING *)
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, redelivery_of, status, reason, attempts, finished_at, created_at)
		SELECT id || 'r', event_id, webhook_id, event_type, project_id, company_id, id, x.status, CASE x.status WHEN 'failed' THEN 'gone' END, 1, now(), created_at + interval '3 hours'
		FROM old CROSS JOIN LATERAL (SELECT CASE WHEN substr(id, 6)::int % 10 < 3 THEN 'failed' ELSE 'succeeded' END AS status) x`)
	pgtest.Exec(t, s.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, accepted_at, current, fingerprint, owner_id, private_to, project_ids)
		SELECT 'x' || g, 'TODO_CREATED', CASE WHEN g % 3 = 0 THEN '' ELSE 'p1' END, 'c1', now(), now() - make_interval(mins => g), '{}', '',
			CASE WHEN g % 3 = 0 THEN 'u1' END, CASE WHEN g % 3 = 1 THEN 'u2' END, CASE WHEN g % 3 = 2 THEN ARRAY['p1', 'p2'] END FROM generate_series(1, 300) g`)
	for _, state := range []string{"nothing is counted", "counted", "changed since", "old ones are removed"} {
		switch state {
		case "counted":
			s.count(t)
		case "changed since":
			pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'succeeded', reason = NULL, dispatch_at = NULL, finished_at = now(), next_attempt_at = NULL WHERE status IN ('failed', 'held', 'pending') AND right(event_id, 1) = '7'`)
			pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'cancelled', reason = 'cancelled_by_owner', dispatch_at = NULL, finished_at = now() WHERE status IN ('held', 'retrying') AND right(event_id, 1) = '3'`)
		case "old ones are removed": // as the retention does
			pgtest.Exec(t, s.url, `UPDATE retention SET kept_since = now() - make_interval(secs => $1)`, manyDeliveries/2)
			pgtest.Exec(t, s.url, `CREATE TABLE old AS SELECT d.event_id FROM deliveries d, retention r GROUP BY d.event_id, r.kept_since HAVING bool_and(d.finished_at IS NOT NULL AND d.created_at < r.kept_since)`)
			pgtest.Exec(t, s.url, `DELETE FROM deliveries USING old WHERE deliveries.event_id = old.event_id`)
			pgtest.Exec(t, s.url, `DELETE FROM events USING old WHERE id = event_id`)
		}
		s.sameReports(t, db, state)
	}
}

// sameReports compares reports about several stretches of time.
func (s stage) sameReports(t *testing.T, db *sql.DB, state string) {
	t.Helper()
	span := manyDeliveries * time.Second
	for i := range 8 {
		since := time.Now().Add(-span - time.Hour)
		until := time.Now().Add(time.Minute)
		if i > 0 {
			since = since.Add(time.Duration(rand.Int64N(int64(span))))
			until = since.Add(time.Duration(rand.Int64N(int64(span))))
		}
		for _, webhook := range []string{bigWebhook, "wh_3"} {
			want := hook.Ledger{}
			each(t, db, func(status, reason string, n int) {
				want.Matched += n
				want.Count(hook.DeliveryStatus(status), hook.Reason(reason), n)
			}, `
				SELECT coalesce(h.status, o.status), coalesce(CASE WHEN h.id IS NULL THEN o.reason ELSE h.reason END, ''), count(*)
				FROM deliveries o LEFT JOIN deliveries h ON o.superseded AND h.event_id = o.event_id AND h.webhook_id = o.webhook_id AND NOT h.superseded
				WHERE o.webhook_id = $1 AND o.redelivery_of IS NULL AND o.created_at >= $2 AND o.created_at < $3 GROUP BY 1, 2`, webhook, since, until)
			got, err := s.Ledger(context.Background(), hook.LedgerQuery{WebhookID: webhook, Since: since, Until: until})
			require.NoError(t, err)
			require.True(t, got.Balanced(), "%s: %+v", state, got)
			require.Equal(t, want, got, "%s: %s from %s to %s", state, webhook, since, until)
		}
		for _, ctx := range []context.Context{context.Background(), as("u1")} {
			s.sameStats(t, db, ctx, since)
		}
	}
}

func (s stage) sameStats(t *testing.T, db *sql.DB, ctx context.Context, since time.Time) {
	t.Helper()
	want := map[hook.DeliveryStatus]int{}
	for _, status := range hook.DeliveryStatuses {
		want[status] = 0
	}
	each(t, db, func(status, _ string, n int) { want[hook.DeliveryStatus(status)] += n },
		`SELECT status, '', count(*) FROM deliveries WHERE created_at >= $1 GROUP BY 1`, since)
	events := 0
	each(t, db, func(_, _ string, n int) { events = n }, `SELECT '', '', count(*) FROM events e WHERE accepted_at >= $1 AND ($2 OR private_to IS NULL)`,
		since, hook.PrincipalOf(ctx).UserID == "")
	got, err := s.Stats(ctx, since)
	require.NoError(t, err)
	require.Equal(t, want, got.Deliveries)
	require.Equal(t, events, got.Events)
	waiting := map[hook.DeliveryStatus]int{hook.Pending: 0, hook.Retrying: 0, hook.Held: 0}
	each(t, db, func(status, _ string, n int) { waiting[hook.DeliveryStatus(status)] = n },
		`SELECT status, '', count(*) FROM deliveries WHERE status IN ('pending', 'retrying', 'held') GROUP BY 1`)
	require.Equal(t, waiting, got.Backlog)
}

// each reads rows of two texts and a number.
func each(t *testing.T, db *sql.DB, row func(string, string, int), query string, args ...any) {
	t.Helper()
	found, err := db.Query(query, args...)
	require.NoError(t, err)
	defer found.Close()
	for found.Next() {
		var a, b string
		var n int
		require.NoError(t, found.Scan(&a, &b, &n))
		row(a, b, n)
	}
	require.NoError(t, found.Err())
}

// TestCounts_OneProcessCountsAStretch: two that count at once count nothing twice.
func TestCounts_OneProcessCountsAStretch(t *testing.T) {
	s := newStage(t)
	crowdEvents(t, s.url, 20_000)
	pgtest.Exec(t, s.url, `UPDATE counting SET since = x.at, until = x.at FROM (SELECT date_trunc('hour', min(accepted_at), 'UTC') AS at FROM events) x`)
	ended := make(chan error, 4)
	for range cap(ended) {
		go func() {
			var err error
			for more := true; more && err == nil; {
				more, err = s.Count(context.Background())
			}
			ended <- err
		}()
	}
	for range cap(ended) {
		require.NoError(t, <-ended)
	}
	for more := true; more; { // who was passed over has left something
		var err error
		more, err = s.Count(context.Background())
		require.NoError(t, err)
	}
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	var counted, there int
	require.NoError(t, db.QueryRow(`SELECT sum(n), (SELECT count(*) FROM events, counting WHERE accepted_at < until) FROM event_counts WHERE project_id = ''`).Scan(&counted, &there))
	require.Equal(t, there, counted)
	require.Greater(t, counted, 19_000)
}

// attempts counts attempts as their ends do, of each webhook 100 in each of so many
// hours that are over, in random parts below parts.
func attempts(t *testing.T, url string, hours, parts int) {
	t.Helper()
	pgtest.Exec(t, url, `
		INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n)
		SELECT x.id, x.hour, x.reason, x.latency, x.part, count(*) FROM (
			SELECT w.id, date_trunc('hour', now(), 'UTC') - make_interval(hours => h + 1) AS hour, CASE WHEN a % 20 = 0 THEN 'status_5xx' ELSE '' END AS reason,
				10 + floor(20 * random() * random()) AS latency, floor($2::int * random()) AS part
			FROM webhooks w, generate_series(1, $1::int) h, generate_series(1, 100) a
		) x GROUP BY 1, 2, 3, 4, 5`, hours, parts)
}

// TestHealthCounts_AreFoldedToOneRowAnHour has small webhooks make 100 attempts an
// hour. What the report says stays the same.
func TestHealthCounts_AreFoldedToOneRowAnHour(t *testing.T) {
	const webhooks, hours = 200, 3
	s := newStage(t)
	ctx := context.Background()
	bulk(t, s.url, webhooks, "project:p9", "TODO_DELETED")
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	rows := func(table string) (n, bytes int) {
		require.NoError(t, db.QueryRow(`SELECT count(*), pg_total_relation_size('`+table+`') FROM `+table).Scan(&n, &bytes))
		return n, bytes
	}
	attempts(t, s.url, hours, 8)
	n, bytes := rows("health_counts")
	t.Logf("of a webhook and hour, in random parts: %.1f rows, %d bytes", float64(n)/webhooks/hours, bytes/webhooks/hours)
	pgtest.Exec(t, s.url, `TRUNCATE health_counts`)
	attempts(t, s.url, hours, 1)
	n, bytes = rows("health_counts")
	t.Logf("of one process, until the hour is over: %.1f rows, %d bytes", float64(n)/webhooks/hours, bytes/webhooks/hours)
	pgtest.Exec(t, s.url, `INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) SELECT id, date_trunc('hour', now(), 'UTC'), '', 12, 4, 7 FROM webhooks`)

	const one = "wh_project:p9TODO_DELETED1"
	since := time.Now().Add(-24 * time.Hour)
	report := func() (hook.HealthReport, hook.Stats) {
		h, err := s.HealthReport(ctx, one, since)
		require.NoError(t, err)
		st, err := s.Stats(as("u1"), since)
		require.NoError(t, err)
		all, err := s.Stats(ctx, since)
		require.NoError(t, err)
		require.Equal(t, []int{st.Attempts, st.Succeeded}, []int{all.Attempts, all.Succeeded})
		return h, st
	}
	health, stats := report()
	require.Equal(t, 100*hours+7, health.Total.Attempts)
	require.Equal(t, webhooks*(100*hours+7), stats.Attempts)
	for n := 70; n == 70; { // so that an hour of a webhook is folded in two
		n, err = s.FoldHealth(ctx, 70)
		require.NoError(t, err)
	}
	again, statsAgain := report()
	require.Equal(t, health, again)
	require.Equal(t, stats, statsAgain)
	left, _ := rows("health_counts")
	require.Equal(t, webhooks, left, "the hour that lasts")
	n, bytes = rows("health_hours")
	require.Equal(t, webhooks*hours+hours, n)
	t.Logf("folded: %.1f rows, %d bytes", float64(n)/webhooks/hours, bytes/webhooks/hours)
}
