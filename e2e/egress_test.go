package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDestinationsThatAreNotPermitted makes a webhook while the operator allows
// this machine, and delivers to it when that is over. Its owner is told that
// the destination is not permitted, at both times, and nothing else.
func TestDestinationsThatAreNotPermitted(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "egress")
	p := startServe(t, env)
	c := newStage(t, p)
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	p.stop(t)

	env["GODWIT_EGRESS_ALLOW"], env["GODWIT_ALLOW_HTTP"] = "", "false"
	startServe(t, env)
	d := c.delivery(t, c.post(t), func(d map[string]any) bool { return len(d["attempts"].([]any)) > 1 })
	first := d["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, "blocked_address", first["reason"])
	require.Equal(t, "destination not permitted", first["error"])
	require.Empty(t, r.all())

	for url, want := range map[string]string{
		"https://127.0.0.1/":               "destination not permitted",
		"https://localhost:8443/":          "destination not permitted",
		"https://[::ffff:169.254.169.254]": "destination not permitted",
		"https://0x7f.1/":                  "number as its host",
		"https://①②⑦.⓪.⓪.①/":               "bad host",
		"https://example.com:25/":          "port that is not permitted",
		"https://me:pass@example.com/":     "user name or password",
		"http://example.com/":              "GODWIT_ALLOW_HTTP",
	} {
		got := c.send(t, http.MethodPost, "/v1/webhooks", map[string]any{
			"owner_id": c.prefix + "u", "name": "feed", "url": url,
			"rules": []any{map[string]any{"events": []string{"*"}, "projects": []string{c.prefix + "p"}}},
		})
		problem := got.json(t, http.StatusUnprocessableEntity)
		fault := problem["errors"].([]any)[0].(map[string]any)
		require.Equal(t, "/url", fault["pointer"])
		require.Contains(t, fault["detail"], want)
		require.NotContains(t, strings.ToLower(string(got.raw)), "loopback")
	}
	got := c.webhook(t, "https://bücher.invalid/in", map[string]any{"enabled": false})
	require.Equal(t, "https://xn--bcher-kva.invalid/in", got["url"])
}
