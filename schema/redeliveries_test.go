package schema_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/schema"
)

// downTo takes back migrations until none is newer than a version.
func downTo(t *testing.T, db *sql.DB, version int64) {
	t.Helper()
	for ctx := context.Background(); ; {
		steps, err := schema.Status(ctx, db)
		require.NoError(t, err)
		newest := int64(0)
		for _, s := range steps {
			if s.Applied {
				newest = s.Version
			}
		}
		if newest <= version {
			return
		}
		require.NoError(t, schema.Down(ctx, db))
	}
}

// TestRedeliveryIds_AreWrittenAnew migrates rows of the time when sending again was
// called a recovery, and back.
func TestRedeliveryIds_AreWrittenAnew(t *testing.T) {
	db, ctx := open(t, pgtest.AsSuperuser(pgtest.EmptyURL(t))), context.Background()
	db.SetMaxOpenConns(1) // of which the setting below is
	number := func(query string) (n int) {
		require.NoError(t, db.QueryRow(query).Scan(&n))
		return n
	}
	require.NoError(t, schema.Up(ctx, db))
	downTo(t, db, 99)
	for _, statement := range []string{
		`SET session_replication_role = replica`, // no event, webhook and owner are needed
		`INSERT INTO recoveries (id, kind, webhook_id, since, until, statuses, event_types, status, dispatch_at, due_at, finished_at, total) VALUES
			('rec_1', 'redelivery', 'wh_1', now(), now(), '{failed}', '{}', 'running', now() + interval '5 minutes', NULL, NULL, 2),
			('rec_2', 'cancellation', 'wh_1', now(), now(), '{held}', '{}', 'running', 'infinity', now(), NULL, 2),
			('rec_3', 'redelivery', 'wh_1', now(), now(), '{failed}', '{}', 'completed', NULL, NULL, now(), 2)`,
		`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, recovery_id, status, reason, dispatch_at)
			SELECT 'dlv_' || n, 'e' || n, 'wh_1', 'TODO_CREATED', 'p1', 'c1', r, 'held', 'webhook_disabled', NULL FROM (VALUES (1, 'rec_1'), (2, NULL)) AS v(n, r)`,
		`SET session_replication_role = origin`,
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}

	require.NoError(t, schema.Up(ctx, db))
	require.Equal(t, 3, number(`SELECT count(*) FROM redeliveries WHERE id IN ('rdl_1', 'rdl_2', 'rdl_3')`))
	require.Equal(t, 1, number(`SELECT count(*) FROM redeliveries WHERE dispatch_at <= now() AND id = 'rdl_1'`), "what runs is due")
	require.Equal(t, 1, number(`SELECT count(*) FROM redeliveries WHERE dispatch_at = 'infinity' AND id = 'rdl_2'`), "a cancellation has no workflow")
	require.Equal(t, 1, number(`SELECT count(*) FROM deliveries WHERE redelivery_id = 'rdl_1'`))

	downTo(t, db, 99)
	require.Equal(t, 3, number(`SELECT count(*) FROM recoveries WHERE id IN ('rec_1', 'rec_2', 'rec_3')`))
	require.Equal(t, 1, number(`SELECT count(*) FROM deliveries WHERE recovery_id = 'rec_1'`))
}
