package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCheck_FindsInOneAnswerWhatCreatingFindsInTwo on the real store: what is wrong
// by form, and what is wrong with the names in the rules.
func TestCheck_FindsInOneAnswerWhatCreatingFindsInTwo(t *testing.T) {
	s := newTenants(t)
	p := s.first
	before := s.call(p.key, "GET", "/v1/webhooks", "").Body.String()
	got := s.must(p.key, "POST", "/v1/webhooks/check", p.fill(`{"name":"","url":"http://127.0.0.1:1/{user}","rules":[
		{"events":["NOPE","TODO_DELETED"],"projects":["payroll","shared"],"filter":"current."},
		{"events":["TODO_CREATED"],"projects":["shared"],"filter":"current.id == '1'"},
		{"events":["TODO_CREATED"],"projects":["shared"],"filter":"current.nothing == 1"},
		{"events":["TODO_CREATED"],"projects":["shared"],"filter":"current.id =="}],"sample":{"event_id":"shared-event"}}`))
	codes := map[string]any{}
	for _, e := range got["errors"].([]any) {
		e := e.(map[string]any)
		codes[e["pointer"].(string)] = e["code"]
	}
	require.Equal(t, map[string]any{"/name": "empty", "/rules/0/events/0": "not_found", "/rules/0/projects/0": "not_found",
		"/rules/0/filter": "filter_unfinished", "/rules/3/filter": "filter_unfinished"}, codes)
	filters := got["filters"].([]any)
	require.Len(t, filters, 2)
	require.Equal(t, map[string]any{"pointer": "/rules/1/filter", "result": "true", "detail": ""}, filters[0])
	require.Equal(t, "fails", filters[1].(map[string]any)["result"])
	require.Contains(t, filters[1].(map[string]any)["detail"], "nothing")
	warnings := got["warnings"].([]any)
	require.Len(t, warnings, 2)
	require.Equal(t, map[string]any{"pointer": "/rules/0/events/1", "code": "never_seen", "params": map[string]any{"event_type": "TODO_DELETED", "days": 30.0}}, warnings[1])
	same := warnings[0].(map[string]any)
	require.Equal(t, "same_url", same["code"])
	require.Equal(t, p.fill("http://127.0.0.1:1/{user}"), s.must(p.key, "GET", "/v1/webhooks/"+same["params"].(map[string]any)["webhook_id"].(string), "")["url"])
	require.Equal(t, before, s.call(p.key, "GET", "/v1/webhooks", "").Body.String(), "it writes nothing")
}
