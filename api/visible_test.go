package api

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestEveryIDThatUsersMayNameIsLookedAt goes through the table of routes, so that
// none is added whose id nobody asks about.
func TestEveryIDThatUsersMayNameIsLookedAt(t *testing.T) {
	for _, r := range (&server{}).routes() {
		byKey := strings.Contains(r.path, "/by-key/")              // looked up among the webhooks of the request's owner alone
		catalogue := strings.HasPrefix(r.path, "/v1/event-types/") // which everybody sees
		if slices.Contains(r.who, hook.RoleUser) && strings.Contains(r.path, "{") && !byKey && !catalogue {
			require.NotEmpty(t, r.subject(), "%s %s: say in visible.go what the id is of, so that it is asked who sees it", r.method, r.path)
		}
	}
	c := staged(t)
	key, _ := c.key("user", "u2")
	c.webhook("wh_1", "")
	c.event("e1", "")
	ask := func(method, path, body string, headers ...string) {
		c.call(method, path, body, append(with(key), headers...)...).problem(404, "not_found")
	}
	for _, path := range []string{"/v1/webhooks/wh_1", "/v1/webhooks/wh_1/health", "/v1/webhooks/wh_1/redeliveries/rdl_1", "/v1/webhooks/%2F"} {
		ask("GET", path, "")
	}
	ask("PATCH", "/v1/webhooks/wh_1", "{", "If-Match", "x")
	ask("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"e1"}`)
	c.change("webhooks", "wh_1", `owner_id = 'u2'`)
	ask("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"e1"}`)
	c.exec(`INSERT INTO members (project_id, user_id) VALUES ('p1', 'u2')`)
	c.call("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"e1"}`, with(key)...).is(200)
}

func TestOwnerIsTheKeysUser(t *testing.T) {
	user := hook.WithPrincipal(context.Background(), hook.Principal{Role: hook.RoleUser, UserID: "u1"})
	admin := hook.WithPrincipal(context.Background(), hook.Principal{Role: hook.RoleAdmin})
	for _, c := range []struct {
		ctx        context.Context
		sent, want string
		refused    bool
	}{
		{user, "", "u1", false}, {user, "u1", "u1", false}, {user, "u2", "u1", true}, {user, "/", "u1", true},
		{admin, "", "", false}, {admin, "u2", "u2", false},
	} {
		got, bad := owner(c.ctx, c.sent)
		require.Equal(t, c.want, got)
		require.Equal(t, c.refused, len(bad) > 0, c.sent)
	}
}
