package store_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// defaults gives a database the planner's settings that a Postgres has by default,
// which the tests' own has not.
func defaults(t *testing.T, at string) {
	t.Helper()
	u, err := url.Parse(at)
	require.NoError(t, err)
	database := strings.TrimPrefix(u.Path, "/")
	for _, setting := range []string{"jit = on", "max_parallel_workers_per_gather = 2", "random_page_cost = 4", "enable_seqscan = on", "plan_cache_mode = auto"} {
		pgtest.Exec(t, at, "ALTER DATABASE "+database+" SET "+setting)
	}
}

// TestSession_PlansAlikeOnEveryPostgres looks at what /readyz, /metrics and the
// list of event types read: tables without an index that fits, for which a server
// with default settings compiled each statement anew.
func TestSession_PlansAlikeOnEveryPostgres(t *testing.T) {
	at := pgtest.URL(t)
	defaults(t, at)
	for name, suffix := range map[string]string{"the server's defaults": "", "the URL's": "&jit=on&enable_seqscan=on"} {
		t.Run(name, func(t *testing.T) {
			db, err := store.OpenSession(at + suffix)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			for setting, want := range map[string]string{
				"jit": "off", "max_parallel_workers_per_gather": "0", "random_page_cost": "1.1", "enable_seqscan": "off", "plan_cache_mode": "force_generic_plan",
			} {
				var got string
				require.NoError(t, db.QueryRow("SHOW "+setting).Scan(&got))
				require.Equal(t, want, got, setting)
			}
			for _, statement := range []string{
				`SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`,
				`SELECT deliveries, dispatch, attempts FROM ledger_checks WHERE deliveries IS NOT NULL`,
				`SELECT name, description, schema FROM event_types ORDER BY "group", name`,
			} {
				var plan string
				require.NoError(t, db.QueryRowContext(context.Background(), "EXPLAIN (ANALYZE, FORMAT JSON) "+statement).Scan(&plan))
				require.Contains(t, plan, "Execution Time")
				require.NotContains(t, plan, `"JIT"`, statement)
			}
		})
	}
}
