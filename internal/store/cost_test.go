package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestMatchingReadsNoMoreWithManyWebhooks counts the pages that the look-up
// reads, which unlike its time is the same on every run. Its plan is made while
// there is one webhook, and kept.
func TestMatchingReadsNoMoreWithManyWebhooks(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}, Projects: []string{"p1"}})
	conn := preparedLookUp(t, s.url)
	few := pages(t, conn, "few")
	for _, other := range [][2]string{{"project:p1", "TODO_DELETED"}, {"project:p9", "TODO_CREATED"}, {"member:u1", "TODO_DELETED"}, {"member:u9", "*"}} {
		bulk(t, s.url, 5000, other[0], other[1])
	}
	// An index of 20,000 rows has three levels where one of a few rows has one.
	require.LessOrEqual(t, pages(t, conn, "many"), 3*few)
}

// preparedLookUp opens a session with the store's settings in which the
// look-up is prepared.
func preparedLookUp(t *testing.T, url string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("postgres", url+"&enable_seqscan=off&plan_cache_mode=force_generic_plan")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	conn, err := db.Conn(context.Background())
	require.NoError(t, err)
	_, err = conn.ExecContext(context.Background(), "PREPARE look_up AS "+store.AcceptEvents)
	require.NoError(t, err)
	return conn
}

// pages runs the look-up for one event and counts the pages it touched.
func pages(t *testing.T, conn *sql.Conn, eventID string) int {
	t.Helper()
	var text string
	require.NoError(t, conn.QueryRowContext(context.Background(), fmt.Sprintf(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE look_up(
		'{%s}', '{TODO_CREATED}', '{p1}', '{u9}', '{2026-01-01T00:00:00Z}', '{x}', '{x}', '{x}', '{0}')`, eventID)).Scan(&text))
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
			Rows int `json:"Actual Rows"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	require.Equal(t, 1, plans[0].Plan.Rows)
	return plans[0].Plan.Hit + plans[0].Plan.Read
}

// bulk stores n webhooks of u1 with one key each.
func bulk(t *testing.T, url string, n int, scope, pattern string) {
	t.Helper()
	pgtest.Exec(t, url, `
		WITH w AS (
			INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status)
			SELECT 'wh_' || $2::text || $3::text || g, 'u1', 'bulk', 'https://example.com/', '', '', 'standard', true, '{}', true, 'HEALTHY'
			FROM generate_series(1, $1::int) g RETURNING id
		), r AS (
			INSERT INTO rules (webhook_id, position, events, projects, companies) SELECT id, 0, ARRAY[$3::text], '{}', '{}' FROM w RETURNING id, webhook_id
		)
		INSERT INTO rule_keys (scope, pattern, rule_id, webhook_id) SELECT $2, $3, id, webhook_id FROM r`, n, scope, pattern)
	pgtest.Exec(t, url, `INSERT INTO rule_prefixes (pattern) SELECT $1 WHERE $1 LIKE '%*'`, pattern)
}
