package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	v12 "go.temporal.io/server/schema/postgresql/v12"

	"godwit/internal/localpg"
)

// TestDroppedIndexesComeBackForAnUpdate plays an update of Temporal's schema by
// setting the recorded version back by one.
func TestDroppedIndexesComeBackForAnUpdate(t *testing.T) {
	pg, err := localpg.Start(t.Context(), localpg.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop(context.Background())) })
	server, err := url.Parse(pg.URL("postgres"))
	require.NoError(t, err)
	s := stores{server: *server, slim: true, log: log.NewNoopLogger()}
	ctx := t.Context()

	_, err = s.prepare(ctx)
	require.NoError(t, err)
	db, err := s.open(&config.SQL{DatabaseName: "temporal_visibility"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	count := func(query string) (n int) {
		require.NoError(t, db.GetContext(ctx, &n, query))
		return n
	}
	const indexes = `SELECT count(*) FROM pg_indexes WHERE tablename = 'executions_visibility'`
	const dropped = `SELECT count(*) FROM godwit_dropped_index`
	kept, gone := count(indexes), count(dropped)
	require.Len(t, usedIndexes(), kept)
	require.Greater(t, gone, 50)

	_, err = s.prepare(ctx)
	require.NoError(t, err, "a second start changes nothing")
	require.Equal(t, kept, count(indexes))

	_, err = db.ExecContext(ctx, `INSERT INTO godwit_dropped_index SELECT indexname, indexdef FROM pg_indexes WHERE indexname = 'by_keyword_list_01'`)
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, `DROP INDEX by_keyword_list_01`)
	require.NoError(t, err)
	_, err = s.prepare(ctx)
	require.NoError(t, err)
	require.Equal(t, []int{kept, gone}, []int{count(indexes), count(dropped)}, "what an older version dropped and this one uses is there again")

	_, err = db.ExecContext(ctx, `UPDATE schema_version SET curr_version = '1.13'`)
	require.NoError(t, err)
	require.NoError(t, restoreIndexes(ctx, db))
	require.Equal(t, kept+gone, count(indexes), "all of them are there while the schema is updated")
	require.Zero(t, count(dropped))

	_, err = s.prepare(ctx)
	require.NoError(t, err)
	require.Equal(t, kept, count(indexes))
	require.Equal(t, 1, count(`SELECT count(*) FROM schema_version WHERE curr_version = '`+v12.VisibilityVersion+`'`))
}

func TestAFatalEntryIsReported(t *testing.T) {
	died := make(chan error, 1)
	logger, err := openTemporalLog(filepath.Join(t.TempDir(), "temporal.log"), died)
	require.NoError(t, err)
	survived := make(chan bool, 1)
	go func() {
		defer func() { survived <- false }()
		logger.Fatal("no way on")
		survived <- true
	}()
	require.False(t, <-survived, "the goroutine ends there")
	require.EqualError(t, <-died, "no way on")
}

func TestTheLogIsCapped(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	f, err := newCappedFile(name)
	require.NoError(t, err)
	line := []byte(strings.Repeat("x", 1<<20))
	for range logLimit/len(line) + 3 {
		_, err := f.Write(line)
		require.NoError(t, err)
	}
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, int64(3*len(line)), info.Size())
}
