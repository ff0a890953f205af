package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// session opens a session with the store's settings.
func session(t testing.TB, url string) *sql.Conn {
	t.Helper()
	db, err := store.OpenSession(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	conn, err := db.Conn(context.Background())
	require.NoError(t, err)
	return conn
}

// withStatistics runs a test that counts the pages of a queue, with what Postgres may
// know of the tables while nothing waits: nothing, or that some was delivered.
func withStatistics(t *testing.T, test func(t *testing.T, s stage)) {
	t.Helper()
	t.Run("without statistics", func(t *testing.T) { test(t, newStage(t)) })
	t.Run("with those of a quiet moment", func(t *testing.T) {
		s := newStage(t)
		s.quiet(t)
		test(t, s)
	})
}

// quiet gathers statistics where some was delivered and nothing waits.
func (s stage) quiet(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, s.url, `
		WITH e AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
			SELECT 'past' || g, 'TODO_CREATED', 'past', 'past', now(), '{}', '' FROM generate_series(1, 300) g RETURNING id
		)
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, attempts, finished_at)
		SELECT 'dlv_' || e.id, e.id, 'wh_past', 'TODO_CREATED', 'past', 'past', 'succeeded', 1, now() FROM e`)
	pgtest.Exec(t, s.url, `ANALYZE`)
}

// plan is what a statement came to.
type plan struct {
	Hit  int `json:"Shared Hit Blocks"`
	Read int `json:"Shared Read Blocks"`
	Rows int `json:"Actual Rows"`
}

// pages is how many pages were touched.
func (p plan) pages() int { return p.Hit + p.Read }

// planned executes a prepared statement.
func planned(t testing.TB, conn *sql.Conn, statement string) plan {
	t.Helper()
	var text string
	require.NoError(t, conn.QueryRowContext(context.Background(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE "+statement).Scan(&text))
	var plans []struct{ Plan plan }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan
}

// TestAQueueIsNotReadToBeFound counts pages as the test of the matching does:
// with plans that were made while nothing waited.
func TestAQueueIsNotReadToBeFound(t *testing.T) { withStatistics(t, testAQueueIsNotReadToBeFound) }

func testAQueueIsNotReadToBeFound(t *testing.T, s stage) {
	t.Helper()
	w := s.limited(t, 0, 2)
	conn := session(t, s.url)
	for name, statement := range map[string]string{"find(text, int)": store.QueuedWebhooks, "release(bigint, float8, text, text[], text[], text[], float8)": store.ReleaseQueued} {
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+" AS "+statement)
		require.NoError(t, err)
	}
	release := fmt.Sprintf("release(64, 0.5, '', '{}', '{}', '{%s}', 30)", w.ID)
	require.Zero(t, planned(t, conn, "find('', 500)").Rows)
	planned(t, conn, release)
	s.post(t, event("e", "TODO_CREATED", "p1"))
	pgtest.Exec(t, s.url, `
		WITH e AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
			SELECT 'bulk' || g, 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM generate_series(1, 20000) g RETURNING id
		)
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
		SELECT 'dlv_z' || e.id, e.id, $1, 'TODO_CREATED', 'p1', 'c1', 'pending', 'infinity' FROM e`, w.ID)
	found := planned(t, conn, "find('', 500)")
	require.Equal(t, 1, found.Rows)
	require.Less(t, found.pages(), 20)
	released := planned(t, conn, release)
	require.Equal(t, 2, released.Rows)

	require.Less(t, released.pages(), 120)
	t.Logf("pages: %d to find, %d to release 2", found.pages(), released.pages())

	const hops = 500
	pgtest.Exec(t, s.url, `UPDATE deliveries SET webhook_id = 'wh_' || (substr(event_id, 5)::int % $1::int) WHERE event_id LIKE 'bulk%'`, 2*hops)
	many := planned(t, conn, fmt.Sprintf("find('', %d)", hops))
	t.Logf("pages: %d to find %d queues", many.pages(), hops)
	require.Equal(t, hops, many.Rows)
	require.Less(t, many.pages(), 30*hops, "each queue is found by its first delivery")
}
