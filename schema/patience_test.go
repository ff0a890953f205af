package schema_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/schema"
)

// withMigration are this build's migrations and one more.
func withMigration(t *testing.T, name, text string) fs.FS {
	t.Helper()
	all := fstest.MapFS{name: {Data: []byte(text)}}
	files, err := fs.Glob(schema.Migrations(), "*.sql")
	require.NoError(t, err)
	for _, file := range files {
		data, err := fs.ReadFile(schema.Migrations(), file)
		require.NoError(t, err)
		all[file] = &fstest.MapFile{Data: data}
	}
	return all
}

// TestUp_LetsRequestsPassWhileItWaits migrates a table that a long reader uses
// while rows are inserted into it: none of them may wait for long, since each
// that comes after the migration waits behind it.
func TestUp_LetsRequestsPassWhileItWaits(t *testing.T) {
	url := pgtest.URL(t)
	db, ctx := open(t, url), context.Background()
	reader, err := open(t, url+"&application_name=report").BeginTx(ctx, nil)
	require.NoError(t, err)
	var n, pid int
	require.NoError(t, reader.QueryRow(`SELECT count(*), pg_backend_pid() FROM events`).Scan(&n, &pid))

	told := make(chan string, 100)
	migrated := make(chan error, 1)
	files := withMigration(t, "9999_needs_the_table.sql", "-- +goose Up\nALTER TABLE events ADD COLUMN x int;\n")
	go func() { migrated <- schema.UpFrom(ctx, db, files, func(line string) { told <- line }) }()

	ingest, stop := context.WithCancel(ctx)
	var requests sync.WaitGroup
	var mu sync.Mutex
	longest, count := time.Duration(0), 0
	for client := range 4 {
		clientDB := open(t, url)
		requests.Go(func() {
			for i := 0; ingest.Err() == nil; i++ {
				began := time.Now()
				_, err := clientDB.ExecContext(ctx, `INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint) VALUES ($1, 'T', 'p', 'c', now(), '{}', '')`,
					fmt.Sprintf("e-%d-%d", client, i))
				mu.Lock()
				longest, count = max(longest, time.Since(began)), count+1
				mu.Unlock()
				if err != nil {
					t.Errorf("insert: %v", err)
					return
				}
			}
		})
	}
	first := <-told
	require.Contains(t, first, fmt.Sprintf("process %d (report, idle in transaction)", pid))
	page, err := os.ReadFile("../docs/production.md")
	require.NoError(t, err)
	require.Contains(t, string(page), regexp.MustCompile(`for \d+ s$`).ReplaceAllString(strings.NewReplacer(fmt.Sprintf("process %d", pid), "process 4711", "(report,", "(psql,").Replace(first), "for 312 s"))
	require.Contains(t, <-told, "report", "it goes on waiting, and says so again")
	require.Empty(t, migrated)
	require.NoError(t, reader.Rollback())
	require.NoError(t, <-migrated)
	stop()
	requests.Wait()
	require.Less(t, longest, 2*time.Second)
	t.Logf("%d inserts, the longest took %s", count, longest)
	_, err = db.Exec(`SELECT x FROM events LIMIT 1`)
	require.NoError(t, err)
}
