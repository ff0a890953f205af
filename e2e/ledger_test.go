package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
)

// ledger asks where everything stands that matched a webhook; it must balance.
func (c *stageClient) ledger(t testing.TB, webhookID string) map[string]any {
	t.Helper()
	l := c.get(t, "/v1/webhooks/"+webhookID+"/ledger?limit=200")
	require.Equal(t, true, l["balanced"], l)
	sum := 0.0
	for _, status := range []string{"pending", "retrying", "succeeded", "failed", "held", "cancelled"} {
		sum += l[status].(float64)
	}
	require.Equal(t, l["matched"], sum, l)
	require.Len(t, l["undelivered"].(map[string]any)["data"], int(sum-l["succeeded"].(float64)))
	return l
}

// TestTheLedgerBalancesAndHealthCountsEveryAttempt sends a mix to one webhook:
// events that arrive, one that the receiver can't take and that is sent again,
// some that are held and released, and one that is cancelled.
func TestTheLedgerBalancesAndHealthCountsEveryAttempt(t *testing.T) {
	s := sharedStack(t)
	c := newStage(t, startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "ledger")))
	var poison atomic.Value
	poison.Store("none")
	r := newReceiver(t, func(_ int, req request) int {
		if req.header.Get("webhook-id") == poison.Load() {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	id := c.webhook(t, r.URL, nil)["id"].(string)
	require.Equal(t, 0.0, c.ledger(t, id)["matched"])
	for range 5 {
		c.delivery(t, c.post(t), status("succeeded"))
	}
	bad := c.prefix + "poison"
	poison.Store(bad)
	c.publish(t, bad)
	c.delivery(t, bad, status("failed"))
	l := c.ledger(t, id)
	require.Equal(t, []any{6.0, 5.0, 1.0}, []any{l["matched"], l["succeeded"], l["failed"]})
	require.Equal(t, map[string]any{"exhausted": 1.0}, l["by_reason"])

	c.requireHealth(t, id)
	eventually(t, func() (bool, string) { // the probe after the failure has passed
		h := c.get(t, "/v1/webhooks/"+id+"/health")
		return h["status"] == "HEALTHY", fmt.Sprint(h["status"], h["transitions"])
	})
	poison.Store("none")
	failed := c.get(t, "/v1/deliveries?event_id="+bad)["data"].([]any)[0].(map[string]any)["id"].(string)
	require.Equal(t, http.StatusAccepted, c.send(t, http.MethodPost, "/v1/deliveries/"+failed+"/redeliver", nil).status)
	eventually(t, func() (bool, string) {
		l = c.ledger(t, id)
		return l["succeeded"] == 6.0, fmt.Sprint(l)
	})
	require.Equal(t, []any{6.0, 0.0}, []any{l["matched"], l["failed"]}, "the event still counts once")
	c.enable(t, id, false)
	var held []string
	for range 4 {
		held = append(held, c.post(t))
	}
	for _, e := range held {
		c.delivery(t, e, status("held"))
	}
	l = c.ledger(t, id)
	require.Equal(t, []any{10.0, 6.0, 4.0}, []any{l["matched"], l["succeeded"], l["held"]})
	c.enable(t, id, true)
	for _, e := range held {
		c.delivery(t, e, status("succeeded"))
	}
	c.enable(t, id, false)
	cancelled := c.post(t)
	require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/projects/"+c.prefix+"p/members/"+c.prefix+"u", nil).status)
	c.delivery(t, cancelled, status("cancelled"))
	l = c.ledger(t, id)
	require.Equal(t, []any{11.0, 10.0, 1.0}, []any{l["matched"], l["succeeded"], l["cancelled"]})
	c.requireStats(t)
}

// requireHealth expects five attempts that succeeded and five that failed.
func (c *stageClient) requireHealth(t testing.TB, id string) {
	t.Helper()
	h := c.get(t, "/v1/webhooks/"+id+"/health")
	require.Equal(t, []any{10.0, 5.0, 5.0, 0.5}, []any{h["attempts"], h["succeeded"], h["failed"], h["success_rate"]})
	require.Equal(t, "status_5xx", h["last_failure"].(map[string]any)["reason"])
	require.Contains(t, h["last_failure"].(map[string]any)["words"], "receiver")
	sums, reasons := 0.0, 0.0
	for _, hour := range h["hourly"].([]any) {
		sums += hour.(map[string]any)["attempts"].(float64)
		if n, ok := hour.(map[string]any)["by_reason"].(map[string]any)["status_5xx"]; ok {
			reasons += n.(float64)
		}
	}
	require.Equal(t, []float64{10, 5}, []float64{sums, reasons})
	require.Greater(t, h["latency_ms"].(map[string]any)["p99"], 0.0)
	require.NotEmpty(t, h["transitions"])
}

// requireStats expects the whole mix, of which nothing waits any more.
func (c *stageClient) requireStats(t testing.TB) {
	t.Helper()
	st := c.get(t, "/v1/stats")
	require.Equal(t, []any{11.0, 15.0, 10.0}, []any{st["events"], st["attempts"].(map[string]any)["total"], st["attempts"].(map[string]any)["succeeded"]})
	require.Equal(t, 10.0, st["deliveries"].(map[string]any)["succeeded"])
	require.Equal(t, map[string]any{"pending": 0.0, "retrying": 0.0, "held": 0.0}, st["backlog"])
}

// enable switches a webhook on or off.
func (c *stageClient) enable(t testing.TB, id string, on bool) {
	t.Helper()
	c.send(t, http.MethodPatch, "/v1/webhooks/"+id, map[string]any{"enabled": on}).json(t, http.StatusOK)
}

// publish sends one TODO_CREATED under an id.
func (c *stageClient) publish(t testing.TB, id string) {
	t.Helper()
	c.send(t, http.MethodPost, "/v1/events", map[string]any{
		"id": id, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1"},
	}).json(t, http.StatusAccepted)
}

// TestADeliveryThatVanishesIsMissed deletes a row behind Godwit's back. The hour
// after which it is looked for again is not waited for but made to have passed.
func TestADeliveryThatVanishesIsMissed(t *testing.T) {
	s := sharedStack(t)
	url := s.migrated(t)
	env := serveEnv(t, url, s.temporal(), "vanished")
	p := startServe(t, env)
	c := newStage(t, p)
	r := newReceiver(t, nil)
	for range 2 {
		c.webhook(t, r.URL, nil)
	}
	var ids []string
	for range 3 {
		ids = append(ids, c.post(t))
	}
	eventually(t, func() (bool, string) {
		return query(t, url, `SELECT count(*) FROM deliveries WHERE status = 'succeeded'`) == 6, "not delivered"
	})
	requireMetric(t, p, `godwit_ledger_differences{kind="deliveries"} 0`)
	pgtest.Exec(t, url, `DELETE FROM attempts WHERE delivery_id = (SELECT min(id) FROM deliveries WHERE event_id = $1)`, ids[1])
	pgtest.Exec(t, url, `DELETE FROM deliveries WHERE id = (SELECT min(id) FROM deliveries WHERE event_id = $1)`, ids[1])
	pgtest.Exec(t, url, `DELETE FROM attempts WHERE delivery_id = (SELECT min(id) FROM deliveries WHERE event_id = $1)`, ids[2])
	p.stop(t)
	pgtest.Exec(t, url, `UPDATE ledger_checks SET began_at = now() - interval '1 hour', finished_at = NULL`)
	p = startServe(t, env)
	requireMetric(t, p, `godwit_ledger_differences{kind="deliveries"} 1`)
	requireMetric(t, p, `godwit_ledger_differences{kind="attempts"} 1`)
	requireMetric(t, p, `godwit_ledger_differences{kind="dispatch"} 0`)
	p.waitFor(t, func(line string) bool {
		return strings.Contains(line, "the ledger has differences") && strings.Contains(line, `"level":"error"`) && strings.Contains(line, ids[1])
	})
}

// requireMetric waits until a line is among the metrics.
func requireMetric(t testing.TB, p *process, line string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		resp, err := http.Get(p.opsURL() + "/metrics")
		if err != nil {
			return false, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return false, err.Error()
		}
		return strings.Contains("\n"+string(body), "\n"+line+"\n"), line + " is not in " + string(body)
	})
}
