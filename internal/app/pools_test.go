package app_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// share is what one user has of the connections for reads, and for changes.
const share = 3

const (
	anEvent    = `{"type":"TODO_CREATED","project_id":"shared","current":{"id":"1"}}`
	otherEvent = `{"type":"TODO_CREATED","project_id":"second-project","current":{"id":"1"}}`
)

// lock locks something until the release is called, at the latest after 20 s, so
// that what waits for it ends, too. waiting counts who waits for a lock.
func lock(t *testing.T, url, statement string) (waiting func() int, release func()) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(statement)
	require.NoError(t, err)
	timer := time.AfterFunc(20*time.Second, func() { _ = tx.Rollback() })
	release = func() {
		timer.Stop()
		_ = tx.Rollback()
	}
	t.Cleanup(func() { release(); require.NoError(t, db.Close()) })
	return func() (n int) {
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n))
		return n
	}, release
}

// crowd is requests of one owner that wait for a lock.
type crowd struct {
	url, lock string
	requests  int
	share     int // how many of them have a connection
}

// crowd makes the requests, has others made while the owner's share of them waits,
// and no more, and then lets them end. Each of them is carried out or may be sent again.
func (s *tenants) crowd(c crowd, call func(i int) *httptest.ResponseRecorder, others func()) {
	s.Helper()
	waiting, release := lock(s.T, c.url, c.lock)
	codes := make(chan int, c.requests)
	for i := range c.requests {
		go func() { codes <- call(i).Code }()
	}
	require.Eventually(s, func() bool { return waiting() >= c.share }, 10*time.Second, 10*time.Millisecond)
	others()
	require.LessOrEqual(s, waiting(), c.share)
	release()
	for range c.requests {
		code := <-codes
		require.True(s, code < 300 || code == http.StatusServiceUnavailable, code)
	}
}

// soon says that a request, such as "GET /v1/webhooks", is carried out although
// others wait: sooner than these are given up, after 5 to 7 s. rest is as in call.
func (s *tenants) soon(key, request string, rest ...string) {
	s.Helper()
	began := time.Now()
	method, path, _ := strings.Cut(request, " ")
	got := s.call(key, method, path, rest...)
	require.Less(s, got.Code, 300, got.Body)
	require.Less(s, time.Since(began), 4*time.Second)
}

// lockWebhook locks the first user's webhook.
func (s *tenants) lockWebhook() string {
	return s.first.fill(`SELECT FROM webhooks WHERE id = '{webhook}' FOR UPDATE`)
}

func TestPools_ChangesOfOneUserLeaveRoomForAllElse(t *testing.T) {
	t.Parallel()
	s, url := newTenantsOn(t)
	s.crowd(crowd{url, s.lockWebhook(), 40, share}, func(i int) *httptest.ResponseRecorder {
		return s.call(s.first.key, http.MethodPatch, s.first.fill("/v1/webhooks/{webhook}"), fmt.Sprintf(`{"name":"n%d"}`, i))
	}, func() {
		s.soon(bootstrap, "POST /v1/events", anEvent)
		s.soon(bootstrap, "POST /v1/events", anEvent, idempotencyKey, "k")
		s.soon(s.first.key, "GET /v1/webhooks", "")
		s.soon(s.second.key, s.second.fill("PATCH /v1/webhooks/{webhook}"), `{"name":"mine"}`)
	})
}

func TestPools_KeyedRequestsOfOneUserLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	s, url := newTenantsOn(t)
	s.crowd(crowd{url, s.lockWebhook(), 20, share}, func(i int) *httptest.ResponseRecorder {
		return s.call(s.first.key, http.MethodPost, s.first.fill("/v1/webhooks/{webhook}/test"), ``, idempotencyKey, fmt.Sprint("k", i))
	}, func() {
		for i := range 3 {
			s.soon(bootstrap, "POST /v1/events", anEvent, idempotencyKey, fmt.Sprint("p", i))
		}
	})
}

func TestPools_ReadsOfOneUserLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	s, url := newTenantsOn(t)
	s.crowd(crowd{url, `LOCK TABLE event_types IN ACCESS EXCLUSIVE MODE`, 45, share}, func(int) *httptest.ResponseRecorder {
		return s.call(s.first.key, http.MethodGet, "/v1/event-types", "")
	}, func() {
		for range 3 {
			s.soon(s.second.key, "GET /v1/webhooks", "")
		}
	})
}

// TestPools_EventsOfOneProjectLeaveRoomForOthers: events that a filter has decided
// about are not gathered, and wait for one that has the same id.
func TestPools_EventsOfOneProjectLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	s, url := newTenantsOn(t)
	filtered := `{"name":"filtered","url":"http://127.0.0.1:1/x","rules":[{"events":["TODO_CREATED"],"filter":"current.id == '1'","projects":["{project}"]}]}`
	s.must(s.first.key, http.MethodPost, "/v1/webhooks", strings.ReplaceAll(filtered, "{project}", "shared"))
	s.must(s.second.key, http.MethodPost, "/v1/webhooks", s.second.fill(filtered))
	const beingInserted = `INSERT INTO events SELECT (jsonb_populate_record(e, '{"id":"locked","sequence":-1}')).* FROM events e LIMIT 1`
	s.crowd(crowd{url, beingInserted, 20, 4}, func(int) *httptest.ResponseRecorder {
		return s.call(bootstrap, http.MethodPost, "/v1/events", strings.Replace(anEvent, `{`, `{"id":"locked",`, 1))
	}, func() {
		s.soon(bootstrap, "POST /v1/events", otherEvent)
		s.soon(bootstrap, "POST /v1/events", `{"type":"TODO_DELETED","project_id":"shared","previous":{"id":"1"}}`)
	})
}
