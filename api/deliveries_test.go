package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/api/view"
	"godwit/internal/hook"
	"godwit/internal/store/core"
)

func TestDeliveryWithAttempts(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isRetrying)
	c.change("deliveries", "dlv_1", `attempts = 2, next_attempt_at = $1, run_id = 'run-1', updated_at = $1`, now())
	c.attempt("dlv_1", 1, `duration_ms = 1, status_code = 500, error = '500', request_headers = '[{"name":"X","value":"1"}]',
		response_headers = '[{"name":"A","value":"1"},{"name":"A","value":"2"}]', response_body = 'no', truncated = true`)
	require.Equal(t, map[string]any{
		"id": "dlv_1", "event_id": "e1", "webhook_id": "wh_1", "event_type": "A", "kind": "published", "sequence": 7.0, "project_id": "p1", "company_id": "c1",
		"status": "retrying", "reason": nil, "attempt_count": 2.0, "next_attempt_at": nowText, "created_at": nowText, "updated_at": nowText, "finished_at": nil,
		"redelivery_of": nil, "superseded": false, "redelivery_id": nil, "sent_again": nil, "replaced": nil, "cancelled": nil,
		"last_attempt": map[string]any{"number": 2.0, "at": nowText, "duration_ms": 1.0, "status_code": 500.0, "outcome": "failure", "reason": "status_5xx"},
		"workflow":     map[string]any{"id": "dlv/dlv_1", "run_id": "run-1", "url": "http://temporal.test/dlv/dlv_1/run-1"},
		"attempts": []any{map[string]any{
			"number": 1.0, "started_at": nowText, "duration_ms": 1.0, "status_code": 500.0,
			"outcome": "failure", "reason": "status_5xx", "error": "500", "expunged_at": nil,
			"request":  map[string]any{"url": "https://a.example", "headers": map[string]any{"X": "1"}},
			"response": map[string]any{"headers": map[string]any{"A": "1, 2"}, "body": "no", "truncated": true},
		}},
	}, c.call("GET", "/v1/deliveries/dlv_1", "").is(200).json())
	c.call("GET", "/v1/deliveries/dlv_2", "").problem(404, "not_found")
	require.NotContains(t, c.call("GET", "/v1/deliveries", "").is(200).Body.String(), `"attempts"`)
}

// TestDeliveries_GoOnWhereTheStoreStoppedLooking has more failed deliveries in front of
// the one that is asked for than one page looks at.
func TestDeliveries_GoOnWhereTheStoreStoppedLooking(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isFailed+`, attempts = 1`)
	c.attempt("dlv_1", 1, "")
	c.exec(`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, finished_at, created_at)
		SELECT 'dlv_of_' || i, 'of_' || i, 'wh_1', 'A', 'p1', 'c1', 'failed', 'exhausted', now(), $1::timestamptz + make_interval(secs => i) FROM generate_series(1, $2::int) i`, now(), core.MostScanned+1)
	page := c.call("GET", "/v1/deliveries?status=failed&status_code=503&webhook_id=wh_1", "").is(200).json()
	require.Empty(t, page["data"])
	for pages := 0; len(page["data"].([]any)) == 0; pages++ {
		require.Less(t, pages, 100)
		page = c.call("GET", "/v1/deliveries?status=failed&status_code=503&webhook_id=wh_1&cursor="+page["next_cursor"].(string), "").is(200).json()
	}
	require.Equal(t, "dlv_1", at(page["data"].([]any)[0], "id"))
}

func TestAttemptsThatDidNotEnd(t *testing.T) {
	under := view.OfAttempt(hook.Attempt{Number: 1, StartedAt: now()})
	require.Equal(t, view.InFlight, under.Outcome)
	require.Empty(t, under.Error)
	lost := view.OfAttempt(hook.Attempt{Number: 1, Result: hook.Result{Outcome: hook.Lost, Error: "worker lost"}})
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
			got := view.OfAttempt(hook.Attempt{Result: hook.Result{ResponseBody: []byte(tc.body), Truncated: tc.truncated}}).Response
			require.Equal(t, tc.want, got.Body)
			require.Equal(t, tc.encoding, got.Encoding)
		})
	}
}
