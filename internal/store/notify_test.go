package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store"
)

// heard collects the notifications to a worker.
type heard chan hook.Due

func listen(t *testing.T, ctx context.Context, s stage, worker string) heard {
	t.Helper()
	h, ended := make(heard, 100), make(chan error, 1)
	go func() { ended <- s.Listen(ctx, worker, func(due hook.Due) { h <- due }) }()
	t.Cleanup(func() { require.NoError(t, <-ended) })
	return h
}

// next waits for a notification.
func (h heard) next(t *testing.T) hook.Due {
	t.Helper()
	select {
	case due := <-h:
		return due
	case <-time.After(20 * time.Second):
		require.Fail(t, "nothing was heard")
		return ""
	}
}

func TestNotify_TellsOneWorkerOrAll(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel) // runs before those that wait for the end
	one, two := s.with(t, store.Options{}), s.with(t, store.Options{})
	a, b := listen(t, ctx, one, "a"), listen(t, ctx, two, "b")
	t.Cleanup(cancel)
	require.Eventually(t, func() bool { // until both listen
		require.NoError(t, s.Notify(ctx, "", hook.DueWindows))
		return len(a) > 0 && len(b) > 0
	}, 20*time.Second, 10*time.Millisecond)
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	var listening int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`).Scan(&listening))
	require.Equal(t, 2, listening, "one connection each, for all that they listen on")

	require.NoError(t, s.Notify(ctx, "b", hook.DueDeliveries))
	require.NoError(t, s.Notify(ctx, "", hook.DueQueues))
	until := func(h heard, last hook.Due) (all []hook.Due) {
		for {
			due := h.next(t)
			if due != hook.DueWindows {
				all = append(all, due)
			}
			if due == last {
				return all
			}
		}
	}
	require.Equal(t, []hook.Due{hook.DueQueues}, until(a, hook.DueQueues))
	require.ElementsMatch(t, []hook.Due{hook.DueDeliveries, hook.DueQueues}, until(b, hook.DueQueues))

	require.NoError(t, s.run(t, `SELECT pg_notify('godwit_due', '')`))
	var all []hook.Due
	for range hook.AllDue() {
		all = append(all, a.next(t))
	}
	require.ElementsMatch(t, hook.AllDue(), all, "an older version says no kind")
}

func TestNotify_SaysWhichWorkersHaveRoom(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	present, ended := make(chan string, 100), make(chan error, 1)
	go func() { ended <- s.ListenWorkers(ctx, func(worker string) { present <- worker }) }()
	require.Eventually(t, func() bool {
		require.NoError(t, s.Present(ctx, "a"))
		return len(present) > 0
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, "a", <-present)
	cancel()
	require.NoError(t, <-ended)
}
