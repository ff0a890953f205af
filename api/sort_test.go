package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestListWebhooks_IsSortedAsAskedFor(t *testing.T) {
	c := newClient(t)
	c.store.webhooks = []hook.Webhook{{ID: "wh_1", Name: "Übersicht = 1", OwnerID: "una", CreatedAt: now()}, {ID: "wh_2", Name: "b", OwnerID: "una", CreatedAt: now()}}
	for query, want := range map[string]hook.WebhookSort{"": hook.SortCreated, "sort=created": hook.SortCreated, "sort=name": hook.SortName, "sort=needs_attention&q=b": hook.SortAttention} {
		c.call("GET", "/v1/webhooks?"+query, "").is(200)
		require.Equal(t, want, c.store.askedFilter.(hook.WebhookFilter).Sort, query)
	}
	cursors := map[string]string{}
	for _, sort := range []string{"created", "name", "needs_attention"} {
		first := c.call("GET", "/v1/webhooks?limit=1&sort="+sort, "").is(200).json()
		cursors[sort] = first["next_cursor"].(string)
		rest := c.call("GET", "/v1/webhooks?sort="+sort+"&cursor="+cursors[sort], "").is(200).json()["data"].([]any)
		require.Equal(t, "wh_2", rest[0].(map[string]any)["id"], sort)
	}
	for _, wrong := range []string{"sort=size", "sort=name&cursor=" + cursors["created"], "cursor=" + cursors["name"], "sort=created&cursor=" + cursors["needs_attention"]} {
		c.call("GET", "/v1/webhooks?"+wrong, "").problem(422, "invalid")
	}
	c.call("GET", "/v1/projects?cursor="+cursors["name"], "").problem(422, "invalid")
}
