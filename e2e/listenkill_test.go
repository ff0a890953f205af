package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// publishes publishes a batch and gives its ids.
func (c *stageClient) publishes(t testing.TB, part string, n int) (ids []string) {
	t.Helper()
	var batch []any
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%s-%d", c.prefix, part, i))
		batch = append(batch, map[string]any{"id": ids[i], "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"n": i}})
	}
	c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": batch}).json(t, http.StatusAccepted)
	return ids
}

// TestListen_OutlivesTheProcessThatHoldsItsStream kills, with kill -9, the process that a
// stream leads to while events are on it. godwit listen goes on by the other process:
// nothing is lost, nothing comes twice but what was on the wire, and what came in between
// is delivered after the rest.
func TestListen_OutlivesTheProcessThatHoldsItsStream(t *testing.T) {
	const part, onTheWire = 200, 50
	s := sharedStack(t)
	url := s.migrated(t)
	dies := startServe(t, serveEnv(t, url, s.temporal(), "listen"), "--role", "api")
	stays := startServe(t, serveEnv(t, url, s.temporal(), "listen"))
	c := newStage(t, stays)
	r := newReceiver(t, nil)
	w := newWire(t, strings.TrimPrefix(dies.url(), "http://"), strings.TrimPrefix(stays.url(), "http://"))
	l := c.listen(t, "http://"+w.Addr().String(), r.URL+"/hook")
	arrived := func(n int) {
		eventually(t, func() (bool, string) {
			got := len(r.arrivals())
			return got >= n, fmt.Sprint(got)
		})
	}

	ids := c.publishes(t, "before", part)
	arrived(part / 4)
	w.close(true)
	dies.kill(t)
	eventually(t, func() (bool, string) { return len(l.told(t, "lost")) == 1, l.output.String() })
	ids = append(ids, c.publishes(t, "between", part)...)
	w.close(false)
	eventually(t, func() (bool, string) { return len(l.told(t, "back")) == 1, l.output.String() })
	ids = append(ids, c.publishes(t, "after", part)...)
	arrived(len(ids))

	got := r.arrivals()
	for _, id := range ids {
		require.Contains(t, got, id)
	}
	require.Len(t, got, len(ids))
	require.LessOrEqual(t, len(r.all())-len(ids), onTheWire, "came twice")
	for id, n := range got {
		if !strings.HasPrefix(id, c.prefix+"before") {
			require.Equal(t, 1, n, "%s was not on the wire when the process died", id)
		}
	}
	require.Len(t, l.told(t, "ready"), 1)
	require.EqualValues(t, part, l.told(t, "back")[0]["came"], "it is counted up to 200")
	for _, id := range []string{ids[0], ids[part], ids[2*part]} {
		c.delivery(t, id, status("succeeded"))
	}
	l.interrupt(t)
	require.EqualValues(t, true, l.told(t, "summary")[0]["removed"])
}
