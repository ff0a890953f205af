package api

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// reports is what the fake answers, and what it was asked.
type reports struct {
	health      hook.HealthReport
	transitions []hook.Transition
	stats       hook.Stats
	ledger      hook.Ledger
	undelivered []hook.Undelivered
	since       time.Time
	query       hook.LedgerQuery
}

type reportsOf struct{ *fake }

func (r reportsOf) HealthReport(_ context.Context, id string, since time.Time) (hook.HealthReport, error) {
	r.reports.since = since
	if _, err := find(r.webhooks, id, webhookID); err != nil {
		return hook.HealthReport{}, err
	}
	return r.reports.health, r.err
}

func (r reportsOf) Transitions(_ context.Context, _ string, _ time.Time, limit int) ([]hook.Transition, error) {
	return r.reports.transitions[:min(limit, len(r.reports.transitions))], r.err
}

func (r reportsOf) Stats(_ context.Context, since time.Time) (hook.Stats, error) {
	r.reports.since = since
	return r.reports.stats, r.err
}

func (r reportsOf) Ledger(_ context.Context, q hook.LedgerQuery) (hook.Ledger, error) {
	r.reports.query = q
	return r.reports.ledger, r.err
}

func (r reportsOf) Undelivered(_ context.Context, _ hook.LedgerQuery, page hook.Page) ([]hook.Undelivered, error) {
	return cut(r.reports.undelivered, page, func(u hook.Undelivered) string { return u.Key.ID }), r.err
}

func TestHealthOfAWebhook(t *testing.T) {
	c := newClient(t)
	c.store.webhooks = []hook.Webhook{{ID: "wh_1"}}
	total, hourly := hook.TallyUp([]hook.HealthCount{
		{Hour: now().Truncate(time.Hour), Step: hook.LatencyStep(100 * time.Millisecond), N: 3},
		{Hour: now().Truncate(time.Hour), Reason: hook.ReasonDNS, N: 1},
	})
	c.store.reports.health = hook.HealthReport{
		Health:        hook.Health{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth, FailuresInRow: 4},
		LastFailureAt: now(), LastFailureReason: hook.ReasonDNS, Since: now(), Total: total, Hourly: hourly, NextProbeAt: now(),
	}
	c.store.reports.transitions = []hook.Transition{{At: now(), FromStatus: hook.Degraded, Status: hook.Unhealthy, Cause: hook.ProbeFailed, Reason: hook.ReasonDNS, DeliveryID: "dlv_1"}}
	got := c.call("GET", "/v1/webhooks/wh_1/health", "").is(200).json()
	const at = "2026-05-04T09:30:00.123456Z"
	require.Equal(t, map[string]any{
		"status": "UNHEALTHY", "enabled": false, "disabled_reason": "health", "streak": map[string]any{"outcome": "failure", "length": 4.0},
		"last_failure":  map[string]any{"at": at, "reason": "dns", "words": hook.Words(hook.ReasonDNS)},
		"next_probe_at": at, "gave_up_at": nil, "paused_until": nil, "pace_per_second": nil, "since": at, "kept_since": nil, "attempts": 4.0, "succeeded": 3.0, "failed": 1.0, "success_rate": 0.75,
		"latency_ms": map[string]any{"p50": 98.7, "p95": 98.7, "p99": 98.7},
		"hourly": []any{map[string]any{"hour": "2026-05-04T09:00:00Z", "attempts": 4.0, "succeeded": 3.0, "failed": 1.0,
			"by_reason": map[string]any{"dns": 1.0}, "p50_ms": 98.7, "p95_ms": 98.7}},
		"transitions": []any{map[string]any{"at": at, "from_status": "DEGRADED", "status": "UNHEALTHY", "enabled": false, "cause": "probe_failed",
			"reason": "dns", "delivery_id": "dlv_1", "actor": nil, "note": nil}},
	}, got)
	require.WithinDuration(t, time.Now().Add(-24*time.Hour), c.store.reports.since, time.Minute)
	c.call("GET", "/v1/webhooks/wh_2/health", "").problem(404, "not_found")

	c.store.reports.health = hook.HealthReport{SuccessesInRow: 2}
	got = c.call("GET", "/v1/webhooks/wh_1/health", "").is(200).json()
	require.Equal(t, map[string]any{"outcome": "success", "length": 2.0}, got["streak"])
	require.Nil(t, got["success_rate"])
	require.Nil(t, got["last_failure"])
	require.Equal(t, map[string]any{"p50": nil, "p95": nil, "p99": nil}, got["latency_ms"])
	c.store.reports.health = hook.HealthReport{}
	require.Equal(t, map[string]any{"outcome": nil, "length": 0.0}, c.call("GET", "/v1/webhooks/wh_1/health", "").json()["streak"])
}

