package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store"
)

func eventOf(project string, bytes int) string {
	return fmt.Sprintf(`{"type":"TODO_CREATED","project_id":%q,"current":{"a":%q}}`, project, strings.Repeat("x", bytes))
}

// TestRates_AreThoseOfTheCompany publishes as different keys of one company: each
// of them has its own rate of requests, but they share that of the company.
func TestRates_AreThoseOfTheCompany(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Limits = hook.Limits{Events: 5} })
	for i := range 5 {
		a := c.call("POST", "/v1/events", eventOf("p"+fmt.Sprint(1+i%2), 1)).is(202)
		require.Contains(t, a.Header().Values("RateLimit-Policy"), `"events";q=5;w=1`)
		require.Contains(t, a.Header().Values("RateLimit"), fmt.Sprintf(`"events";r=%d;t=1`, 4-i))
	}
	a := c.call("POST", "/v1/events", eventOf("p1", 1))
	a.problem(429, "rate_limited")
	require.Equal(t, "1", a.Header().Get("Retry-After"))
	require.Contains(t, a.Header().Values("RateLimit"), `"events";r=0;t=1`)
	require.Contains(t, a.json()["detail"], "may publish 5 events a second")
	require.EqualValues(t, 5, a.json()["quota"].(map[string]any)["limit"])
	c.call("POST", "/v1/events", eventOf("p3", 1)).is(202)
	require.Equal(t, 6, c.count("events"), "what is refused is not stored")
}

func TestRates_RefuseAPartOfABatch(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Limits = hook.Limits{Events: 3} })
	c.call("POST", "/v1/events", eventOf("p1", 1)).is(202)
	batch := `{"events":[` + strings.Join([]string{eventOf("p1", 1), eventOf("p1", 1), eventOf("p1", 1), eventOf("p3", 1)}, ",") + `]}`
	results := c.call("POST", "/v1/events/batch", batch).is(202).json()["results"].([]any)
	for i, refused := range []bool{false, false, true, false} {
		r := results[i].(map[string]any)
		require.Equal(t, refused, r["error"] != nil, "%d: %v", i, r)
		if refused {
			require.Equal(t, "rate_limited", r["error"].(map[string]any)["code"])
		}
	}
	require.Equal(t, 4, c.count("events"))
	only := `{"events":[` + eventOf("p1", 1) + `]}`
	c.call("POST", "/v1/events/batch", only).problem(429, "rate_limited")
}

func TestRates_CountBytes(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Limits = hook.Limits{Bytes: 1000} })
	c.call("POST", "/v1/events", eventOf("p1", 10)).is(202)
	c.call("POST", "/v1/events", eventOf("p1", 700)).is(202)
	c.call("POST", "/v1/events", eventOf("p1", 700)).problem(429, "rate_limited")
	c.call("POST", "/v1/events", eventOf("p1", 100)).is(202)
}

// TestRates_FollowTheCompany: what a company's limits are set to is so at once in
// the process that sets them.
func TestRates_FollowTheCompany(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Limits = hook.Limits{Events: 1} })
	c.call("PUT", "/v1/companies/c1", `{"name":"Acme","limits":{"events_per_second":4}}`).is(200)
	for range 4 {
		c.call("POST", "/v1/events", eventOf("p1", 1)).is(202)
	}
	c.call("POST", "/v1/events", eventOf("p1", 1)).is(429)
	shown := c.call("GET", "/v1/companies/c1", "").is(200).json()
	require.EqualValues(t, 4, shown["limits"].(map[string]any)["events_per_second"])
	require.Nil(t, shown["limits"].(map[string]any)["webhooks"])
	quotas := shown["quotas"].([]any)
	require.Equal(t, "events", quotas[0].(map[string]any)["name"])
	require.EqualValues(t, 4, quotas[0].(map[string]any)["limit"])
	require.Nil(t, quotas[1].(map[string]any)["limit"])
	c.call("PUT", "/v1/companies/c1", `{"name":"Acme","limits":{"events_per_second":0}}`).is(200)
	for range 20 {
		c.call("POST", "/v1/events", eventOf("p1", 1)).is(202)
	}
}

func TestLimits_AreChecked(t *testing.T) {
	c := newClient(t)
	bad := c.call("PUT", "/v1/companies/acme", `{"name":"Acme","limits":{"webhooks":-1,"rules":1000000000001,"stored_bytes":1.5,"more":1}}`).problem(422, "invalid")
	require.Len(t, bad, 4)
	for _, pointer := range []string{"/limits/webhooks", "/limits/rules", "/limits/stored_bytes", "/limits/more"} {
		require.Contains(t, bad, pointer)
	}
}

// limited is a client of an API whose users may have 9 webhooks; una has 7.
func limited(t *testing.T) *client {
	c := stagedWith(t, func(*Options) {}, store.Options{Limits: hook.Limits{Webhooks: 9, TestEvents: 60}})
	for i := range 7 {
		c.webhook(fmt.Sprintf("wh_%d", i), "")
	}
	return c
}

func TestQuotas_AreShownToTheirUser(t *testing.T) {
	c := limited(t)
	key, _ := c.key("user", "u1")
	shown := c.call("GET", "/v1/session", "", "Authorization", "Bearer "+key).is(200).json()["quotas"].([]any)
	require.Equal(t, map[string]any{"name": "webhooks", "limit": 9.0, "used": 7.0, "window_seconds": nil}, shown[0])
	require.Equal(t, map[string]any{"name": "test_events", "limit": 60.0, "used": 0.0, "window_seconds": 60.0}, shown[3])
	require.Empty(t, c.call("GET", "/v1/session", "").is(200).json()["quotas"])
	require.Equal(t, shown, c.call("GET", "/v1/users/u1", "").is(200).json()["quotas"])
}

func TestQuotas_AreHeadersOfWhatUsesThem(t *testing.T) {
	c := limited(t)
	for left := 1; left >= 0; left-- {
		a := c.call("POST", "/v1/webhooks", leastWebhook).is(201)
		require.Contains(t, a.Header().Values("RateLimit-Policy"), `"webhooks";q=9`)
		require.Contains(t, a.Header().Values("RateLimit"), fmt.Sprintf(`"webhooks";r=%d`, left))
	}
	a := c.call("POST", "/v1/webhooks", leastWebhook)
	a.problem(409, "quota_exceeded")
	require.Equal(t, []string{`"webhooks";r=0`}, a.Header().Values("RateLimit"))
	require.Contains(t, a.json()["detail"], "may have 9 webhooks and has 9: delete one")
}
