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
// with plans that were made while the tables were empty.
func TestAQueueIsNotReadToBeFound(t *testing.T) {
	s := newStage(t)
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
}
