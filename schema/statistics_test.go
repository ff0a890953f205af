package schema_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/schema"
)

// TestStatistics_OfHistoryAreRemoved migrates a database that has statistics: a superuser
// removes them, and another role leaves them as they are. From then on none are gathered.
func TestStatistics_OfHistoryAreRemoved(t *testing.T) {
	for _, role := range []string{"superuser", "owner"} {
		t.Run(role, func(t *testing.T) {
			url, ctx := pgtest.EmptyURL(t), context.Background()
			if role == "superuser" {
				url = pgtest.AsSuperuser(url)
			}
			db := open(t, url)
			require.NoError(t, schema.Up(ctx, db))
			downTo(t, db, 301)
			exec := func(statements ...string) {
				for _, statement := range statements {
					_, err := db.Exec(statement)
					require.NoError(t, err)
				}
			}
			known := func() (n int) {
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stats WHERE tablename = ANY('{deliveries, events, attempts}')`).Scan(&n))
				return n
			}
			const analyze = `ANALYZE deliveries, events, attempts`
			exec(`INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
					SELECT 'e' || n, 'TODO_CREATED', 'p', 'c', now(), '{}', '' FROM generate_series(1, 100) n`,
				`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, attempts, finished_at)
					SELECT 'dlv_' || n, 'e' || n, 'wh', 'TODO_CREATED', 'p', 'c', 'succeeded', 1, now() FROM generate_series(1, 100) n`,
				`INSERT INTO attempts (delivery_id, number, finished_at, outcome, status_code)
					SELECT 'dlv_' || n, 1, now(), 'success', 200 FROM generate_series(1, 100) n`, analyze)
			before := known()
			require.Greater(t, before, 50, "of most columns")
			require.NoError(t, schema.Up(ctx, db))
			left := map[string]int{"owner": before}[role]
			require.Equal(t, left, known())
			exec(analyze)
			require.Equal(t, left, known())
		})
	}
}

// TestStatistics_AreGatheredOfNoColumnOfHistory: a column that is added to these tables
// needs SET STATISTICS 0 in its migration.
func TestStatistics_AreGatheredOfNoColumnOfHistory(t *testing.T) {
	db := open(t, pgtest.EmptyURL(t))
	require.NoError(t, schema.Up(context.Background(), db))
	var with string
	require.NoError(t, db.QueryRow(`SELECT coalesce(string_agg(attrelid::regclass || '.' || attname, ', '), '') FROM pg_attribute
		WHERE attrelid = ANY('{deliveries, events, attempts}'::regclass[]) AND attnum > 0 AND NOT attisdropped AND attstattarget <> 0`).Scan(&with))
	require.Empty(t, with)
}
