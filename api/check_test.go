package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCheck_TellsEverythingAtOnce: what creating a webhook tells one after another,
// of the fields that are there.
func TestCheck_TellsEverythingAtOnce(t *testing.T) {
	c := staged(t)
	pointers := func(body string) (codes map[string]string, all map[string]any) {
		all = c.call("POST", "/v1/webhooks/check", body).is(200).json()
		codes = map[string]string{}
		for _, e := range all["errors"].([]any) {
			e := e.(map[string]any)
			codes[e["pointer"].(string)] = e["code"].(string)
		}
		require.Equal(t, len(codes) == 0, all["ok"])
		return codes, all
	}
	codes, all := pointers(`{}`)
	require.Empty(t, codes)
	require.NotContains(t, all, "url")
	codes, _ = pointers(`{"name":"","url":"ftp://x","rules":[{"events":["A","A"],"projects":["payroll"],"filter":"bad"},{}],"max_age":0,"headers":{"Host":"x"},"nope":1,
		"sample":{"event_id":"e1","type":"A"}}`)
	require.Equal(t, map[string]string{"/name": "empty", "/url": "other", "/rules/0/events/1": "duplicate", "/rules/0/projects/0": "not_found", "/rules/0/filter": "filter",
		"/rules/1/events": "required", "/max_age": "out_of_range", "/headers/Host": "other", "/nope": "unknown_field", "/sample/event_id": "not_beside"}, codes)
	for sample, pointer := range map[string]string{`{}`: "/sample", `[]`: "/sample", `{"event_id":"none"}`: "/sample/event_id", `{"type":"A","current":1}`: "/sample/current", `{"x":1,"type":"A"}`: "/sample/x"} {
		codes, _ = pointers(`{"sample":` + sample + `}`)
		require.Len(t, codes, 1, sample)
		require.Contains(t, codes, pointer, sample)
	}
	c.call("POST", "/v1/webhooks/check", `[]`).problem(422, "invalid")
	require.Zero(t, c.count("webhooks"), "it writes nothing")
}

// TestCheck_WarnsAndAsksTheFilters of what is acceptable.
func TestCheck_WarnsAndAsksTheFilters(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", `url = 'https://example.com/xn--'`)
	c.event("e1", `accepted_at = now()`)
	c.event("e2", `accepted_at = now(), type = 'B'`)
	got := c.call("POST", "/v1/webhooks/check", `{"owner_id":"u1","url":"https://example.com/ü","rules":[{"events":["*","C"]},{"events":["C","A"],"projects":["p1"],"filter":"current.a == 1"},
		{"events":["A"],"filter":"bad"},{"events":["B"],"companies":["c1"]}],"sample":{"event_id":"e1"}}`).is(200).json()
	require.Equal(t, []any{
		map[string]any{"pointer": "/url", "code": "same_url", "params": map[string]any{"webhook_id": "wh_1"}},
		map[string]any{"pointer": "/rules/0", "code": "reaches_everything", "params": map[string]any{"event_types": true, "projects": true}},
		map[string]any{"pointer": "/rules/0/events/1", "code": "never_seen", "params": map[string]any{"event_type": "C", "days": 30.0}},
	}, got["warnings"])
	require.Equal(t, map[string]any{"kept": "https://example.com/xn--", "host": "example.com"}, got["url"])
	filters := got["filters"].([]any)
	require.Len(t, filters, 1, "the one that can be read")
	require.Equal(t, []any{"/rules/1/filter", "fails"}, []any{at(filters[0], "pointer"), at(filters[0], "result")})
	require.Contains(t, at(filters[0], "detail"), `"a"`)
	got = c.call("POST", "/v1/webhooks/check", `{"rules":[{"events":["A"],"projects":["p1"],"filter":"true"}],"sample":{"type":"A","current":{}}}`).is(200).json()
	require.Equal(t, []any{map[string]any{"pointer": "/rules/0/filter", "result": "true", "detail": ""}}, got["filters"])
	require.Equal(t, true, got["ok"])
	require.Empty(t, got["warnings"])
}
