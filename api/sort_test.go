package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestListWebhooks_IsSortedAsAskedFor(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", `name = 'Übersicht = 1', created_at = $1, enabled = false, disabled_reason = 'health', status = 'UNHEALTHY'`, now())
	c.webhook("wh_2", `name = 'b', created_at = $1`, now().Add(time.Second))
	cursors := map[string]string{}
	for sort, want := range map[string][]any{"created": {"wh_2", "wh_1"}, "name": {"wh_2", "wh_1"}, "needs_attention": {"wh_1", "wh_2"}} {
		require.Equal(t, want, c.ids("/v1/webhooks?sort="+sort))
		first := c.call("GET", "/v1/webhooks?limit=1&sort="+sort, "").is(200).json()
		cursors[sort] = first["next_cursor"].(string)
		require.Equal(t, want[0], at(first["data"].([]any)[0], "id"), sort)
		require.Equal(t, want[1:], c.ids("/v1/webhooks?sort="+sort+"&cursor="+cursors[sort]), sort)
	}
	require.Equal(t, c.ids("/v1/webhooks?sort=created"), c.ids("/v1/webhooks"))
	require.Equal(t, []any{"wh_1"}, c.ids("/v1/webhooks?sort=needs_attention&q=sicht"))
	for _, wrong := range []string{"sort=size", "sort=name&cursor=" + cursors["created"], "cursor=" + cursors["name"], "sort=created&cursor=" + cursors["needs_attention"]} {
		c.call("GET", "/v1/webhooks?"+wrong, "").problem(422, "invalid")
	}
	c.call("GET", "/v1/projects?cursor="+cursors["name"], "").problem(422, "invalid")
}
