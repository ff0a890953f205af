package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// TestStream_TakesOverAllRequestsInTheirOrder: the statement that gives requests to a
// stream may still run in Postgres when its process has died and the client is at another
// one. The new stream is given those requests too, before what came later.
func TestStream_TakesOverAllRequestsInTheirOrder(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, w := s.openListener(t, "laptop")
	_, err := s.BeginStream(ctx, w.ID, "one", false)
	require.NoError(t, err)
	var want []string
	offer := func(from, to int) {
		for n := from; n <= to; n++ {
			r := hook.StreamRequest{WebhookID: w.ID, DeliveryID: fmt.Sprintf("dlv_%d", n), Attempt: 1, Body: []byte("{ }"), Timeout: time.Minute}
			s.offer(t, r)
			want = append(want, r.Key())
		}
	}
	next := func(stream string) (keys []string, err error) {
		offers, err := s.NextOffers(ctx, w.ID, stream, 10)
		for _, o := range offers {
			keys = append(keys, o.Key())
		}
		return keys, err
	}
	offer(1, 3)

	waits, release := s.holdUp(t, "one")
	one := make(chan error, 1)
	go func() { _, err := next("one"); one <- err }()
	require.Eventually(t, func() bool { return waits(1) }, 10*time.Second, 5*time.Millisecond)
	offer(4, 4)

	type given struct {
		keys []string
		err  error
	}
	two := make(chan given, 1)
	go func() {
		_, err := s.BeginStream(ctx, w.ID, "two", false)
		var keys []string
		if err == nil {
			keys, err = next("two")
		}
		two <- given{keys, err}
	}()
	require.Eventually(t, func() bool { return len(two) == 1 || waits(2) }, 10*time.Second, 5*time.Millisecond)
	release()
	require.NoError(t, <-one)
	got := <-two
	require.NoError(t, got.err)
	require.Equal(t, want, got.keys)
	late, err := next("one")
	require.NoError(t, err)
	require.Empty(t, late)
}

// holdUp has the statements that give requests to a stream wait after they have chosen
// them, until release. waits says whether that many statements wait for a lock.
func (s stage) holdUp(t *testing.T, stream string) (waits func(int) bool, release func()) {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	pgtest.Exec(t, s.url, `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(16); RETURN NEW; END $$`)
	pgtest.Exec(t, s.url, `CREATE TRIGGER slow BEFORE UPDATE ON listener_requests FOR EACH ROW WHEN (NEW.stream = '`+stream+`') EXECUTE FUNCTION slow()`)
	slow, err := db.Begin()
	require.NoError(t, err)
	t.Cleanup(func() { _ = slow.Rollback() })
	_, err = slow.Exec(`SELECT pg_advisory_xact_lock(16)`)
	require.NoError(t, err)
	waits = func(n int) bool {
		var got int
		return db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&got) == nil && got == n
	}
	return waits, func() { require.NoError(t, slow.Rollback()) }
}
