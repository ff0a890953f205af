package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// dueWindows claims the windows that are due and says how many there were.
func (s stage) dueWindows(t *testing.T) int {
	t.Helper()
	claims, err := s.ClaimWindows(context.Background(), 10, lease)
	require.NoError(t, err)
	return len(claims)
}

// closeWindows closes what has ended and says how many there were.
func (s stage) closeWindows(t *testing.T) int {
	t.Helper()
	n, err := s.CloseWindows(context.Background(), 10)
	require.NoError(t, err)
	return n
}

func TestWindows_OfOneEventAreNotDue(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, pair(nil))
	require.True(t, s.post(t, happening("e1", "TODO_CREATED 1")).Happened)
	require.Zero(t, s.dueWindows(t), "one event alone can't fire")
	require.Zero(t, s.closeWindows(t), "it has not ended")
	s.post(t, happening("e2", "TODO_CREATED 2"))
	s.post(t, happening("e3", "TODO_ASSIGNEE_ADDED 1"))
	require.Equal(t, 1, s.dueWindows(t), "a second event has come")

	require.Equal(t, 601, s.number(t, `SELECT extract(epoch FROM ends_at - opened_at)::int FROM windows WHERE dispatch_at = 'infinity'`))
	pgtest.Exec(t, s.url, `UPDATE windows SET ends_at = now()`)
	require.Equal(t, 1, s.closeWindows(t))
	require.Zero(t, s.closeWindows(t))
	open, inside := s.windows(t, w)
	require.Equal(t, []int{1, 2}, []int{open, inside}, "the other one is to be advanced")
}

// TestWindows_OfEventsThatComeTogether are due at once: two parts, and a part with what
// must not happen. An event that fills any part is one event all the same.
func TestWindows_OfEventsThatComeTogether(t *testing.T) {
	s := newStage(t)
	s.webhook(t, pair(func(c *hook.Combination) { c.AllOf[0].Events = []string{"TODO_CREATED", "TODO_ASSIGNEE_ADDED"} }))
	_, err := s.Ingest(context.Background(), []hook.Event{
		happening("e1", "TODO_CREATED 1"), happening("e2", "TODO_ASSIGNEE_ADDED 1"),
		happening("e3", "TODO_CREATED 2"), happening("e4", "TODO_DELETED 2"),
		happening("e5", "TODO_ASSIGNEE_ADDED 3"),
	})
	require.NoError(t, err)
	require.Equal(t, 2, s.dueWindows(t))
}

// TestCloseWindows_LeavesWhatASecondEventHasComeTo while its request is under way, and
// afterwards.
func TestCloseWindows_LeavesWhatASecondEventHasComeTo(t *testing.T) {
	o := combination(t, nil)
	o.post(t, event("e1", "TODO_CREATED", "p1"))
	pgtest.Exec(t, o.url, `UPDATE windows SET ends_at = now()`)
	second, err := o.db.Begin()
	require.NoError(t, err)
	defer second.Rollback() //nolint:errcheck // nothing is left to roll back when the test passes
	_, err = second.Exec(`UPDATE windows SET dispatch_at = now()`)
	require.NoError(t, err)
	require.Zero(t, o.closeWindows(t))
	require.NoError(t, second.Commit())
	require.Zero(t, o.closeWindows(t))
	require.Equal(t, 1, o.dueWindows(t))
}

// TestWindows_OpenAnewWhereOneIsBeingClosed: the event that comes then opens another one.
func TestWindows_OpenAnewWhereOneIsBeingClosed(t *testing.T) {
	o := combination(t, nil)
	o.post(t, event("e1", "TODO_CREATED", "p1"))
	closing, err := o.db.Begin()
	require.NoError(t, err)
	defer closing.Rollback() //nolint:errcheck // nothing is left to roll back when the test passes
	_, err = closing.Exec(`DELETE FROM windows`)
	require.NoError(t, err)
	posted := make(chan error)
	go func() {
		_, err := o.Ingest(context.Background(), []hook.Event{event("e2", "TODO_DELETED", "p1")})
		posted <- err
	}()
	require.Eventually(t, func() bool {
		return o.count(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) > 0
	}, time.Minute, 10*time.Millisecond, "it waits for the closing")
	require.NoError(t, closing.Commit())
	require.NoError(t, <-posted)
	require.Equal(t, 1, o.count(t, `SELECT count(*) FROM window_events WHERE event_id = 'e2'`))
	require.Zero(t, o.dueWindows(t))
}
