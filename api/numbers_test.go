package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestListEvents_TellsTheOutcomeOfEach(t *testing.T) {
	c := staged(t)
	c.event("e1", `accepted_at = accepted_at + interval '1 second'`)
	c.event("e2", "")
	for i, is := range []string{isSucceeded, isFailed, "", isHeld} {
		id := fmt.Sprintf("dlv_x%d", i)
		c.webhook(fmt.Sprintf("wh_%d", i), "")
		c.delivery(id, `event_id = 'e2', webhook_id = 'wh_`+fmt.Sprint(i)+`'`)
		c.change("deliveries", id, is)
	}
	c.exec(`DELETE FROM events WHERE id LIKE 'ex%'`)
	require.Equal(t, []any{"e1", "e2"}, c.ids("/v1/events"))
	rows := c.call("GET", "/v1/events", "").is(200).json()["data"].([]any)
	require.Equal(t, map[string]any{"total": 0.0, "succeeded": 0.0, "failed": 0.0, "waiting": 0.0, "held": 0.0}, at(rows[0], "deliveries"))
	require.Equal(t, map[string]any{"total": 4.0, "succeeded": 1.0, "failed": 1.0, "waiting": 1.0, "held": 1.0}, at(rows[1], "deliveries"))
	require.Equal(t, []any{"e2"}, c.ids("/v1/events?matched=true"))
	require.Equal(t, []any{"e1"}, c.ids("/v1/events?matched=false"))
	c.call("GET", "/v1/events?matched=maybe", "").problem(422, "invalid")
	c.call("GET", "/v1/events/e1", "").is(200)
}

func TestNumbers_AreInRowsWhereTheyAreAskedFor(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Now = now })
	c.webhook("wh_1", `last_failure_at = $1, last_failure_reason = 'dns', drain = 1, drain_total = 9, recover_at = $1, probes = 2, next_probe_at = $1`, now())
	c.counted("wh_1", "", 1, 4)
	c.counted("wh_1", hook.ReasonDNS, 0, 1)
	for i, is := range []string{"", isRetrying, isHeld, isHeld, isHeld} {
		c.delivery(fmt.Sprintf("dlv_%d", i), is)
	}
	row := func(query string) map[string]any {
		return c.call("GET", "/v1/webhooks"+query, "").is(200).json()["data"].([]any)[0].(map[string]any)
	}
	require.NotContains(t, row(""), "stats")
	stats := row("?include=stats")["stats"].(map[string]any)
	hourly := stats["hourly"].([]any)
	require.Len(t, hourly, 24)
	require.Equal(t, map[string]any{"hour": "2026-05-03T10:00:00Z", "succeeded": 0.0, "failed": 0.0}, hourly[0])
	require.Equal(t, map[string]any{"hour": "2026-05-04T09:00:00Z", "succeeded": 4.0, "failed": 1.0}, hourly[23])
	delete(stats, "hourly")
	require.Equal(t, map[string]any{"since": "2026-05-03T10:00:00Z", "attempts": 5.0, "succeeded": 4.0, "failed": 1.0, "waiting": 2.0, "held": 3.0, "last_attempt_at": nil,
		"last_delivered_at": nil, "failures_in_row": 0.0, "off_since": nil, "draining": true, "drain": map[string]any{"total": 9.0, "left": 3.0}, "unreachable_rules": []any{},
		"recovery":     map[string]any{"next_probe_at": nowText, "probes": 2.0, "until": nil, "gave_up_at": nil},
		"last_failure": map[string]any{"at": nowText, "reason": "dns"}}, stats)
	c.call("GET", "/v1/webhooks?include=everything", "").problem(422, "invalid")
	one := c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Equal(t, stats["drain"], one["stats"].(map[string]any)["drain"])
}

func TestNumbers_ShowTheLastAttempt(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isRetrying)
	c.change("deliveries", "dlv_1", `attempts = 4, unused = 1`)
	last := func() any {
		return c.call("GET", "/v1/deliveries", "").is(200).json()["data"].([]any)[0].(map[string]any)["last_attempt"]
	}
	require.Nil(t, last())
	c.attempt("dlv_1", 1, `status_code = 500`)
	c.attempt("dlv_1", 4, "")
	want := map[string]any{"number": 3.0, "at": nowText, "duration_ms": 1000.0, "status_code": 503.0, "outcome": "failure", "reason": "status_5xx"}
	require.Equal(t, want, last())
	c.exec(`UPDATE attempts SET outcome = 'put_off'`)
	want["number"], want["outcome"] = 4.0, "put_off"
	require.Equal(t, want, last())
	c.exec(`UPDATE attempts SET outcome = NULL, finished_at = NULL, reason = NULL, status_code = NULL, duration_ms = NULL`)
	require.Equal(t, map[string]any{"number": 3.0, "at": nowText, "duration_ms": 0.0, "status_code": nil, "outcome": "in_flight", "reason": nil}, last())
}
