package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoLeavesAProjectGetsNoMoreOfIt removes one of two members while a
// delivery to each waits for its next attempt. When that of the other one has
// used up all attempts, there was time for more than one to the first.
func TestWhoLeavesAProjectGetsNoMoreOfIt(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "leaving")
	env["GODWIT_RETRY_SCHEDULE"] = "2s,100ms,100ms,100ms"
	c := newStage(t, startServe(t, env))
	stays := c.prefix + "stays"
	c.put(t, "/v1/users/"+stays, map[string]any{"name": "Stan", "email": "stan@example.com"})
	c.put(t, "/v1/projects/"+c.prefix+"p/members/"+stays, nil)
	fails := func(int, request) int { return http.StatusInternalServerError }
	leaver, stayer := newReceiver(t, fails), newReceiver(t, fails)
	left := c.webhook(t, leaver.URL, nil)["id"].(string)
	kept := c.webhook(t, stayer.URL, map[string]any{"owner_id": stays})["id"].(string)
	eventID := c.post(t)
	of := func(webhookID string, until func(map[string]any) bool) map[string]any {
		var got map[string]any
		eventually(t, func() (bool, string) {
			list := c.get(t, "/v1/deliveries?event_id="+eventID+"&webhook_id="+webhookID)["data"].([]any)
			require.Len(t, list, 1)
			got = list[0].(map[string]any)
			return until(got), got["status"].(string)
		})
		return got
	}
	of(left, status("retrying"))
	gone := c.send(t, http.MethodDelete, "/v1/projects/"+c.prefix+"p/members/"+c.prefix+"u", nil)
	require.Equal(t, http.StatusNoContent, gone.status, string(gone.raw))
	require.Equal(t, "membership_lost", of(left, status("cancelled"))["reason"])
	of(kept, status("failed"))
	require.Len(t, leaver.all(), 1)
	next := c.send(t, http.MethodPost, "/v1/events", map[string]any{
		"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r2"},
	}).json(t, http.StatusAccepted)
	require.Equal(t, 1.0, next["matched"], "only who stayed has a part in it")
}
