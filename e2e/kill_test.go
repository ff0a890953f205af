package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKilledAtAnyPointNothingIsLost ends a whole standalone (API, worker,
// Temporal and Postgres together) by kill -9 three times on one data directory.
func TestKilledAtAnyPointNothingIsLost(t *testing.T) {
	t.Parallel()
	env := standaloneEnv(t, filepath.Join(t.TempDir(), "data"))
	p := startStandalone(t, env)
	c := newStage(t, p)
	var hanging atomic.Bool
	r := newReceiver(t, func(_ int, req request) int {
		switch {
		case hanging.Load() && req.header.Get("Godwit-Attempt") == "1":
			return 0
		case req.header.Get("Godwit-Event") == "TODO_DELETED" && req.header.Get("Godwit-Attempt") < "3":
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	c.webhook(t, r.URL, nil)

	t.Log("kill right after the 202")
	var ids []string
	for range 50 {
		ids = append(ids, c.post(t))
	}
	p.kill(t)
	p = startStandalone(t, env)
	for _, id := range ids {
		c.delivery(t, id, status("succeeded"))
	}

	t.Log("kill during the HTTP request")
	hanging.Store(true)
	before := len(r.all())
	during := c.post(t)
	r.wait(t, before+1)
	p.kill(t)
	hanging.Store(false)
	p = startStandalone(t, env)
	d := c.delivery(t, during, status("succeeded"))
	attempts := d["attempts"].([]any)
	require.Equal(t, "lost", attempts[0].(map[string]any)["outcome"])
	require.Equal(t, 2, r.ids()[during], "the request that was on its way, and one more with the same webhook-id")

	t.Log("kill between attempts")
	between := c.prefix + "between"
	c.send(t, http.MethodPost, "/v1/events", []byte(fmt.Sprintf(
		`{"id":%q,"type":"TODO_DELETED","project_id":"%sp","previous":{"id":"1"},"current":null}`, between, c.prefix))).json(t, http.StatusAccepted)
	c.delivery(t, between, func(d map[string]any) bool { return d["status"] == "retrying" && len(d["attempts"].([]any)) > 0 })
	p.kill(t)
	startStandalone(t, env)
	c.delivery(t, between, status("succeeded"))

	for id, n := range r.ids() {
		if id != during && id != between {
			require.LessOrEqual(t, n, 2, "only a request that was on its way may come twice")
		}
	}
}

// TestKilledWhileJudgingEachEventIsMatchedOnce ends a standalone by kill -9 while
// it asks filters that take long about events which it has accepted.
func TestKilledWhileJudgingEachEventIsMatchedOnce(t *testing.T) {
	t.Parallel()
	env := standaloneEnv(t, filepath.Join(t.TempDir(), "data"))
	p := startStandalone(t, env)
	c := newStage(t, p)
	r := newReceiver(t, nil)
	w := c.filtered(t, r.URL, "current.list.exists(x, current.list.exists(y, x + y < 0)) || current.id == 'r1'")
	list := make([]int, 250)
	for i := range list {
		list[i] = i
	}
	const n = 60
	var events []any
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%sslow-%d", c.prefix, i))
		events = append(events, map[string]any{"id": ids[i], "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1", "list": list}})
	}
	results := c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": events}).json(t, http.StatusAccepted)["results"].([]any)
	for _, one := range results {
		require.Equal(t, true, one.(map[string]any)["judging"])
	}
	r.wait(t, 3)
	p.kill(t)
	startStandalone(t, env)
	for _, id := range ids {
		c.delivery(t, id, status("succeeded"))
	}
	eventually(t, func() (bool, string) {
		got := c.get(t, "/v1/events/"+ids[n-1])
		return got["judging"] == false, fmt.Sprint(got["judging"])
	})
	found := c.get(t, "/v1/deliveries?limit=200&webhook_id="+w)["data"].([]any)
	require.Len(t, found, n, "one for each event")
	require.Len(t, r.ids(), n)
}
