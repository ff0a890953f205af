package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestWhatAUserSeesCostsNoMoreWithManyOthers counts the pages of every look-up
// and list of one user, while others have ten thousands of everything.
func TestWhatAUserSeesCostsNoMoreWithManyOthers(t *testing.T) {
	s := newShared(t)
	conn := session(t, s.url)
	execute := map[string]string{}
	prepare := func(query string, args ...any) {
		name := fmt.Sprintf("q%d", len(execute))
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+" AS "+query)
		require.NoError(t, err, query)
		literals := make([]string, len(args))
		for i, arg := range args {
			literals[i] = pq.QuoteLiteral(fmt.Sprint(arg))
		}
		execute[query] = name + "(" + strings.Join(literals, ", ") + ")"
	}
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	pgtest.Exec(t, s.url, `INSERT INTO sessions (id, user_id, hash, expires_at) VALUES ('ses_u2', 'u2', 'u2', now() + interval '1 hour')`)
	pgtest.Exec(t, s.url, `INSERT INTO api_keys (id, name, role, user_id, hash, prefix) VALUES ('key_u2', 'own', 'user', 'u2', sha256('u2'), 'gw_u2')`)
	pgtest.Exec(t, s.url, `INSERT INTO play_addresses (id, owner_id) VALUES ('play_u2', 'u2')`)
	pgtest.Exec(t, s.url, fmt.Sprintf(`INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) VALUES ('%s', '2026-01-01T00:00:00Z', '', 1, 1, 1)`, s.theirs.ID))
	ids := map[hook.Kind]string{
		hook.KindSession: "ses_u2", hook.KindUser: "u2", hook.KindKey: "key_u2", hook.KindPlay: "play_u2",
		hook.KindProject: "p1", hook.KindEvent: "e1", hook.KindWebhook: s.theirs.ID,
		hook.KindDelivery: s.deliveries(t, as("u2"), hook.DeliveryFilter{})[0],
	}
	for kind, query := range store.Visible {
		prepare(query, ids[kind], "u2")
	}
	for query, args := range store.TenantLists(as("u2"), hook.Page{Limit: 51}) {
		prepare(query, args...)
	}
	for _, query := range store.TenantCounts {
		prepare(query, "2020-01-01T00:00:00Z", "u2")
	}
	before := map[string]plan{}
	for query, call := range execute {
		before[query] = planned(t, conn, call)
		require.Positive(t, before[query].Rows, query)
	}
	crowd(t, s.url)
	for query, call := range execute {
		p := planned(t, conn, call)
		require.Equal(t, before[query].Rows, p.Rows, query)
		require.LessOrEqual(t, p.pages(), 3*before[query].pages()+10, query)
		t.Logf("%d pages, then %d: %s", before[query].pages(), p.pages(), query)
	}
}

// crowd gives user u1 twenty thousand webhooks, projects, events, deliveries
// and counts.
func crowd(t *testing.T, url string) {
	t.Helper()
	bulk(t, url, 20_000, "project:p9", "TODO_DELETED")
	pgtest.Exec(t, url, `
		WITH p AS (
			INSERT INTO projects (id, company_id, name) SELECT 'bulk' || g, 'c2', 'bulk' FROM generate_series(1, 20000) g RETURNING id
		), m AS (
			INSERT INTO members (project_id, user_id) SELECT id, 'u1' FROM p
		), e AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
			SELECT 'ebulk' || g, 'TODO_CREATED', CASE WHEN g % 2 = 0 THEN 'p2' ELSE 'p3' END, 'c1', now(), '{}', '' FROM generate_series(1, 20000) g RETURNING id
		), w AS (SELECT id, row_number() OVER () AS n FROM webhooks WHERE name = 'bulk'
		), d AS (
			INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
			SELECT 'dlv_z' || g, 'ebulk' || g, w.id, 'TODO_CREATED', 'p2', 'c1', 'pending', now() FROM generate_series(1, 20000) g JOIN w ON w.n = g
		)
		, signed AS (
			INSERT INTO sessions (id, user_id, hash, expires_at) SELECT 'ses_z' || g, 'u1', ('z' || g)::bytea, now() + interval '1 hour' FROM generate_series(1, 20000) g
		)
		INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) SELECT id, '2026-01-01T00:00:00Z', '', 1, 1, 1 FROM w`)
}
