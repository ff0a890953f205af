package schema_test

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/localpg"
	"godwit/internal/pgtest"
	"godwit/schema"
)

var update = flag.Bool("update", false, "write schema.sql")

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestUpDownUp(t *testing.T) {
	db, ctx := open(t, pgtest.EmptyURL(t)), context.Background()
	applied := func() (n int) {
		steps, err := schema.Status(ctx, db)
		require.NoError(t, err)
		for _, s := range steps {
			if s.Applied {
				n++
			}
		}
		return n
	}
	require.Zero(t, applied())
	require.NoError(t, schema.Up(ctx, db))
	require.NoError(t, schema.Up(ctx, db), "it may be repeated")
	all, err := schema.Status(ctx, db)
	require.NoError(t, err)
	require.Len(t, all, applied())
	for range all { // their numbers may have gaps
		require.NoError(t, schema.Down(ctx, db))
	}
	require.Zero(t, applied())
	require.NoError(t, schema.Up(ctx, db))
}

func TestUpFromSeveralProcessesAtOnce(t *testing.T) {
	url := pgtest.EmptyURL(t)
	results := make(chan error, 4)
	for range cap(results) {
		db := open(t, url)
		go func() { results <- schema.Up(context.Background(), db) }()
	}
	for range cap(results) {
		require.NoError(t, <-results)
	}
}

func TestUpBringsBuiltinTypesUpToDate(t *testing.T) {
	db, ctx := open(t, pgtest.URL(t)), context.Background()
	_, err := db.Exec(`UPDATE event_types SET description = 'old', builtin = false WHERE name = 'TODO_CREATED'`)
	require.NoError(t, err)
	require.NoError(t, schema.Up(ctx, db))
	var n int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM event_types WHERE builtin AND description <> 'old'`).Scan(&n))
	require.Equal(t, len(schema.Catalogue()), n)
}

// TestDump keeps schema.sql true: what the migrations amount to.
func TestDump(t *testing.T) {
	binary, err := localpg.Program(context.Background(), "pg_dump")
	require.NoError(t, err)
	out, err := exec.Command(binary, "--schema-only", "--no-owner", "--no-privileges", pgtest.URL(t)).Output()
	require.NoError(t, err)
	got := tidy(string(out))
	file := filepath.Join("schema.sql")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run `make schema`")
}

// settings are what pg_dump adds for psql's sake; they differ between versions.
var settings = regexp.MustCompile(`(?m)^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n`)

func tidy(dump string) string {
	dump = settings.ReplaceAllString(dump, "")
	for strings.Contains(dump, "\n\n\n") {
		dump = strings.ReplaceAll(dump, "\n\n\n", "\n\n")
	}
	return "-- What the migrations amount to; made by `make schema`.\n" + strings.TrimRight(dump, "\n") + "\n"
}
