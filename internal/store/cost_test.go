package store_test

import (
	"context"
	"database/sql"
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
	conn := session(t, s.url)
	_, err := conn.ExecContext(context.Background(), "PREPARE look_up AS "+store.AcceptEvents)
	require.NoError(t, err)
	few := lookUp(t, conn, "few")
	for _, other := range [][2]string{{"project:p1", "TODO_DELETED"}, {"project:p9", "TODO_CREATED"}, {"member:u1", "TODO_DELETED"}, {"member:u9", "*"}} {
		bulk(t, s.url, 5000, other[0], other[1])
	}
	// An index of 20,000 rows has three levels where one of a few rows has one.
	require.LessOrEqual(t, lookUp(t, conn, "many"), 3*few)
}

// TestMatching_ReadsNoMoreForWhatRulesLeaveOut has the rules of one project leave
// types out, and its event types end as many suffixes do.
func TestMatching_ReadsNoMoreForWhatRulesLeaveOut(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*_CREATED"}, NotEvents: []string{"TAG_*"}, Projects: []string{"p1"}})
	conn := session(t, s.url)
	_, err := conn.ExecContext(context.Background(), "PREPARE look_up AS "+store.AcceptEvents)
	require.NoError(t, err)
	few := lookUp(t, conn, "few")
	for _, other := range [][2]string{{"project:p1", "*_DELETED"}, {"project:p9", "*_CREATED"}, {"member:u1", "TODO_DELETED"}, {"member:u9", "*"}} {
		bulk(t, s.url, 5000, other[0], other[1])
	}
	pgtest.Exec(t, s.url, `INSERT INTO rule_keys (scope, pattern, rule_id, webhook_id) SELECT k.scope, 'TAG_*', k.rule_id, '' FROM rule_keys k WHERE k.webhook_id <> '' ON CONFLICT DO NOTHING`)
	require.LessOrEqual(t, lookUp(t, conn, "many"), 3*few)
}

// lookUp runs the look-up for one event and counts the pages it touched.
func lookUp(t *testing.T, conn *sql.Conn, eventID string) int {
	t.Helper()
	p := planned(t, conn, fmt.Sprintf(`look_up('{%[1]s}', '{TODO_CREATED}', '{p1}', '{u9}', '{2026-01-01T00:00:00Z}', '{x}', '{x}', '{x}', '{0}', '{0}', '{0}', 'dlv_%[1]s', '{0,0}', '{}', 10, 10, '{""}')`, eventID))
	require.Equal(t, 1, p.Rows)
	return p.pages()
}

// TestDeliveringReadsNoMoreWithManyWebhooks is the same for what comes after.
func TestDeliveringReadsNoMoreWithManyWebhooks(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"TAG_CREATED"}, Projects: []string{"p1"}})
	conn := session(t, s.url)
	_, err := conn.ExecContext(context.Background(), "PREPARE deliver AS "+store.InsertDeliveries)
	require.NoError(t, err)
	deliver := func(eventID string) int {
		s.post(t, event(eventID, "TODO_CREATED", "p1"))
		p := planned(t, conn, fmt.Sprintf(`deliver('{dlv_%s}', '{%s}', '{%s}', '{TODO_CREATED}', '{p1}', '{c1}')`, eventID, eventID, w.ID))
		require.Equal(t, 1, p.Rows)
		return p.pages()
	}
	few := deliver("few")
	bulk(t, s.url, 20000, "project:p9", "TODO_DELETED")
	require.LessOrEqual(t, deliver("many"), 3*few)
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
	pgtest.Exec(t, url, `INSERT INTO rule_prefixes (pattern) SELECT $1 WHERE $1 LIKE '%*' OR $1 LIKE '*%' ON CONFLICT DO NOTHING`, pattern)
}
