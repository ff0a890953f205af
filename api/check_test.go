package api

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
)

type draftsOf struct{ *fake }

func (d draftsOf) CheckRules(_ context.Context, ownerID string, rules []hook.Rule) error {
	for _, r := range rules {
		for _, p := range r.Projects {
			if p == "payroll" {
				return hook.Field{Pointer: "/rules/0/projects/0", Code: hook.FieldNotFound, Detail: "there is no project"}.Invalid()
			}
		}
	}
	return d.err
}

func (d draftsOf) SameURL(_ context.Context, _, url string) (string, error) {
	for _, w := range d.webhooks {
		if w.URL == url {
			return w.ID, d.err
		}
	}
	return "", d.err
}

func (d draftsOf) Unseen(_ context.Context, _ string, types []string) (names []string, err error) {
	for _, name := range types {
		if name == "NEVER" {
			names = append(names, name)
		}
	}
	return names, d.err
}

// Try says of each filter that it fails on an event of the type FAILS, else true.
func (m matching) Try(_ context.Context, filters []string, e hook.Event) []match.Trial {
	out := make([]match.Trial, len(filters))
	for i := range out {
		if out[i].Result = match.TrialTrue; e.Type == "FAILS" {
			out[i] = match.Trial{Result: match.TrialFails, Detail: "why"}
		}
	}
	return out
}

// TestCheck_TellsEverythingAtOnce: what creating a webhook tells one after another,
// of the fields that are there.
func TestCheck_TellsEverythingAtOnce(t *testing.T) {
	c := newClient(t)
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
	require.Empty(t, c.store.webhooks, "it writes nothing")
}

// TestCheck_WarnsAndAsksTheFilters of what is acceptable.
func TestCheck_WarnsAndAsksTheFilters(t *testing.T) {
	c := newClient(t)
	c.store.webhooks = []hook.Webhook{{ID: "wh_1", URL: "https://example.com/xn--"}}
	c.store.events = []hook.Event{{ID: "e1", Type: "FAILS"}}
	got := c.call("POST", "/v1/webhooks/check", `{"owner_id":"u1","url":"https://example.com/ü","rules":[{"events":["*","NEVER"]},{"events":["NEVER","A"],"projects":["p"],"filter":"true"},
		{"events":["A"],"filter":"bad"},{"events":["B"],"companies":["c"]}],"sample":{"event_id":"e1"}}`).is(200).json()
	require.Equal(t, []any{
		map[string]any{"pointer": "/url", "code": "same_url", "params": map[string]any{"webhook_id": "wh_1"}},
		map[string]any{"pointer": "/rules/0", "code": "reaches_everything", "params": map[string]any{"event_types": true, "projects": true}},
		map[string]any{"pointer": "/rules/0/events/1", "code": "never_seen", "params": map[string]any{"event_type": "NEVER", "days": 30.0}},
	}, got["warnings"])
	require.Equal(t, map[string]any{"kept": "https://example.com/xn--", "host": "example.com"}, got["url"])
	require.Equal(t, []any{map[string]any{"pointer": "/rules/1/filter", "result": "fails", "detail": "why"}}, got["filters"], "the one that can be read")
	got = c.call("POST", "/v1/webhooks/check", `{"rules":[{"events":["A"],"projects":["p"],"filter":"true"}],"sample":{"type":"A","current":{}}}`).is(200).json()
	require.Equal(t, []any{map[string]any{"pointer": "/rules/0/filter", "result": "true", "detail": ""}}, got["filters"])
	require.Equal(t, true, got["ok"])
	require.Empty(t, got["warnings"])
}
