package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// watching is a rule for all that happens to the owner's other webhooks.
var watching = []any{map[string]any{"events": []string{"webhook.*", "delivery.failed"}}}

func TestAnotherWebhookOfTheOwnerIsTold(t *testing.T) {
	s := sharedStack(t)
	p := startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "operational"))
	c := newStage(t, p)
	dead := newReceiver(t, func(int, request) int { return http.StatusInternalServerError })
	alive := newReceiver(t, nil)
	all := append([]any{map[string]any{"events": []string{"TODO_*"}}}, watching...)
	failing := c.webhook(t, dead.URL, map[string]any{"rules": all})["id"].(string)
	watcher := c.webhook(t, alive.URL, map[string]any{"rules": watching})["id"].(string)
	everything := newReceiver(t, nil)
	star := c.webhook(t, everything.URL, map[string]any{"rules": []any{map[string]any{"events": []string{"*"}}}})["id"].(string)
	posted := c.post(t)

	got := alive.wait(t, 3)
	events := map[string]string{} // type to id
	for _, r := range got {
		eventType := r.header.Get("Godwit-Event")
		require.Empty(t, events[eventType], "once")
		events[eventType] = r.header.Get("webhook-id")
		var body struct {
			Data struct{ Project, Company, Current map[string]any }
		}
		require.NoError(t, json.Unmarshal(r.body, &body))
		require.Nil(t, body.Data.Project)
		require.Nil(t, body.Data.Company)
		require.NotContains(t, string(r.body), dead.URL)
		if eventType == "delivery.failed" {
			require.Equal(t, posted, body.Data.Current["delivery"].(map[string]any)["event_id"])
		} else {
			require.Equal(t, failing, body.Data.Current["webhook"].(map[string]any)["id"])
		}
	}
	require.Len(t, events, 3)
	eventually(t, func() (bool, string) { return len(everything.all()) == 1, fmt.Sprint(len(everything.all())) })
	for _, r := range dead.all() {
		require.Contains(t, []string{"TODO_CREATED", "WEBHOOK_HEALTH_CHECK"}, r.header.Get("Godwit-Event"), "nothing about itself")
	}
	for webhook, want := range map[string]string{failing: "is about this webhook itself", watcher: "matched", star: "event_type"} {
		x := c.send(t, http.MethodPost, "/v1/webhooks/"+webhook+"/explain", map[string]any{"event_id": events["webhook.degraded"]}).json(t, http.StatusOK)
		require.Equal(t, want, x["reason"])
	}
	refused := c.send(t, http.MethodPost, "/v1/events", map[string]any{"type": "webhook.degraded", "project_id": c.prefix + "p", "current": map[string]any{}})
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Contains(t, string(refused.raw), "can't be published")
	require.Len(t, alive.all(), 3)
}

// TestWebhooksThatTellOfOneAnotherComeToAnEnd has two that refuse everything but
// probes, so that both are switched off and on for as long as there is anything
// to deliver.
func TestWebhooksThatTellOfOneAnotherComeToAnEnd(t *testing.T) {
	s := sharedStack(t)
	database := s.migrated(t)
	env := serveEnv(t, database, s.temporal(), "operational-loop")
	env["GODWIT_RETRY_SCHEDULE"], env["GODWIT_RECOVERY_SCHEDULE"] = "10ms,10ms,10ms,10ms", "500ms"
	c := newStage(t, startServe(t, env))
	all := append([]any{map[string]any{"events": []string{"TODO_*"}}}, watching...)
	for range 2 {
		r := newReceiver(t, func(_ int, r request) int {
			if r.header.Get("Godwit-Event") == "WEBHOOK_HEALTH_CHECK" {
				return http.StatusNoContent
			}
			return http.StatusInternalServerError
		})
		c.webhook(t, r.URL, map[string]any{"rules": all})
	}
	c.post(t)
	eventually(t, func() (bool, string) {
		unfinished := query(t, database, `SELECT count(*) FROM deliveries WHERE status IN ('pending', 'retrying', 'held')`)
		return unfinished == 0, fmt.Sprintf("%d unfinished", unfinished)
	})
	require.Equal(t, 2, query(t, database, `SELECT count(*) FROM events WHERE type = 'delivery.failed'`), "of the published event alone")
	require.LessOrEqual(t, query(t, database, `SELECT count(*) FROM events WHERE owner_id IS NOT NULL`), 30)
}
