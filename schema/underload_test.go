package schema_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/schema"
)

// longestRequest is how long a request may wait for a migration.
const longestRequest = 2 * time.Second

// TestUp_KeepsNoRequestWaitingInAnyMigration runs every migration on 20,000 events and
// deliveries, while rows are written. Reports read the tables: the first one for longer
// than a request may wait, and shorter ones all the time after it.
func TestUp_KeepsNoRequestWaitingInAnyMigration(t *testing.T) {
	url, ctx := pgtest.EmptyURL(t), context.Background()
	db := open(t, url)
	first, err := fs.ReadFile(schema.Migrations(), "0001_spine.sql")
	require.NoError(t, err)
	require.NoError(t, schema.UpFrom(ctx, db, fstest.MapFS{"0001_spine.sql": {Data: first}}, func(string) {}))
	for _, statement := range []string{
		`INSERT INTO users (id, name, email) VALUES ('u', 'Una', 'una@example.com')`,
		`INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status)
		VALUES ('wh_1', 'u', 'feed', 'https://hooks.example.com/', '', '', 'standard', true, '{}', true, 'HEALTHY')`,
		`INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
		SELECT 'e' || n, 'TODO_CREATED', 'p', 'c', now(), '{}', '' FROM generate_series(1, 20000) n`,
		`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, attempts, finished_at)
		SELECT 'dlv_' || n, 'e' || n, 'wh_1', 'TODO_CREATED', 'p', 'c', 'succeeded', 1, now() FROM generate_series(1, 20000) n`,
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}

	beside, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	load := &writing{}
	for client := range 2 {
		clientDB := open(t, url)
		others.Go(func() { load.run(beside, clientDB, client) })
	}
	reader := open(t, url)
	others.Go(func() { report(beside, reader) })
	require.NoError(t, schema.Up(ctx, db))
	stop()
	others.Wait()
	require.NoError(t, load.err)
	require.Greater(t, load.count, 50)
	require.Less(t, load.longest, longestRequest)
	t.Logf("%d writes, the longest took %s", load.count, load.longest)
}

// writing is what requests write, in all versions of the schema.
type writing struct {
	mu      sync.Mutex
	longest time.Duration
	count   int
	err     error
}

func (w *writing) run(ctx context.Context, db *sql.DB, client int) {
	for n := 0; ctx.Err() == nil; n++ {
		began := time.Now()
		_, err := db.ExecContext(context.WithoutCancel(ctx), `INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint) VALUES ($1, 'TODO_CREATED', 'p', 'c', now(), '{}', '')`,
			fmt.Sprintf("n%d-%d", client, n))
		if err == nil {
			_, err = db.ExecContext(context.WithoutCancel(ctx), `UPDATE deliveries SET updated_at = now() WHERE id = $1`, fmt.Sprintf("dlv_%d", 1+n%20000))
		}
		w.mu.Lock()
		w.longest, w.count = max(w.longest, time.Since(began)), w.count+1
		if err != nil {
			w.err = err
		}
		w.mu.Unlock()
		pause(ctx, 5*time.Millisecond)
	}
}

// report keeps the tables in use, and lets go of them for a moment.
func report(ctx context.Context, db *sql.DB) {
	for lasts := longestRequest + time.Second; ctx.Err() == nil; lasts = 200 * time.Millisecond {
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			continue
		}
		_, _ = tx.Exec(`SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM deliveries), (SELECT count(*) FROM webhooks)`)
		pause(ctx, lasts)
		_ = tx.Rollback()
		pause(ctx, 100*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
