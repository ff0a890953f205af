package schema_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/schema"
)

// TestStatistics_OfQueuesAreRemoved migrates a database that has statistics: a superuser
// removes them, and another role leaves them as they are.
func TestStatistics_OfQueuesAreRemoved(t *testing.T) {
	for role, left := range map[string]int{"superuser": 0, "owner": 5} {
		t.Run(role, func(t *testing.T) {
			url, ctx := pgtest.EmptyURL(t), context.Background()
			if role == "superuser" {
				url = pgtest.AsSuperuser(url)
			}
			db := open(t, url)
			require.NoError(t, schema.Up(ctx, db))
			downTo(t, db, 301)
			for _, statement := range []string{
				`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, attempts, finished_at)
					SELECT 'dlv_' || n, 'e' || n, 'wh', 'TODO_CREATED', 'p', 'c', 'succeeded', 1, now() FROM generate_series(1, 100) n`,
				`ANALYZE deliveries`,
			} {
				_, err := db.Exec(statement)
				require.NoError(t, err)
			}
			known := func() (n int) {
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stats WHERE tablename = 'deliveries' AND attname = ANY('{dispatch_at,slot_until,status,reason,attempts}')`).Scan(&n))
				return n
			}
			require.Equal(t, 5, known())
			require.NoError(t, schema.Up(ctx, db))
			require.Equal(t, left, known())
			_, err := db.Exec(`ANALYZE deliveries`)
			require.NoError(t, err)
			require.Equal(t, left, known())
		})
	}
}
