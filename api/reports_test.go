package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// counted stores how many attempts of a webhook ended in the hour of now; "" is the
// reason of a success.
func (c *client) counted(webhookID string, reason hook.Reason, step, n int) {
	c.t.Helper()
	c.exec(`INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) VALUES ($1, $2, $3, $4, 0, $5)`, webhookID, now().Truncate(time.Hour), string(reason), step, n)
}

func TestHealthOfAWebhook(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Now = func() time.Time { return now().Add(time.Minute) } })
	c.webhook("wh_1", `status = 'UNHEALTHY', enabled = false, disabled_reason = 'health', failures_in_row = 4, last_failure_at = $1, last_failure_reason = 'dns', next_probe_at = $1`, now())
	c.counted("wh_1", "", hook.LatencyStep(100*time.Millisecond), 3)
	c.counted("wh_1", hook.ReasonDNS, 0, 1)
	c.exec(`INSERT INTO transitions (webhook_id, at, from_status, status, enabled, cause, reason, delivery_id, told)
		VALUES ('wh_1', $1, 'DEGRADED', 'UNHEALTHY', false, 'probe_failed', 'dns', 'dlv_1', true)`, now())
	got := c.call("GET", "/v1/webhooks/wh_1/health", "").is(200).json()
	require.Equal(t, map[string]any{
		"status": "UNHEALTHY", "enabled": false, "disabled_reason": "health", "streak": map[string]any{"outcome": "failure", "length": 4.0},
		"last_failure":  map[string]any{"at": nowText, "reason": "dns", "words": hook.Words(hook.ReasonDNS)},
		"next_probe_at": nowText, "gave_up_at": nil, "paused_until": nil, "pace_per_second": nil, "since": "2026-05-03T09:00:00Z", "kept_since": nil,
		"attempts": 4.0, "succeeded": 3.0, "failed": 1.0, "success_rate": 0.75,
		"latency_ms": map[string]any{"p50": 98.7, "p95": 98.7, "p99": 98.7},
		"hourly": []any{map[string]any{"hour": "2026-05-04T09:00:00Z", "attempts": 4.0, "succeeded": 3.0, "failed": 1.0,
			"by_reason": map[string]any{"dns": 1.0}, "p50_ms": 98.7, "p95_ms": 98.7}},
		"transitions": []any{map[string]any{"at": nowText, "from_status": "DEGRADED", "status": "UNHEALTHY", "enabled": false, "cause": "probe_failed",
			"reason": "dns", "delivery_id": "dlv_1", "actor": nil, "note": nil}},
	}, got)
	c.call("GET", "/v1/webhooks/wh_3/health", "").problem(404, "not_found")

	c.webhook("wh_2", "")
	got = c.call("GET", "/v1/webhooks/wh_2/health", "").is(200).json()
	require.Equal(t, map[string]any{"outcome": nil, "length": 0.0}, got["streak"])
	require.Nil(t, got["success_rate"])
	require.Nil(t, got["last_failure"])
	require.Equal(t, map[string]any{"p50": nil, "p95": nil, "p99": nil}, got["latency_ms"])
	c.exec(`INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) VALUES ('wh_2', date_trunc('hour', now(), 'UTC'), '', 1, 0, 2)`)
	require.Equal(t, map[string]any{"outcome": "success", "length": 2.0}, c.call("GET", "/v1/webhooks/wh_2/health", "").json()["streak"])
}

