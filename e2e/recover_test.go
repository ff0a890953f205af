package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startRecovering starts a Godwit on its own database, with the given waits
// between attempts and between the probes of a recovery.
func startRecovering(t *testing.T, namespace, retries, probes string) (*stageClient, *process) {
	t.Helper()
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), namespace)
	env["GODWIT_RETRY_SCHEDULE"], env["GODWIT_RECOVERY_SCHEDULE"] = retries, probes
	p := startServe(t, env)
	return newStage(t, p), p
}

// shortly are waits between attempts that no test has to look at.
const shortly = "100ms,200ms,300ms,400ms"

// patient is a receiver that is down until it is mended.
type patient struct {
	*receiver
	up atomic.Bool
}

func newPatient(t testing.TB, up bool) *patient {
	t.Helper()
	p := &patient{}
	p.up.Store(up)
	p.receiver = newReceiver(t, func(int, request) int {
		if p.up.Load() {
			return http.StatusOK
		}
		return http.StatusInternalServerError
	})
	return p
}

// batches posts n events, which are accepted in the order of the ids it gives.
func (c *stageClient) batches(t testing.TB, n int) []string {
	t.Helper()
	const size = 500
	var ids []string
	for len(ids) < n {
		var events []any
		for range min(size, n-len(ids)) {
			id := fmt.Sprintf("%s%s-%d", c.prefix, t.Name(), len(ids))
			ids = append(ids, id)
			events = append(events, map[string]any{"id": id, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": id}})
		}
		c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": events}).json(t, http.StatusAccepted)
	}
	return ids
}

// show reads a webhook.
func (c *stageClient) show(t testing.TB, webhook map[string]any) map[string]any {
	t.Helper()
	return c.get(t, "/v1/webhooks/"+webhook["id"].(string))
}

// becomes waits until a webhook is as wanted.
func (c *stageClient) becomes(t testing.TB, webhook map[string]any, so func(map[string]any) bool) map[string]any {
	t.Helper()
	var got map[string]any
	eventually(t, func() (bool, string) {
		got = c.show(t, webhook)
		return so(got), fmt.Sprint(got)
	})
	return got
}

func disabledBy(reason string) func(map[string]any) bool {
	return func(w map[string]any) bool { return w["disabled_reason"] == reason }
}

// counts waits until so many deliveries of the database have the status.
func (p *process) counts(t testing.TB, status string, n int) {
	t.Helper()
	eventually(t, func() (bool, string) {
		got := query(t, p.env["GODWIT_DATABASE_URL"], fmt.Sprintf(`SELECT count(*) FROM deliveries WHERE status = '%s'`, status))
		return got == n, fmt.Sprintf("%d are %s, not %d", got, status, n)
	})
}

// inOrder asserts that what was delivered came once each and nearly in the order
// of its acceptance: 64 are under way at one moment, and what was tried before begins in
// a workflow, which takes a moment in which others pass it.
func inOrder(t testing.TB, arrived []request, ids []string) {
	t.Helper()
	at := make(map[string]int)
	for i, id := range ids {
		at[id] = i
	}
	seen, newest, furthest := make(map[string]int), 0, 0
	for _, r := range arrived {
		i, ok := at[r.header.Get("webhook-id")]
		if !ok {
			continue // a probe
		}
		seen[ids[i]]++
		newest = max(newest, i)
		furthest = max(furthest, newest-i)
	}
	require.Len(t, seen, len(ids))
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
	t.Logf("at most %d out of order", furthest)
	require.LessOrEqual(t, furthest, 256)
}

// failed gives the events of the deliveries that used up their attempts, once all
// others of so many are held. Mostly it is the first one alone; but by the jitter
// of its waits another one may overtake it.
func (c *stageClient) failed(t testing.TB, w map[string]any, p *process, total int) []string {
	t.Helper()
	var failed []string
	eventually(t, func() (bool, string) {
		failed = nil
		for _, d := range c.get(t, "/v1/deliveries?status=failed&webhook_id="+w["id"].(string))["data"].([]any) {
			failed = append(failed, d.(map[string]any)["event_id"].(string))
		}
		held := query(t, p.env["GODWIT_DATABASE_URL"], `SELECT count(*) FROM deliveries WHERE status = 'held'`)
		return len(failed) > 0 && held+len(failed) == total, fmt.Sprintf("%d are held, failed: %v", held, failed)
	})
	return failed
}

func TestAnEndpointThatFailsIsLeftAloneUntilItComesBack(t *testing.T) {
	c, p := startRecovering(t, "recover", "1s,2s,3s,4s", "3s,1s")
	r := newPatient(t, false)
	w := c.webhook(t, r.URL, nil)
	first := c.post(t)
	r.wait(t, 1)
	c.becomes(t, w, func(w map[string]any) bool { return w["status"] == "DEGRADED" })
	ids := c.batches(t, 1000)
	c.becomes(t, w, disabledBy("health"))
	atDeactivation := len(r.all())

	failed := c.failed(t, w, p, 1001)
	attempts := c.delivery(t, failed[0], status("failed"))["attempts"].([]any)
	require.Len(t, attempts, 5)
	for i, wait := range []time.Duration{1, 2, 3, 4} {
		before, after := attempts[i].(map[string]any), attempts[i+1].(map[string]any)
		gap := parseTime(t, after["started_at"]).Sub(parseTime(t, before["started_at"]))
		require.GreaterOrEqual(t, gap, wait*time.Second*8/10, "attempt %d", i+2)
		require.Less(t, gap, wait*time.Second*12/10+2*time.Second, "attempt %d", i+2)
	}
	require.NotNil(t, c.show(t, w)["recovery"])
	c.becomes(t, w, func(w map[string]any) bool {
		recovery, ok := w["recovery"].(map[string]any)
		return ok && recovery["probes"].(float64) >= 1
	})
	probes := 0
	for _, req := range r.all() {
		if req.header.Get("Godwit-Event") == "WEBHOOK_HEALTH_CHECK" {
			probes++
		}
	}
	require.GreaterOrEqual(t, probes, 2)
	t.Logf("%d requests until it was deactivated, %d with the first probe of the recovery", atDeactivation, len(r.all()))
	require.LessOrEqual(t, atDeactivation, 20)

	r.mu.Lock()
	down := len(r.requests)
	r.mu.Unlock()
	r.up.Store(true)
	began := time.Now()
	ids = slices.DeleteFunc(append([]string{first}, ids...), func(id string) bool { return slices.Contains(failed, id) })
	p.counts(t, "succeeded", len(ids))
	t.Logf("1,000 delivered %s after it came back", time.Since(began))
	got := c.becomes(t, w, func(w map[string]any) bool { return w["status"] == "HEALTHY" })
	require.Equal(t, true, got["enabled"])
	require.Nil(t, got["recovery"])
	inOrder(t, r.all()[down:], ids)
}

func TestAKillDuringTheReleaseLosesNothing(t *testing.T) {
	c, p := startRecovering(t, "release", shortly, "1h")
	var g gauge
	r := newReceiver(t, func(int, request) int { g.busy(30 * time.Millisecond); return http.StatusOK })
	w := c.webhook(t, r.URL, nil)
	path := "/v1/webhooks/" + w["id"].(string)
	c.send(t, http.MethodPost, path+"/disable", nil).json(t, http.StatusOK)
	ids := c.batches(t, 400)
	p.counts(t, "held", 400)
	c.send(t, http.MethodPost, path+"/enable", nil).json(t, http.StatusOK)
	r.wait(t, 100)
	p.kill(t)
	before := r.ids()
	require.Less(t, len(before), 400, "the release was over too early")
	p = startServe(t, p.env)
	p.counts(t, "succeeded", 400)
	twice := 0
	for _, id := range ids {
		n := r.ids()[id]
		require.LessOrEqual(t, n, 2, id)
		if n == 2 {
			twice++
			d := c.delivery(t, id, status("succeeded"))
			require.Equal(t, "lost", d["attempts"].([]any)[0].(map[string]any)["outcome"], "what was on its way alone comes twice")
		}
	}
	t.Logf("%d of 400 had arrived, %d came twice", len(before)-1, twice)
	require.LessOrEqual(t, twice, 64)
}

func TestEnableProbesAndLeavesHeldWhatItIsTold(t *testing.T) {
	c, p := startRecovering(t, "enable", shortly, "1h")
	r := newPatient(t, false)
	w := c.webhook(t, r.URL+"/canary", nil)
	path := "/v1/webhooks/" + w["id"].(string)
	c.send(t, http.MethodPost, path+"/disable", map[string]any{"reason": "not yet"}).json(t, http.StatusOK)
	c.batches(t, 5)
	before := c.show(t, w)
	refused := c.send(t, http.MethodPost, path+"/enable", nil).json(t, http.StatusConflict)
	attempt := refused["attempt"].(map[string]any)
	require.EqualValues(t, 500, attempt["status_code"])
	require.Equal(t, before, c.show(t, w), "nothing is changed")
	require.Len(t, r.all(), 1)
	require.Equal(t, "WEBHOOK_HEALTH_CHECK", r.all()[0].header.Get("Godwit-Event"))

	r.up.Store(true)
	on := c.send(t, http.MethodPost, path+"/enable", map[string]any{"drain": false}).json(t, http.StatusOK)
	require.Equal(t, true, on["enabled"])
	require.Equal(t, false, on["draining"])
	c.delivery(t, c.post(t), status("succeeded"))
	p.counts(t, "held", 5)
	on = c.send(t, http.MethodPost, path+"/enable", nil).json(t, http.StatusOK)
	require.Equal(t, true, on["draining"])
	p.counts(t, "succeeded", 6)
	require.NotContains(t, p.output.String(), "canary", "a URL is in the log")
}

func TestAFlappingEndpointLosesNothing(t *testing.T) {
	c, p := startRecovering(t, "flap", shortly, "500ms,1s")
	r := newPatient(t, true)
	c.webhook(t, r.URL, nil)
	const n = 200
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range 40 {
		<-tick.C
		r.up.Store(i%2 == 1)
		for range n / 40 {
			c.post(t)
		}
	}
	r.up.Store(true)
	eventually(t, func() (bool, string) {
		left := query(t, p.env["GODWIT_DATABASE_URL"], `SELECT count(*) FROM deliveries WHERE status NOT IN ('succeeded', 'failed')`)
		return left == 0, fmt.Sprintf("%d are left", left)
	})
	database := p.env["GODWIT_DATABASE_URL"]
	failed := query(t, database, `SELECT count(*) FROM deliveries WHERE status = 'failed'`)
	require.Zero(t, query(t, database, `SELECT count(*) FROM deliveries WHERE status = 'failed' AND attempts < 5`))
	require.Equal(t, n, failed+query(t, database, `SELECT count(*) FROM deliveries WHERE status = 'succeeded'`))
	t.Logf("%d requests for %d events, %d failed", len(r.all()), n, failed)
	require.Less(t, len(r.all()), 3*n)
	require.LessOrEqual(t, failed, n/20)
}
