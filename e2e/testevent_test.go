package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// tests sends a test and waits for its end.
func (c *stageClient) tests(t testing.TB, webhookID string) map[string]any {
	t.Helper()
	sent := c.send(t, http.MethodPost, "/v1/webhooks/"+webhookID+"/test", map[string]any{}).json(t, http.StatusAccepted)
	return c.delivery(t, sent["event_id"].(string), func(d map[string]any) bool { return d["finished_at"] != nil })
}

// TestTests_SwitchNothingOff: tests of an address that fails in every way make one
// attempt each and change nothing of the webhook; while it is off they arrive.
func TestTests_SwitchNothingOff(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	answers := []int{500, 410, 404, 500, 500, 429, 500, 500}
	r := newReceiver(t, func(n int, _ request) int {
		if n <= len(answers) {
			return answers[n-1]
		}
		return http.StatusOK
	})
	w := c.webhook(t, r.URL, nil)
	id := w["id"].(string)
	before := c.get(t, "/v1/webhooks/"+id)
	for _, answer := range answers {
		d := c.tests(t, id)
		require.Equal(t, "failed", d["status"])
		require.Equal(t, "test", d["kind"])
		require.Len(t, d["attempts"], 1)
		attempt := d["attempts"].([]any)[0].(map[string]any)
		require.EqualValues(t, answer, attempt["status_code"])
		require.Equal(t, attempt["reason"], d["reason"])
	}
	require.Equal(t, before, c.get(t, "/v1/webhooks/"+id))
	health := c.get(t, "/v1/webhooks/"+id+"/health")
	require.EqualValues(t, 0, health["attempts"])
	require.Empty(t, health["transitions"])
	require.EqualValues(t, 0, c.get(t, "/v1/webhooks/"+id+"/ledger")["matched"])

	c.send(t, http.MethodPost, "/v1/webhooks/"+id+"/disable", map[string]any{}).json(t, http.StatusOK)
	require.Equal(t, "succeeded", c.tests(t, id)["status"], "while it is off")
	held := c.post(t)
	require.Equal(t, "held", c.delivery(t, held, status("held"))["status"])
	for kind, n := range map[string]int{"test": len(answers) + 1, "published": 1, "operational": 0, "combination": 0} {
		require.Len(t, c.get(t, fmt.Sprintf("/v1/deliveries?webhook_id=%s&kind=%s", id, kind))["data"], n, kind)
		if kind != "operational" { // what other tests bring about
			require.Len(t, c.get(t, fmt.Sprintf("/v1/events?project_id=%sp&kind=%s", c.prefix, kind))["data"], n, kind)
		}
	}
	require.Len(t, r.all(), len(answers)+1)
}
