package app_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/match"
)

// TestReads_LeaveRoomForPublishing has 45 reads wait for a locked table. An event
// is accepted while they wait, and each read ends at its limit.
func TestReads_LeaveRoomForPublishing(t *testing.T) {
	t.Parallel()
	const reads, connections = 45, share
	s, url := newTenantsOn(t)
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	tx, err := db.Begin()
	require.NoError(t, err)
	release := time.AfterFunc(20*time.Second, func() { _ = tx.Rollback() }) // so that a publish that waits for it ends, too
	_, err = tx.Exec(`LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	answers := make(chan *httptest.ResponseRecorder, reads)
	for range reads {
		go func() { answers <- s.call(bootstrap, http.MethodGet, "/v1/audit-log", "") }()
	}
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_locks WHERE relation = 'audit_log'::regclass AND NOT granted`).Scan(&waiting))
		return waiting >= connections
	}, 10*time.Second, 10*time.Millisecond)
	began := time.Now()
	s.must(bootstrap, http.MethodPost, "/v1/events", `{"type":"TODO_CREATED","project_id":"shared","current":{"id":"1"}}`)
	require.Less(t, time.Since(began), 3*time.Second)
	said := map[string]int{}
	for range reads {
		got := <-answers
		require.Equal(t, http.StatusServiceUnavailable, got.Code, got.Body)
		require.NotEmpty(t, got.Header().Get("Retry-After"))
		said[detail(t, got)]++
	}
	const tooSlow = "the read took longer than 5s and was ended; ask for less: a shorter time (since, until), one webhook, or a smaller limit"
	const tooMany = "too many reads are under way; send this one again in a moment"
	require.GreaterOrEqual(t, said[tooSlow], connections, said)
	require.Equal(t, reads, said[tooSlow]+said[tooMany], said)
	if release.Stop() {
		require.NoError(t, tx.Rollback())
	}
	require.Equal(t, http.StatusOK, s.call(bootstrap, http.MethodGet, "/v1/audit-log", "").Code)
}

// TestReads_SearchThatReadsNothingSaysSo has a search wait for a locked table until its
// time is over. It does not say that there is no such event.
func TestReads_SearchThatReadsNothingSaysSo(t *testing.T) {
	t.Parallel()
	s, url := newTenantsOn(t)
	s.must(bootstrap, http.MethodPost, "/v1/events", `{"type":"TODO_CREATED","project_id":"shared","current":{"id":"1"}}`)
	const search = `{"filter":"current.id == '1'","since":"2020-01-01T00:00:00Z"}`
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	tx, err := db.Begin()
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() })
	_, err = tx.Exec(`LOCK TABLE events IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	began := time.Now()
	got := s.call(bootstrap, http.MethodPost, "/v1/events/search", search)
	require.WithinDuration(t, began.Add(match.MaxSearchTime), time.Now(), 4*time.Second)
	require.Equal(t, http.StatusServiceUnavailable, got.Code, got.Body)
	require.NotEmpty(t, got.Header().Get("Retry-After"))
	require.Equal(t, "No event could be read within 5s; search again, or for less: a shorter time (since, until), fewer types or projects.", detail(t, got))
	require.NoError(t, tx.Rollback())
	got = s.call(bootstrap, http.MethodPost, "/v1/events/search", search)
	require.Equal(t, http.StatusOK, got.Code, got.Body)
	require.Contains(t, got.Body.String(), `"data":[{"id":`)
}

// detail is what a problem says.
func detail(t *testing.T, got *httptest.ResponseRecorder) string {
	t.Helper()
	var p struct{ Detail string }
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &p))
	return p.Detail
}
