package e2e_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

// TestSearch_FindsEventsByWhatIsInThem walks page after page, and sees what its key may
// see, over HTTP.
func TestSearch_FindsEventsByWhatIsInThem(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	foreign := c.project(t, "p3", false)
	high, low := current(`{"priority":"high","size":1}`), current(`{"priority":"low","due":null}`)
	var want []any
	for range 3 {
		id, _ := c.happen(t, high)
		want = append([]any{id}, want...)
		c.happen(t, low)
	}
	other, _ := c.happen(t, map[string]any{"project_id": foreign, "current": json.RawMessage(`{"priority":"high"}`)})
	user := c.as(c.userKey(t), sharedStack(t).standalone)
	ask := func(c *stageClient, fields map[string]any) map[string]any {
		fields["filter"], fields["since"] = "current.priority == 'high'", time.Now().Add(-time.Hour).Format(time.RFC3339)
		return c.send(t, http.MethodPost, "/v1/events/search", fields).json(t, http.StatusOK)
	}
	var found []any
	for cursor := any(nil); ; {
		page := map[string]any{"limit": 2}
		if cursor != nil {
			page["cursor"] = cursor
		}
		got := ask(user, page)
		for _, row := range got["data"].([]any) {
			require.Contains(t, row, "deliveries")
			found = append(found, row.(map[string]any)["id"])
		}
		if cursor = got["next_cursor"]; cursor == nil {
			break
		}
	}
	require.Equal(t, want, found)
	admin := ask(c, map[string]any{"projects": []string{foreign}, "types": []string{"TODO_*"}})
	require.Len(t, admin["data"], 1)
	require.Equal(t, other, admin["data"].([]any)[0].(map[string]any)["id"])
	refused := user.send(t, http.MethodPost, "/v1/events/search", map[string]any{"filter": "true &&", "since": "2020-01-01T00:00:00Z", "projects": []string{foreign}})
	require.Contains(t, pointers(t, refused), "/filter")

	fields := user.get(t, "/v1/event-types/TODO_CREATED/fields")
	require.EqualValues(t, 6, fields["examined"])
	require.Contains(t, fields["data"], map[string]any{"path": "size", "kinds": []any{"number"}, "example": "1", "seen": 3.0})
	require.Contains(t, fields["data"], map[string]any{"path": "due", "kinds": []any{}, "example": nil, "seen": 0.0})
}

// lock locks the events of the shared stack away from everybody.
type lock struct {
	db *sql.DB
	mu sync.Mutex
	tx *sql.Tx
}

func newLock(t testing.TB) *lock {
	t.Helper()
	connector, err := pq.NewConnector(sharedStack(t).postgres.URL("godwit"))
	require.NoError(t, err)
	l := &lock{db: sql.OpenDB(connector)}
	t.Cleanup(func() {
		_ = l.release()
		require.NoError(t, l.db.Close())
	})
	return l
}

func (l *lock) take() (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tx, err = l.db.Begin(); err != nil {
		return err
	}
	_, err = l.tx.Exec(`LOCK TABLE events IN ACCESS EXCLUSIVE MODE`)
	return err
}

func (l *lock) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tx == nil {
		return nil
	}
	tx := l.tx
	l.tx = nil
	return tx.Rollback()
}

// served gives an address that other programs lock with POST and open with DELETE.
func (l *lock) served(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change := l.take
		if r.Method == http.MethodDelete {
			change = l.release
		}
		if err := change(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestSearch_OfTheCommandLineAsksAgain where the server could read nothing.
func TestSearch_OfTheCommandLineAsksAgain(t *testing.T) {
	stage := newStage(t, sharedStack(t).standalone)
	id, _ := stage.happen(t, current(`{"priority":"high"}`))
	c := commands(t, sharedStack(t).standalone, stage.userKey(t))
	locked := newLock(t)
	require.NoError(t, locked.take())
	p := c.start(t, "events", "search", "--filter", "current.priority == 'high'", "--since", "1h", "--json")
	p.waitFor(t, func(said string) bool { return strings.Contains(said, "could read nothing; searching again") })
	require.NoError(t, locked.release())
	p.waitFor(t, func(said string) bool { return strings.Contains(said, id) })
	<-p.exited
	require.Zero(t, p.cmd.ProcessState.ExitCode(), p.output.String())
	require.Contains(t, p.output.String(), "1 events found")
}