func TestReportsLookBackOnlySoFar(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	ago := func(d time.Duration) string { return url.QueryEscape(time.Now().Add(-d).Format(time.RFC3339)) }
	since := func(got map[string]any, want time.Duration, within time.Duration) {
		t.Helper()
		at, err := time.Parse(time.RFC3339Nano, got["since"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(-want), at, within)
	}
	const day = 24 * time.Hour
	for path, whole := range map[string]time.Duration{"/v1/webhooks/wh_1/health": time.Hour, "/v1/stats": 0} { // the first counts whole hours
		since(c.call("GET", path, "").is(200).json(), day, whole+time.Minute)
		since(c.call("GET", path+"?since="+ago(29*day), "").is(200).json(), 29*day, whole+time.Minute)
		for _, since := range []string{ago(-time.Hour), ago(31 * day), "yesterday"} {
			c.call("GET", path+"?since="+since, "").problem(422, "invalid")
		}
	}
	path := "/v1/webhooks/wh_1/ledger"
	since(c.call("GET", path, "").is(200).json(), day, time.Minute)
	since(c.call("GET", path+"?until="+ago(40*day), "").is(200).json(), 41*day, time.Minute)
	for _, query := range []string{"since=" + ago(32*day), "since=" + ago(-day), "since=" + ago(day) + "&until=" + ago(2*day), "since=x"} {
		c.call("GET", path+"?"+query, "").problem(422, "invalid")
	}
}

func TestLedgerOfAWebhook(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Now = func() time.Time { return now().Add(time.Minute) } })
	c.webhook("wh_1", "")
	for id, is := range map[string]string{"dlv_1": isHeld, "dlv_2": isHeld, "dlv_3": isSucceeded} {
		c.delivery(id, is)
	}
	got := c.call("GET", "/v1/webhooks/wh_1/ledger?limit=1", "").is(200).json()
	require.Equal(t, true, got["balanced"])
	for field, want := range map[string]float64{"matched": 3, "succeeded": 1, "held": 2, "pending": 0, "retrying": 0, "failed": 0, "cancelled": 0} {
		require.EqualValues(t, want, got[field], field)
	}
	require.Equal(t, map[string]any{"webhook_disabled": 2.0}, got["by_reason"])
	page := got["undelivered"].(map[string]any)
	require.Equal(t, []any{map[string]any{"delivery_id": "dlv_2", "event_id": "e2", "event_type": "A", "status": "held",
		"reason": "webhook_disabled", "created_at": nowText}}, page["data"])
	page = c.call("GET", "/v1/webhooks/wh_1/ledger?limit=1&cursor="+page["next_cursor"].(string), "").is(200).json()["undelivered"].(map[string]any)
	require.Equal(t, "dlv_1", page["data"].([]any)[0].(map[string]any)["delivery_id"])
	require.Nil(t, page["next_cursor"])
	c.call("GET", "/v1/webhooks/wh_2/ledger", "").problem(404, "not_found")
	c.change("deliveries", "dlv_3", `superseded = true`) // and nothing has taken its place
	require.Equal(t, false, c.call("GET", "/v1/webhooks/wh_1/ledger", "").json()["balanced"])
}

func TestStatsOfAll(t *testing.T) {
	at := now().Add(2 * time.Hour)
	c := stagedWith(t, func(o *Options) { o.Now = func() time.Time { return at } })
	c.webhook("wh_1", "")
	for i, is := range []string{isSucceeded, isFailed, isHeld, isHeld, strings.Replace(isCancelled, `cancelled_by_owner`, `expired`, 1), `status = 'pending'`, isRetrying} {
		c.delivery(fmt.Sprintf("dlv_%d", i), is)
	}
	c.exec(`INSERT INTO health_hours (webhook_id, hour, attempts, succeeded, reasons, latencies, counts) VALUES ('', $1, 10, 8, '{}', '{}', '{}'), ('', $2, 1, 0, '{}', '{}', '{}')`,
		now().Truncate(time.Hour).Add(time.Hour), now().Add(9*time.Hour))
	got := c.call("GET", "/v1/stats?since=2026-05-04T09:10:00Z", "").is(200).json()
	require.Equal(t, 7.0, got["events"])
	require.Equal(t, map[string]any{"pending": 1.0, "retrying": 1.0, "succeeded": 1.0, "failed": 1.0, "held": 2.0, "cancelled": 1.0}, got["deliveries"])
	require.Equal(t, map[string]any{"pending": 1.0, "retrying": 1.0, "held": 2.0}, got["backlog"])
	require.Equal(t, map[string]any{"since": "2026-05-04T09:00:00Z", "total": 11.0, "succeeded": 8.0, "failed": 3.0, "success_rate": 8.0 / 11}, got["attempts"])
	require.Equal(t, nowText, got["oldest_waiting_at"])
	require.Equal(t, []any{map[string]any{"reason": "webhook_disabled", "count": 2.0}, map[string]any{"reason": "exhausted", "count": 1.0}, map[string]any{"reason": "expired", "count": 1.0}}, got["by_reason"])
	require.Equal(t, []any{
		map[string]any{"hour": "2026-05-04T09:00:00Z", "succeeded": 0.0, "failed": 0.0},
		map[string]any{"hour": "2026-05-04T10:00:00Z", "succeeded": 8.0, "failed": 2.0},
		map[string]any{"hour": "2026-05-04T11:00:00Z", "succeeded": 0.0, "failed": 0.0},
	}, got["hourly"], "what a clock ahead has counted is in no hour")
}
