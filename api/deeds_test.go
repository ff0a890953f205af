package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// recent requires a time of the last minutes.
func recent(t *testing.T, at any) {
	t.Helper()
	got, err := time.Parse(time.RFC3339Nano, at.(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), got, 2*time.Minute)
}

func TestWebhook_ThatWasDeletedSaysWhatItWas(t *testing.T) {
	c := staged(t)
	una, _ := c.key("user", "u1")
	zoe, _ := c.key("user", "u2")
	path := c.made(leastWebhook)
	c.call("DELETE", path, "", with(una)...).is(204)
	for _, key := range [][]string{with(una), nil} { // the owner, and an admin
		p := c.call("GET", path, "", key...)
		p.problem(404, "not_found")
		gone := p.json()["deleted"].(map[string]any)
		require.Equal(t, "N", gone["name"])
		require.Equal(t, "u1", gone["actor"])
		recent(t, gone["at"])
	}
	foreign := c.call("GET", path, "", with(zoe)...)
	unknown := c.call("GET", "/v1/webhooks/wh_00000000000000000000000000", "", with(zoe)...)
	for _, p := range []answerOf{foreign, unknown} {
		p.problem(404, "not_found")
		require.NotContains(t, p.json(), "deleted")
	}
	require.Equal(t, len(unknown.json()["detail"].(string)), len(foreign.json()["detail"].(string)), "the same words but for the id")
	require.NotContains(t, c.call("GET", path+"/health", "", with(una)...).is(404).json(), "deleted")
}

func TestWebhook_DeletedWithItsOwnerIsKnownToAdmins(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	c.call("DELETE", "/v1/users/u1", "").is(204)
	gone := c.call("GET", path, "").is(404).json()["deleted"].(map[string]any)
	require.Nil(t, gone["actor"], "nobody deleted the webhook itself")
	recent(t, gone["at"])
}

func TestPatchWebhook_SaysWhoWasFaster(t *testing.T) {
	c := staged(t)
	una, _ := c.key("user", "u1")
	path := c.made(leastWebhook)
	c.call("PATCH", path, `{"name":"Theirs"}`, with(una)...).is(200)
	for _, ask := range []func() answerOf{
		func() answerOf { return c.call("PATCH", path, `{"name":"Mine"}`, "If-Match", `"1"`) },
		func() answerOf { return c.call("DELETE", path, "", "If-Match", `"1"`) },
	} {
		changed := ask().is(412).json()["changed"].(map[string]any)
		require.Equal(t, "u1", changed["actor"])
		recent(t, changed["at"])
	}
	// What health does later is Godwit's own.
	id := path[len("/v1/webhooks/"):]
	_, _, err := c.store.Happen(t.Context(), id, hook.Cause{What: hook.ReceiverGone, Reason: hook.ReasonGone})
	require.NoError(t, err)
	changed := c.call("PATCH", path, `{"name":"Mine"}`, "If-Match", `"2"`).is(412).json()["changed"].(map[string]any)
	require.Nil(t, changed["actor"])
}

