package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
)

// shown is a value as answers show it.
func shown(t *testing.T, v any) (out map[string]any) {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func TestPreview_ShowsEverything(t *testing.T) {
	got := shown(t, viewPreview(match.Preview{
		Since: now(), Until: now().Add(time.Hour), Examined: 12, Sampled: true, ExaminedSince: now(), Matched: 3,
		ByType: []match.Count{{Name: "A", N: 2}, {Name: "combination", N: 1}}, ByProject: []match.Count{{Name: "p1", N: 3}},
		ByRule:   []match.RuleOutcome{{Stopped: &match.Stopped{Reason: match.ReasonProject, Count: 2, Event: hook.Event{ID: "e1", ProjectID: "p1"}}}, {Matched: 3}},
		Failures: []match.Failure{{Rule: 1, Message: `there is no key "a"`, Count: 7, EventID: "e9"}},
		Examples: []match.Example{{Event: hook.Event{ID: "e2", Type: "A", ProjectID: "p1", CompanyID: "c1", OccurredAt: now(), AcceptedAt: now()}, Rule: 1, Parts: []string{"e1", "e2"}}},
	}, ""))
	require.Equal(t, map[string]any{
		"filter_failures": []any{map[string]any{"rule": 1.0, "detail": "there is no key \"a\"", "count": 7.0, "event_id": "e9"}},
		"since":           nowText, "until": "2026-05-04T10:30:00.123456Z", "examined": 12.0, "sampled": true,
		"examined_since": nowText, "matched": 3.0,
		"by_type":    []any{map[string]any{"event_type": "A", "count": 2.0}, map[string]any{"event_type": "combination", "count": 1.0}},
		"by_project": []any{map[string]any{"project_id": "p1", "count": 3.0}},
		"by_rule": []any{
			map[string]any{"rule": 0.0, "count": 0.0, "stopped": map[string]any{"reason": "project", "code": "project", "params": map[string]any{"project_id": "p1"}, "count": 2.0, "event_id": "e1"}},
			map[string]any{"rule": 1.0, "count": 3.0, "stopped": nil}},
		"examples": []any{map[string]any{"id": "e2", "type": "A", "kind": "published", "project_id": "p1", "company_id": "c1", "actor_id": nil,
			"occurred_at": nowText, "accepted_at": nowText, "sequence": 0.0, "expunged_at": nil, "rule": 1.0, "parts": []any{"e1", "e2"}}},
	}, got)
}

func TestPreview_AsksForWhatItIsAsked(t *testing.T) {
	c := staged(t)
	c.event("e1", "")
	c.event("e2", `project_id = 'p3'`) // which u1 does not see
	c.event("e3", `type = 'B'`)
	got := c.call("POST", "/v1/webhooks/preview", `{"owner_id":"u1","rules":[{"events":["A"],"filter":"true"}],"since":"2026-05-04T09:30:00.1+02:00"}`).is(200).json()
	require.Equal(t, []any{"2026-05-04T07:30:00.1Z", 2.0, 1.0}, []any{got["since"], got["examined"], got["matched"]})
	require.Equal(t, "e1", at(got["examples"].([]any)[0], "id"))
	got = c.call("POST", "/v1/webhooks/preview", `{"owner_id":"u1","rules":[{"events":["A"]}],"since":"2026-05-04T09:30:01Z"}`).is(200).json()
	require.Equal(t, 0.0, got["examined"])
}

func TestPreviewNamesEveryBadField(t *testing.T) {
	c := newClient(t)
	bad := c.call("POST", "/v1/webhooks/preview", `{"owner_id":"a b","rules":[{"events":["A"],"filter":"bad"},{}],"since":"yesterday","until":"x"}`).problem(422, "invalid")
	require.Len(t, bad, 6)
	for _, pointer := range []string{"/owner_id", "/rules/0/events/0", "/rules/0/filter", "/rules/1/events", "/since", "/until"} {
		require.NotEmpty(t, bad[pointer], pointer)
	}
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	require.Contains(t, c.call("POST", "/v1/webhooks/preview", `{"rules":[{"events":["A"]}],"since":"`+future+`"}`).problem(422, "invalid"), "/since")
	require.Contains(t, c.call("POST", "/v1/webhooks/preview", `{}`).problem(422, "invalid"), "/rules")
}

func TestExplain_ShowsEverything(t *testing.T) {
	require.Equal(t, map[string]any{
		"matched": true, "rule": 1.0, "reason": "matched", "code": "matched", "params": map[string]any{}, "delivery_id": "dlv_1", "delivery_status": "held",
		"rules": []any{
			map[string]any{"rule": 0.0, "matched": false, "reason": "event_type", "code": "event_type", "params": map[string]any{"event_type": ""}},
			map[string]any{"rule": 1.0, "matched": true, "reason": "matched", "code": "matched", "params": map[string]any{}, "parts": []any{2.0}, "fired_as": "evt_9"},
		},
	}, shown(t, viewExplanation(match.Explanation{Matched: true, Rule: 1, Reason: "matched",
		Delivery: &hook.Delivery{ID: "dlv_1", Status: hook.Held},
		Rules:    []match.Verdict{{Reason: "event_type"}, {Matched: true, Reason: "matched", Parts: []int{2}, FiredAs: "evt_9"}}})))
	require.Equal(t, map[string]any{"matched": false, "rule": nil, "reason": "event_type", "code": "event_type", "params": map[string]any{"event_type": ""},
		"delivery_id": nil, "delivery_status": nil, "rules": []any{}}, shown(t, viewExplanation(match.Explanation{Rule: -1, Reason: "event_type"})))
}

func TestExplain(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook) + "/explain"
	c.call("POST", "/v1/events", `{"id":"e1","type":"A","project_id":"p1","current":{}}`).is(202)
	got := c.call("POST", path, `{"event_id":"e1"}`).is(200).json()
	require.Equal(t, []any{true, 0.0, "matched", "pending"}, []any{got["matched"], got["rule"], got["code"], got["delivery_status"]})
	require.Equal(t, c.ids("/v1/deliveries")[0], got["delivery_id"])
	require.Contains(t, c.call("POST", path, `{"event_id":"a b"}`).problem(422, "invalid"), "/event_id")
	require.Contains(t, c.call("POST", path, `{}`).problem(422, "invalid"), "/event_id")
	c.call("POST", path, `{"event_id":"none"}`).problem(404, "not_found")
	c.call("POST", "/v1/webhooks/a%20b/explain", `{"event_id":"e1"}`).problem(404, "not_found")
}
