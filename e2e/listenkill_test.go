package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
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

// TestListen_LosesNothing publishes 1,000 events while the connection is cut five times,
// and kills, with kill -9, the process that the stream leads to: godwit listen goes on by
// the other one. Each event arrives, signed, and none twice beyond those that were on the
// wire.
func TestListen_LosesNothing(t *testing.T) {
	const parts, part, onTheWire = 5, 200, 50
	s := sharedStack(t)
	url := s.migrated(t)
	dies := startServe(t, serveEnv(t, url, s.temporal(), "listen"), "--role", "api")
	stays := startServe(t, serveEnv(t, url, s.temporal(), "listen"))
	c := newStage(t, stays)
	r := newReceiver(t, nil)
	w := newWire(t, strings.TrimPrefix(dies.url(), "http://"), strings.TrimPrefix(stays.url(), "http://"))
	l := c.listen(t, "http://"+w.Addr().String(), r.URL+"/hook")
	arrived := func(n int) {
		t.Helper()
		eventually(t, func() (bool, string) {
			got := len(r.arrivals())
			return got >= n, fmt.Sprint(got)
		})
	}
	said := func(kind string, n int) {
		t.Helper()
		eventually(t, func() (bool, string) { return len(l.told(t, kind)) == n, l.output.String() })
	}

	var ids, between []string
	for n := range parts {
		ids = append(ids, c.publishes(t, fmt.Sprintf("part%d", n), part)...)
		arrived(len(ids) - part + part/4)
		if n != 1 {
			w.cut()
			said("back", n+1)
			continue
		}
		unanswered, again := c.readsAStream(t, dies)
		ids = append(ids, unanswered...)
		w.close(true)
		dies.kill(t)
		again(t)
		w.cut()
		said("lost", n+1)
		between = c.publishes(t, "between", part)
		w.close(false)
		said("back", n+1)
		ids = append(ids, between...)
	}
	arrived(len(ids))

	requireOnce(t, l, r, ids, parts*onTheWire)
	require.Len(t, l.told(t, "ready"), 1)
	require.Len(t, l.told(t, "lost"), parts)
	require.EqualValues(t, part, l.told(t, "back")[1]["came"], "it is counted up to 200")
	for _, id := range []string{ids[0], between[0], ids[len(ids)-1]} {
		c.delivery(t, id, status("succeeded"))
	}
	l.interrupt(t)
	require.EqualValues(t, true, l.told(t, "summary")[0]["removed"])
}

// requireOnce requires that each event has arrived, signed, and at most so many twice.
func requireOnce(t *testing.T, l *process, r *receiver, ids []string, most int) {
	t.Helper()
	got := r.arrivals()
	for _, id := range ids {
		require.Contains(t, got, id)
	}
	require.Len(t, got, len(ids))
	twice := len(r.all()) - len(ids)
	t.Logf("listen: %d events, %d requests made twice", len(ids), twice)
	require.LessOrEqual(t, twice, most, "came twice")
	wh, err := standardwebhooks.NewWebhook(l.told(t, "listening")[0]["secret"].(string))
	require.NoError(t, err)
	for _, q := range r.all() {
		require.NoError(t, wh.Verify(q.body, q.header))
	}
}

// readsAStream reads requests from the stream of another listener, which leads to the
// process at, and answers none. again is called when that process is dead: by this one the
// same requests come again, before anything else.
func (c *stageClient) readsAStream(t *testing.T, at *process) (events []string, again func(testing.TB)) {
	t.Helper()
	id := c.listens(t, "raw")["id"].(string)
	events = c.publishes(t, "held", 20)
	read := func(t testing.TB, s *streaming) (all []streamedRequest) {
		t.Helper()
		for range events {
			all = append(all, s.request(t))
		}
		return all
	}
	before := read(t, c.as(c.key, at).stream(t, id))
	return events, func(t testing.TB) {
		t.Helper()
		after := read(t, c.stream(t, id))
		require.ElementsMatch(t, before, after)
		for _, one := range after {
			c.answers(t, id, one, map[string]any{"status_code": http.StatusNoContent})
		}
		require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/listeners/"+id, nil).status)
	}
}