func TestRotateSecret_SaysFromWhenThereIsRoom(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	began := time.Now()
	for range hook.MaxOldSecrets {
		c.call("POST", path+"/rotate-secret", `{"overlap_seconds":3600}`).is(200)
	}
	from, err := time.Parse(time.RFC3339Nano, c.call("POST", path+"/rotate-secret", "").is(409).json()["from"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, began.Add(time.Hour), from, time.Minute)
}

// deliveryBy asks for a delivery as its owner.
func (c *client) deliveryBy(key, id string) map[string]any {
	c.t.Helper()
	return c.call("GET", "/v1/deliveries/"+id, "", with(key)...).is(200).json()
}

func TestDelivery_SaysWhoSentItAgain(t *testing.T) {
	c := staged(t)
	una, _ := c.key("user", "u1")
	c.webhook("wh_1", "")
	const first, failed = "dlv_00000000000000000000000001", `status = 'failed', reason = 'exhausted', dispatch_at = NULL, finished_at = now()`
	c.delivery(first, failed)
	got := c.deliveryBy(una, first)
	for _, part := range []string{"sent_again", "replaced", "cancelled"} {
		require.Contains(t, got, part)
		require.Nil(t, got[part], part)
	}
	second := c.call("POST", "/v1/deliveries/"+first+"/redeliver", "", with(una)...).is(202).json()["delivery_id"].(string)
	replaced := c.deliveryBy(una, first)["replaced"].(map[string]any)
	require.Equal(t, "u1", replaced["actor"])
	require.Equal(t, second, replaced["delivery_id"])
	recent(t, replaced["at"])
	require.Equal(t, "u1", c.deliveryBy(una, second)["sent_again"].(map[string]any)["actor"])

	// An admin asks for the first one again: the last of the chain is sent again.
	c.change("deliveries", second, failed)
	third := c.call("POST", "/v1/deliveries/"+first+"/redeliver", "").is(202).json()["delivery_id"].(string)
	require.Equal(t, "admin", c.deliveryBy(una, third)["sent_again"].(map[string]any)["actor"])
	require.Equal(t, "admin", c.deliveryBy(una, second)["replaced"].(map[string]any)["actor"])
	require.Equal(t, "u1", c.deliveryBy(una, first)["replaced"].(map[string]any)["actor"])
}

func TestDelivery_SaysWhoCancelledIt(t *testing.T) {
	c := staged(t)
	una, _ := c.key("user", "u1")
	c.webhook("wh_1", "")
	const one, two = "dlv_00000000000000000000000001", "dlv_00000000000000000000000002"
	c.delivery(one, "")
	c.call("POST", "/v1/deliveries/"+one+"/cancel", "", with(una)...).is(200)
	by := c.deliveryBy(una, one)["cancelled"].(map[string]any)
	require.Equal(t, "u1", by["actor"])
	recent(t, by["at"])

	c.delivery(two, "")
	c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-01-01T00:00:00Z"}`).is(202)
	require.Equal(t, "cancelled", c.deliveryBy(una, two)["status"])
	require.Equal(t, "admin", c.deliveryBy(una, two)["cancelled"].(map[string]any)["actor"], "with many others")
	require.Equal(t, "u1", c.deliveryBy(una, one)["cancelled"].(map[string]any)["actor"])
}

// TestDelivery_SaysWhichCancellationTookIt: two that go on at the same time.
func TestDelivery_SaysWhichCancellationTookIt(t *testing.T) {
	c := staged(t)
	una, _ := c.key("user", "u1")
	c.webhook("wh_1", "")
	const locked, held, pending = "dlv_00000000000000000000000001", "dlv_00000000000000000000000002", "dlv_00000000000000000000000003"
	c.delivery(locked, isHeld)
	c.delivery(held, isHeld)
	c.delivery(pending, "")
	tx := c.holding(`SELECT FROM deliveries WHERE id = '` + locked + `' FOR UPDATE`)
	c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-01-01T00:00:00Z","statuses":["held"]}`, with(una)...).is(202)
	c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-01-01T00:00:00Z","statuses":["pending"]}`).is(202)
	require.NoError(t, tx.Rollback())
	for made := true; made; {
		var err error
		made, err = c.store.CancelNext(t.Context(), time.Minute)
		require.NoError(t, err)
	}
	for id, actor := range map[string]string{locked: "u1", held: "u1", pending: "admin"} {
		require.Equal(t, actor, c.deliveryBy(una, id)["cancelled"].(map[string]any)["actor"], id)
	}
}

func TestDirectory_CountsMembersForAdmins(t *testing.T) {
	c := staged(t)
	zoe, _ := c.key("user", "u2")
	c.exec(`INSERT INTO members (project_id, user_id) VALUES ('p1', 'u2')`)
	of := func(path, id string, key ...string) map[string]any {
		for _, row := range c.call("GET", path, "", key...).is(200).json()["data"].([]any) {
			if row := row.(map[string]any); row["id"] == id {
				return row
			}
		}
		return nil
	}
	require.Equal(t, map[string]any{"projects": 2.0, "members": 2.0}, of("/v1/companies?include=counts", "c1")["counts"], "each person once")
	require.Equal(t, map[string]any{"projects": 1.0, "members": 0.0}, of("/v1/companies?include=counts", "c2")["counts"])
	require.Equal(t, 2.0, of("/v1/projects?include=counts&company_id=c1", "p1")["members"])
	require.Equal(t, 1.0, of("/v1/projects?include=counts", "p2")["members"])
	require.NotContains(t, of("/v1/companies", "c1"), "counts")
	require.NotContains(t, of("/v1/companies?include=counts", "c1", with(zoe)...), "counts", "she is in one project alone")
	require.NotContains(t, of("/v1/projects?include=counts", "p1", with(zoe)...), "members")
	c.call("GET", "/v1/companies?include=everything", "").problem(422, "invalid")
}
