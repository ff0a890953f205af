package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// playAddress makes a play address of the stage's user.
func (c *stageClient) playAddress(t testing.TB) (id, url string) {
	t.Helper()
	a := c.send(t, http.MethodPost, "/v1/play", map[string]any{"owner_id": c.prefix + "u"}).json(t, http.StatusCreated)
	return a["id"].(string), a["url"].(string)
}

// played waits until n requests came to an address, and gives them, the newest first.
func (c *stageClient) played(t testing.TB, id string, n int) (all []map[string]any) {
	t.Helper()
	eventually(t, func() (bool, string) {
		data := c.get(t, "/v1/play/"+id+"/requests")["data"].([]any)
		all = nil
		for _, r := range data {
			all = append(all, r.(map[string]any))
		}
		return len(all) >= n, fmt.Sprint(data)
	})
	require.Len(t, all, n)
	return all
}

func checkOf(r map[string]any) string { return r["check"].(map[string]any)["code"].(string) }

// TestPlay_ShowsWhatWebhooksSend: on loopback the engine delivers to its own play
// receiver, which checks each signature by the secrets of the webhook.
func TestPlay_ShowsWhatWebhooksSend(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	id, url := c.playAddress(t)
	require.Equal(t, c.base+"/play/"+id, url)
	w := c.webhook(t, url, nil)["id"].(string)
	event := c.post(t)
	c.delivery(t, event, status("succeeded"))
	got := c.played(t, id, 1)[0]
	require.Equal(t, []any{"POST", event, w, "ok", 200.0}, []any{got["method"], got["event_id"], got["webhook_id"], checkOf(got), got["status_code"]})
	require.Contains(t, got["body"], `"type":"TODO_CREATED"`)
	require.Equal(t, "TODO_CREATED", got["headers"].(map[string]any)["Godwit-Event"])

	// While both secrets sign, after a rotation, and in the other scheme.
	c.send(t, http.MethodPost, "/v1/webhooks/"+w+"/rotate-secret", map[string]any{"overlap_seconds": 60}).json(t, 200)
	c.delivery(t, c.post(t), status("succeeded"))
	require.Equal(t, "ok", checkOf(c.played(t, id, 2)[0]))
	c.send(t, http.MethodPost, "/v1/webhooks/"+w+"/rotate-secret", map[string]any{"overlap_seconds": 0}).json(t, 200)
	c.delivery(t, c.post(t), status("succeeded"))
	require.Equal(t, "ok", checkOf(c.played(t, id, 3)[0]))
	signed, signedURL := c.playAddress(t)
	c.webhook(t, signedURL, map[string]any{"signature": "ed25519", "rules": []any{map[string]any{"events": []string{"TAG_*"}, "projects": []string{c.prefix + "p"}}}})
	c.send(t, http.MethodPost, "/v1/events", map[string]any{"type": "TAG_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "1"}}).json(t, 202)
	require.Equal(t, "ok", checkOf(c.played(t, signed, 1)[0]))

	// What another sender sends.
	sent := func(headers map[string]string, body string) string {
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
		require.NoError(t, err)
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(req) // it is no operation of the document
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
		return checkOf(c.get(t, "/v1/play/"+id+"/requests?limit=1")["data"].([]any)[0].(map[string]any))
	}
	require.Equal(t, "signature_missing", sent(nil, "{}"))
	now := fmt.Sprint(time.Now().Unix())
	require.Equal(t, "mismatch", sent(map[string]string{"webhook-id": "x", "webhook-timestamp": now, "webhook-signature": "v1,AAAA"}, "{}"))
	require.Equal(t, 404, c.send(t, http.MethodGet, "/v1/play/play_00000000000000000000000000/requests", nil).status)
	require.Equal(t, 204, c.send(t, http.MethodDelete, "/v1/play/"+id, nil).status)
	gone, err := http.Post(url, "application/json", nil)
	require.NoError(t, err)
	require.NoError(t, gone.Body.Close())
	require.Equal(t, 404, gone.StatusCode)
}

// TestPlay_FailsAsItIsTold has a delivery fail by the address's own words.
func TestPlay_FailsAsItIsTold(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	id, url := c.playAddress(t)
	c.webhook(t, url+"?status=410&body=enough", nil)
	d := c.delivery(t, c.post(t), status("failed"))
	attempt := d["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, 410.0, attempt["status_code"])
	require.Equal(t, "enough", attempt["response"].(map[string]any)["body"])
	require.Equal(t, 410.0, c.played(t, id, 1)[0]["status_code"])
}

// TestPlay_OutsideDevelopment: with GODWIT_PLAY there is a receiver, of several
// processes too, and its own address stays no target.
func TestPlay_OutsideDevelopment(t *testing.T) {
	stack := sharedStack(t)
	database := stack.migrated(t)
	env := serveEnv(t, database, stack.temporal(), "play")
	env["GODWIT_PLAY"] = "true"
	one := startServe(t, env)
	other := serveEnv(t, database, stack.temporal(), "play")
	other["GODWIT_PLAY"] = "true"
	two := startServe(t, other, "--role", "api")
	c := newStage(t, one)
	id, url := c.playAddress(t)
	refused := c.send(t, http.MethodPost, "/v1/webhooks", map[string]any{
		"owner_id": c.prefix + "u", "name": "feed", "url": url, "rules": []any{map[string]any{"events": []string{"*"}}}}).json(t, 422)
	require.Contains(t, fmt.Sprint(refused), "url_not_permitted")

	// To the operator's rules the other process is a receiver like any.
	c.webhook(t, two.url()+"/play/"+id, nil)
	c.delivery(t, c.post(t), status("succeeded"))
	require.Equal(t, "ok", checkOf(c.played(t, id, 1)[0]))
	require.NotContains(t, one.output.String()+two.output.String(), id)
}
