package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCLI_Play shows what came to an address, as its owner.
func TestCLI_Play(t *testing.T) {
	s := newStage(t, sharedStack(t).standalone)
	c := commands(t, sharedStack(t).standalone, s.userKey(t))
	url := c.object(t, "play", "new")["url"].(string)
	c.fails(t, 1, "0 of 1 requests came", "play", "requests", url, "--once", "1", "--timeout", "10ms")
	w := s.webhook(t, url, nil)["id"].(string)
	s.post(t)
	got := c.object(t, "play", "requests", "--once", "1")
	require.Equal(t, []any{w, "ok"}, []any{got["webhook_id"], got["check"].(map[string]any)["code"]})
	require.Regexp(t, `POST +TODO_CREATED .* 200  signature fits\n$`, c.ok(t, "play", "requests", url))
	require.Equal(t, url, c.objects(t, "play", "list")[0]["url"])
	require.Contains(t, c.ok(t, "play", "list"), "REQUESTS")
	c.ok(t, "play", "delete", url, "--yes")
	c.fails(t, 4, "there is no address", "play", "requests")
}
