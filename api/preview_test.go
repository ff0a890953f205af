package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
)

func TestPreview(t *testing.T) {
	c := newClient(t)
	c.store.preview = match.Preview{
		Since: now(), Until: now().Add(time.Hour), Examined: 12, Sampled: true, ExaminedSince: now(), Matched: 3,
		ByType: []match.Count{{Name: "A", N: 2}, {Name: "combination", N: 1}}, ByProject: []match.Count{{Name: "p1", N: 3}},
		ByRule:   []match.RuleOutcome{{Stopped: &match.Stopped{Reason: match.ReasonProject, Count: 2, Event: hook.Event{ID: "e1", ProjectID: "p1"}}}, {Matched: 3}},
		Failures: []match.Failure{{Rule: 1, Message: `there is no key "a"`, Count: 7, EventID: "e9"}},
		Examples: []match.Example{{Event: hook.Event{ID: "e2", Type: "A", ProjectID: "p1", CompanyID: "c1", OccurredAt: now(), AcceptedAt: now()}, Rule: 1, Parts: []string{"e1", "e2"}}},
	}
	got := c.call("POST", "/v1/webhooks/preview", `{"owner_id":"u1","rules":[{"events":["A"],"filter":"true"}],"since":"2026-05-04T09:30:00.5+02:00"}`).is(200).json()
	require.Equal(t, map[string]any{
		"filter_failures": []any{map[string]any{"rule": 1.0, "detail": "there is no key \"a\"", "count": 7.0, "event_id": "e9"}},
		"since":           "2026-05-04T09:30:00.123456Z", "until": "2026-05-04T10:30:00.123456Z", "examined": 12.0, "sampled": true,
		"examined_since": "2026-05-04T09:30:00.123456Z", "matched": 3.0,
		"by_type":    []any{map[string]any{"event_type": "A", "count": 2.0}, map[string]any{"event_type": "combination", "count": 1.0}},
		"by_project": []any{map[string]any{"project_id": "p1", "count": 3.0}},
		"by_rule": []any{
			map[string]any{"rule": 0.0, "count": 0.0, "stopped": map[string]any{"reason": "project", "code": "project", "params": map[string]any{"project_id": "p1"}, "count": 2.0, "event_id": "e1"}},
			map[string]any{"rule": 1.0, "count": 3.0, "stopped": nil}},
		"examples": []any{map[string]any{"id": "e2", "type": "A", "kind": "published", "project_id": "p1", "company_id": "c1", "actor_id": nil,
			"occurred_at": "2026-05-04T09:30:00.123456Z", "accepted_at": "2026-05-04T09:30:00.123456Z", "sequence": 0.0, "expunged_at": nil, "rule": 1.0, "parts": []any{"e1", "e2"}}},
	}, got)
	require.Equal(t, "u1", c.store.question.OwnerID)
	require.Equal(t, []hook.Rule{{Events: []string{"A"}, Filter: "true"}}, c.store.question.Rules)
	require.Equal(t, "2026-05-04T07:30:00.5Z", c.store.question.Since.UTC().Format(time.RFC3339Nano))
}

func TestPreviewNamesEveryBadField(t *testing.T) {
	c := newClient(t)
	bad := c.call("POST", "/v1/webhooks/preview", `{"owner_id":"a b","rules":[{"events":["A"],"filter":"bad"},{}],"since":"yesterday","until":"x"}`).problem(422, "invalid")
	require.Len(t, bad, 5)
	for _, pointer := range []string{"/owner_id", "/rules/0/filter", "/rules/1/events", "/since", "/until"} {
		require.NotEmpty(t, bad[pointer], pointer)
	}
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	require.Contains(t, c.call("POST", "/v1/webhooks/preview", `{"rules":[{"events":["A"]}],"since":"`+future+`"}`).problem(422, "invalid"), "/since")
	require.Contains(t, c.call("POST", "/v1/webhooks/preview", `{}`).problem(422, "invalid"), "/rules")
}

func TestExplain(t *testing.T) {
	c := newClient(t)
	c.store.explanation = match.Explanation{Matched: true, Rule: 1, Reason: "matched",
		Delivery: &hook.Delivery{ID: "dlv_1", Status: hook.Held},
		Rules:    []match.Verdict{{Reason: "event_type"}, {Matched: true, Reason: "matched", Parts: []int{2}, FiredAs: "evt_9"}}}
	got := c.call("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"e1"}`).is(200).json()
	require.Equal(t, map[string]any{
		"matched": true, "rule": 1.0, "reason": "matched", "code": "matched", "params": map[string]any{}, "delivery_id": "dlv_1", "delivery_status": "held",
		"rules": []any{
			map[string]any{"rule": 0.0, "matched": false, "reason": "event_type", "code": "event_type", "params": map[string]any{"event_type": ""}},
			map[string]any{"rule": 1.0, "matched": true, "reason": "matched", "code": "matched", "params": map[string]any{}, "parts": []any{2.0}, "fired_as": "evt_9"},
		},
	}, got)
	require.Equal(t, "wh_1 e1", c.store.askedFilter)
	c.store.explanation = match.Explanation{Rule: -1, Reason: "event_type"}
	got = c.call("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"e1"}`).is(200).json()
	require.Equal(t, map[string]any{"matched": false, "rule": nil, "reason": "event_type", "code": "event_type", "params": map[string]any{"event_type": ""}, "delivery_id": nil, "delivery_status": nil, "rules": []any{}}, got)
	require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"a b"}`).problem(422, "invalid"), "/event_id")
	require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/explain", `{}`).problem(422, "invalid"), "/event_id")
	c.call("POST", "/v1/webhooks/a%20b/explain", `{"event_id":"e1"}`).problem(404, "not_found")
}