func TestReportsLookBackOnlySoFar(t *testing.T) {
	c := newClient(t)
	c.store.webhooks = []hook.Webhook{{ID: "wh_1"}}
	ago := func(d time.Duration) string { return url.QueryEscape(time.Now().Add(-d).Format(time.RFC3339)) }
	const day = 24 * time.Hour
	for _, path := range []string{"/v1/webhooks/wh_1/health", "/v1/stats"} {
		c.call("GET", path+"?since="+ago(29*day), "").is(200)
		require.WithinDuration(t, time.Now().Add(-29*day), c.store.reports.since, time.Minute)
		for _, since := range []string{ago(-time.Hour), ago(31 * day), "yesterday"} {
			c.call("GET", path+"?since="+since, "").problem(422, "invalid")
		}
	}
	path := "/v1/webhooks/wh_1/ledger"
	c.call("GET", path, "").is(200)
	require.WithinDuration(t, time.Now().Add(-day), c.store.reports.query.Since, time.Minute)
	c.call("GET", path+"?until="+ago(40*day), "").is(200)
	require.WithinDuration(t, time.Now().Add(-41*day), c.store.reports.query.Since, time.Minute)
	for _, query := range []string{"since=" + ago(32*day), "since=" + ago(-day), "since=" + ago(day) + "&until=" + ago(2*day), "since=x"} {
		c.call("GET", path+"?"+query, "").problem(422, "invalid")
	}
}

func TestLedgerOfAWebhook(t *testing.T) {
	c := newClient(t)
	c.store.webhooks = []hook.Webhook{{ID: "wh_1"}}
	l := hook.Ledger{Matched: 3}
	l.Count(hook.Succeeded, "", 1)
	l.Count(hook.Held, hook.ReasonWebhookDisabled, 2)
	c.store.reports.ledger = l
	for _, id := range []string{"dlv_2", "dlv_1"} {
		c.store.reports.undelivered = append(c.store.reports.undelivered, hook.Undelivered{
			Delivery:  hook.Delivery{ID: id, EventID: "e1", EventType: "T", Status: hook.Held, Reason: hook.ReasonWebhookDisabled},
			MatchedAt: now(), Key: hook.Cursor{Time: now(), ID: id}})
	}
	got := c.call("GET", "/v1/webhooks/wh_1/ledger?limit=1", "").is(200).json()
	require.Equal(t, true, got["balanced"])
	for field, want := range map[string]float64{"matched": 3, "succeeded": 1, "held": 2, "pending": 0, "retrying": 0, "failed": 0, "cancelled": 0} {
		require.EqualValues(t, want, got[field], field)
	}
	require.Equal(t, map[string]any{"webhook_disabled": 2.0}, got["by_reason"])
	page := got["undelivered"].(map[string]any)
	require.Equal(t, []any{map[string]any{"delivery_id": "dlv_2", "event_id": "e1", "event_type": "T", "status": "held",
		"reason": "webhook_disabled", "created_at": "2026-05-04T09:30:00.123456Z"}}, page["data"])
	page = c.call("GET", "/v1/webhooks/wh_1/ledger?limit=1&cursor="+page["next_cursor"].(string), "").is(200).json()["undelivered"].(map[string]any)
	require.Equal(t, "dlv_1", page["data"].([]any)[0].(map[string]any)["delivery_id"])
	require.Nil(t, page["next_cursor"])
	c.call("GET", "/v1/webhooks/wh_2/ledger", "").problem(404, "not_found")
	l.Matched++
	c.store.reports.ledger = l
	require.Equal(t, false, c.call("GET", "/v1/webhooks/wh_1/ledger", "").json()["balanced"])
}

func TestStatsOfAll(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.Now = func() time.Time { return now().Add(2 * time.Hour) } })
	c.store.reports.stats = hook.Stats{Deliveries: map[hook.DeliveryStatus]int{hook.Succeeded: 7}, Backlog: map[hook.DeliveryStatus]int{hook.Held: 2},
		Events: 5, Attempts: 10, Succeeded: 8, AttemptsSince: now(), OldestWaiting: now(),
		Hourly:   []hook.HourNumbers{{Hour: now().Add(time.Hour), Attempts: 10, Succeeded: 8}, {Hour: now().Add(9 * time.Hour), Attempts: 1}},
		ByReason: map[hook.Reason]int{hook.ReasonExhausted: 1, hook.ReasonExpired: 1, hook.ReasonWebhookDisabled: 2}}
	got := c.call("GET", "/v1/stats", "").is(200).json()
	require.Equal(t, 5.0, got["events"])
	require.Equal(t, map[string]any{"pending": 0.0, "retrying": 0.0, "succeeded": 7.0, "failed": 0.0, "held": 0.0, "cancelled": 0.0}, got["deliveries"])
	require.Equal(t, map[string]any{"pending": 0.0, "retrying": 0.0, "held": 2.0}, got["backlog"])
	require.Equal(t, map[string]any{"since": "2026-05-04T09:30:00.123456Z", "total": 10.0, "succeeded": 8.0, "failed": 2.0, "success_rate": 0.8}, got["attempts"])
	require.Equal(t, "2026-05-04T09:30:00.123456Z", got["oldest_waiting_at"])
	require.Equal(t, []any{map[string]any{"reason": "webhook_disabled", "count": 2.0}, map[string]any{"reason": "exhausted", "count": 1.0}, map[string]any{"reason": "expired", "count": 1.0}}, got["by_reason"])
	require.Equal(t, []any{
		map[string]any{"hour": "2026-05-04T09:30:00.123456Z", "succeeded": 0.0, "failed": 0.0},
		map[string]any{"hour": "2026-05-04T10:30:00.123456Z", "succeeded": 8.0, "failed": 2.0},
		map[string]any{"hour": "2026-05-04T11:30:00.123456Z", "succeeded": 0.0, "failed": 0.0},
	}, got["hourly"])
}
