package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestWhatIsUnfinishedIsFoundAmongWhatIsDone counts pages with plans that were
// made while there was next to nothing.
func TestWhatIsUnfinishedIsFoundAmongWhatIsDone(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	wanted := map[string]struct {
		query, of string
		rows      int
	}{
		"backlog":    {store.Unfinished + ` AND $1 <> ''`, "any", 9},
		"of_webhook": {`d.webhook_id = $1 AND ` + store.Unfinished, w.ID, 9},
		"of_project": {`d.project_id = $1 AND ` + store.Unfinished, "p1", 9},
		"on_its_way": {`d.webhook_id = $1 AND ` + store.OnItsWay, w.ID, 4},
		"released":   {`d.redelivery_id = $1 AND ` + store.OnItsWay, "rdl_1", 2},
		"oldest":     {`d.webhook_id = $1 AND ` + store.Held + ` ORDER BY d.id LIMIT 3`, w.ID, 3},
	}
	for name, q := range wanted {
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+"(text) AS SELECT d.id FROM deliveries d WHERE "+q.query)
		require.NoError(t, err)
		require.Zero(t, planned(t, conn, fmt.Sprintf("%s('%s')", name, q.of)).Rows)
	}
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, redelivery_id, status, reason, dispatch_at, finished_at)
		SELECT 'dlv_' || lpad(g::text, 6, '0'), 'e' || g, $1, 'TODO_CREATED', 'p1', 'c1', CASE WHEN g % 2 = 0 THEN 'rdl_1' END, x.status,
			CASE x.status WHEN 'held' THEN 'webhook_disabled' WHEN 'failed' THEN 'exhausted' END, CASE WHEN x.status = 'pending' THEN now() END,
			CASE WHEN x.status IN ('succeeded', 'failed') THEN now() END
		FROM generate_series(1, 40000) g
		CROSS JOIN LATERAL (SELECT CASE WHEN g > 39995 THEN 'held' WHEN g > 39991 THEN 'pending' WHEN g % 9 = 0 THEN 'failed' ELSE 'succeeded' END AS status) x`, w.ID)
	for name, q := range wanted {
		p := planned(t, conn, fmt.Sprintf("%s('%s')", name, q.of))
		require.Equal(t, q.rows, p.Rows, name)
		require.Less(t, p.pages(), 40, name)
	}
}

// TestASuccessChangesNoIndex asks Postgres which updates were HOT.
func TestASuccessChangesNoIndex(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 5)
	conn := session(t, s.url)
	_, err := conn.ExecContext(ctx, "PREPARE succeed AS "+store.SucceedAll)
	require.NoError(t, err)
	var ids []string
	for _, p := range s.taken(t) {
		ids = append(ids, p.Delivery.ID)
	}
	_, err = conn.ExecContext(ctx, "BEGIN")
	require.NoError(t, err)
	_, err = conn.ExecContext(ctx, "EXECUTE "+endsOf(ids, ""))
	require.NoError(t, err)
	var updated, hot int
	require.NoError(t, conn.QueryRowContext(ctx, `SELECT pg_stat_get_xact_tuples_updated(c), pg_stat_get_xact_tuples_hot_updated(c) FROM to_regclass('deliveries') c`).Scan(&updated, &hot))
	require.Equal(t, 5, updated)
	require.Equal(t, updated, hot)
}
