package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestDeliveryWithAttempts(t *testing.T) {
	c := newClient(t)
	c.store.deliveries = []hook.Delivery{{ID: "dlv_1", EventID: "e1", WebhookID: "wh_1", EventType: "T", ProjectID: "p1", CompanyID: "c1",
		Status: hook.Retrying, Attempts: 2, NextAttemptAt: now(), RunID: "run-1", CreatedAt: now(), UpdatedAt: now()}}
	c.store.attempts = []hook.Attempt{{DeliveryID: "dlv_1", Number: 1, StartedAt: now(), FinishedAt: now(), Result: hook.Result{
		Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, Error: "500", Duration: 1500 * time.Microsecond, StatusCode: 500, URL: "https://a.example",
		RequestHeaders: []hook.Header{{Name: "X", Value: "1"}}, ResponseHeaders: []hook.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}},
		ResponseBody: []byte("no"), Truncated: true}}}
	require.Equal(t, map[string]any{
		"id": "dlv_1", "event_id": "e1", "webhook_id": "wh_1", "event_type": "T", "kind": "published", "sequence": 0.0, "project_id": "p1", "company_id": "c1",
		"status": "retrying", "reason": nil, "attempt_count": 2.0, "next_attempt_at": "2026-05-04T09:30:00.123456Z",
		"created_at": "2026-05-04T09:30:00.123456Z", "updated_at": "2026-05-04T09:30:00.123456Z", "finished_at": nil,
		"redelivery_of": nil, "superseded": false, "redelivery_id": nil,
		"workflow": map[string]any{"id": "dlv/dlv_1", "run_id": "run-1", "url": "http://temporal.test/dlv/dlv_1/run-1"},
		"attempts": []any{map[string]any{
			"number": 1.0, "started_at": "2026-05-04T09:30:00.123456Z", "duration_ms": 1.0, "status_code": 500.0,
			"outcome": "failure", "reason": "status_5xx", "error": "500", "expunged_at": nil,
			"request":  map[string]any{"url": "https://a.example", "headers": map[string]any{"X": "1"}},
			"response": map[string]any{"headers": map[string]any{"A": "1, 2"}, "body": "no", "truncated": true},
		}},
	}, c.call("GET", "/v1/deliveries/dlv_1", "").is(200).json())
	c.call("GET", "/v1/deliveries/dlv_2", "").problem(404, "not_found")
	require.NotContains(t, c.call("GET", "/v1/deliveries", "").is(200).Body.String(), `"attempts"`)
}

func TestDeliveries_GoOnWhereTheStoreStoppedLooking(t *testing.T) {
	c := newClient(t)
	c.store.deliveries = []hook.Delivery{{ID: "dlv_2", CreatedAt: now()}, {ID: "dlv_1", CreatedAt: now()}}
	c.store.stopped = &hook.Cursor{Time: now(), ID: "dlv_2"}
	page := c.call("GET", "/v1/deliveries?event_type=T", "").is(200).json()
	require.Empty(t, page["data"])
	page = c.call("GET", "/v1/deliveries?event_type=T&cursor="+page["next_cursor"].(string), "").is(200).json()
	require.Len(t, page["data"], 1)
	require.Nil(t, page["next_cursor"])
}

func TestAttemptsThatDidNotEnd(t *testing.T) {
	under := viewAttempt(hook.Attempt{Number: 1, StartedAt: now()})
	require.Equal(t, inFlight, under.Outcome)
	require.Empty(t, under.Error)
	lost := viewAttempt(hook.Attempt{Number: 1, Result: hook.Result{Outcome: hook.Lost, Error: "worker lost"}})
	require.Equal(t, hook.Lost, lost.Outcome)
	require.Equal(t, "worker lost", lost.Error)
}

func TestBodiesOfAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		body           string
		truncated      bool
		want, encoding string
	}{
		"text":                {"grüße\x00", false, "grüße\x00", ""},
		"nothing":             {"", false, "", ""},
		"bytes":               {"\xff\xfe", false, "//4=", "base64"},
		"cut in a character":  {"gr\xc3", true, "gr", ""},
		"cut in a longer one": {"a\xf0\x9f\x98", true, "a", ""},
		"whole though cut":    {"grü", true, "grü", ""},
		"broken, not cut":     {"gr\xc3", false, "Z3LD", "base64"},
		"cut bytes":           {"\xff\xfe\xfd", true, "//79", "base64"},
	} {
		t.Run(name, func(t *testing.T) {
			got := viewAttempt(hook.Attempt{Result: hook.Result{ResponseBody: []byte(tc.body), Truncated: tc.truncated}}).Response
			require.Equal(t, tc.want, got.Body)
			require.Equal(t, tc.encoding, got.Encoding)
		})
	}
}
