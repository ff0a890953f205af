package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestPutWebhook_CreatesAndThenReplaces(t *testing.T) {
	c := staged(t)
	const path = "/v1/webhooks/by-key/billing%2Fprod"
	a := c.call("PUT", path, fullWebhook).is(201)
	got := a.json()
	require.Equal(t, "billing/prod", got["key"])
	require.Equal(t, "whsec_c2VjcmV0", got["secret"])
	require.Equal(t, "/v1/webhooks/"+got["id"].(string), a.Header().Get("Location"))

	again := c.call("PUT", path, fullWebhook).is(200)
	require.Equal(t, a.Header().Get("ETag"), again.Header().Get("ETag"), "said twice it changes nothing")
	require.NotContains(t, again.Body.String(), "whsec_")
	require.Equal(t, 1, c.count("webhooks"))

	got = c.call("PUT", path, leastWebhook).is(200).json()
	require.Equal(t, a.json()["id"], got["id"])
	require.Equal(t, "standard", got["payload_format"], "what is left out gets its default")
	require.Empty(t, got["headers"])
	require.Equal(t, false, got["enabled"], "but for whether it is on")
	require.Equal(t, "whsec_c2VjcmV0", c.stored(got["id"].(string)).Secret, "and its secret")

	withSecret := `{"secret":"` + ownSecret + `",` + leastWebhook[1:]
	got = c.call("PUT", path, withSecret).is(200).json()
	require.Equal(t, ownSecret, got["secret"], "a new one is shown")
	require.Len(t, got["old_secrets"], 1)
	require.NotContains(t, c.call("PUT", path, withSecret).is(200).json(), "secret")
	got = c.call("PUT", path, `{"signature":"ed25519",`+leastWebhook[1:]).is(200).json()
	require.NotEmpty(t, got["public_key"])

	c.probe = hook.Result{StatusCode: 503}
	c.call("PUT", path, `{"enabled":true,`+leastWebhook[1:]).is(409)
	c.probe = hook.Result{Outcome: hook.Success, StatusCode: 200}
	require.Equal(t, true, c.call("PUT", path, `{"enabled":true,`+leastWebhook[1:]).is(200).json()["enabled"])
}

func TestPutWebhook_ObeysIfMatch(t *testing.T) {
	c := staged(t)
	const path = "/v1/webhooks/by-key/k"
	for _, tag := range []string{"*", `"1"`, "x"} {
		c.call("PUT", path, leastWebhook, "If-Match", tag).problem(412, "stale")
	}
	require.Zero(t, c.count("webhooks"))
	c.call("PUT", path, leastWebhook).is(201)
	other := strings.Replace(leastWebhook, `"N"`, `"M"`, 1)
	require.Equal(t, `"2"`, c.call("PUT", path, other, "If-Match", `"1"`).is(200).Header().Get("ETag"))
	c.call("PUT", path, leastWebhook, "If-Match", `"1"`).problem(412, "stale")
	require.Equal(t, `"3"`, c.call("PUT", path, leastWebhook, "If-Match", "*").is(200).Header().Get("ETag"))
}

// TestPutWebhook_IsTheSameInOtherWords: what has one meaning changes nothing.
func TestPutWebhook_IsTheSameInOtherWords(t *testing.T) {
	c := staged(t)
	const path = "/v1/webhooks/by-key/k"
	c.call("PUT", path, `{"metadata":{"a":1.0,"b":"x"},`+leastWebhook[1:]).is(201)
	for _, body := range []string{
		`{"metadata":{"b":"\u0078", "a":1},` + leastWebhook[1:],
		`{"metadata":{"a":1.0,"b":"x"},"headers":{},"payload_format":"standard","auto_recover":true,"enabled":true,"timeout_seconds":null,` + leastWebhook[1:],
		`{"metadata":{"a":1.0,"b":"x"},` + strings.Replace(leastWebhook[1:], `["*"]`, `["*"],"projects":[],"not_events":[],"filter":""`, 1),
	} {
		require.Equal(t, `"1"`, c.call("PUT", path, body).is(200).Header().Get("ETag"), body)
	}
	require.Equal(t, `"2"`, c.call("PUT", path, `{"metadata":{"a":2,"b":"x"},`+leastWebhook[1:]).is(200).Header().Get("ETag"))
}

func TestPutWebhook_NamesWhatIsWrong(t *testing.T) {
	c := staged(t)
	require.Contains(t, c.call("PUT", "/v1/webhooks/by-key/k", `{"name":"N"}`).problem(422, "invalid"), "/url")
	require.Contains(t, c.call("PUT", "/v1/webhooks/by-key/k", `{"key":"k",`+leastWebhook[1:]).problem(422, "invalid"), "/key")
	c.call("PUT", "/v1/webhooks/by-key/a%20b", leastWebhook).problem(422, "invalid")
	require.Zero(t, c.count("webhooks"))
}

func TestWebhookByKey_IsThatOfItsOwner(t *testing.T) {
	c := staged(t)
	c.call("PUT", "/v1/webhooks/by-key/k", leastWebhook).is(201)
	require.Equal(t, "k", c.call("GET", "/v1/webhooks/by-key/k?owner_id=u1", "").is(200).json()["key"])
	for _, method := range []string{"GET", "DELETE"} {
		c.call(method, "/v1/webhooks/by-key/k?owner_id=u2", "").problem(404, "not_found")
		c.call(method, "/v1/webhooks/by-key/other?owner_id=u1", "").problem(404, "not_found")
		c.call(method, "/v1/webhooks/by-key/a%20b?owner_id=u1", "").problem(404, "not_found")
		require.Contains(t, c.call(method, "/v1/webhooks/by-key/k", "").is(422).json()["detail"], "owner_id is required")
	}
	c.call("DELETE", "/v1/webhooks/by-key/k?owner_id=u1", "").is(204)
	c.call("GET", "/v1/webhooks/by-key/k?owner_id=u1", "").problem(404, "not_found")
}
