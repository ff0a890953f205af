package api

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// WebhookNumbers gives every webhook the same: one hour with attempts.
func (f *fake) WebhookNumbers(_ context.Context, ids []string, since time.Time) (map[string]hook.WebhookNumbers, error) {
	out := map[string]hook.WebhookNumbers{}
	for _, id := range ids {
		out[id] = hook.WebhookNumbers{Waiting: 2, Held: 3, LastFailureAt: now(), LastFailureReason: hook.ReasonDNS,
			Hourly: []hook.HourNumbers{{Hour: since.Add(23 * time.Hour), Attempts: 5, Succeeded: 4}, {Hour: since.Add(24 * time.Hour), Attempts: 9}}}
	}
	return out, f.err
}

// LastAttempts gives the last of the attempts for each delivery.
func (f *fake) LastAttempts(_ context.Context, ids []string) (out []hook.Attempt, err error) {
	for _, id := range ids {
		for _, a := range f.attempts[max(0, len(f.attempts)-1):] {
			a.DeliveryID = id
			out = append(out, a)
		}
	}
	return out, f.err
}

// EventOutcomes gives every event but the first the same.
func (f *fake) EventOutcomes(_ context.Context, ids []string) (map[string]hook.EventOutcome, error) {
	out := map[string]hook.EventOutcome{}
	for _, id := range ids[1:] {
		out[id] = hook.EventOutcome{Total: 4, Succeeded: 1, Failed: 1, Waiting: 1, Held: 1}
	}
	return out, f.err
}

func TestListEvents_TellsWhatBecameOfEach(t *testing.T) {
	c := newClient(t)
	c.store.events = []hook.Event{{ID: "e1", Type: "A", AcceptedAt: now()}, {ID: "e2", Type: "A", AcceptedAt: now()}}
	rows := c.call("GET", "/v1/events", "").is(200).json()["data"].([]any)
	require.Equal(t, map[string]any{"total": 0.0, "succeeded": 0.0, "failed": 0.0, "waiting": 0.0, "held": 0.0}, rows[0].(map[string]any)["deliveries"])
	require.Equal(t, map[string]any{"total": 4.0, "succeeded": 1.0, "failed": 1.0, "waiting": 1.0, "held": 1.0}, rows[1].(map[string]any)["deliveries"])
	for query, want := range map[string]any{"": nil, "?matched=true": true, "?matched=false": false} {
		c.call("GET", "/v1/events"+query, "").is(200)
		got := c.store.askedFilter.(hook.EventFilter).Matched
		require.Equal(t, want == nil, got == nil, query)
		if got != nil {
			require.Equal(t, want, *got, query)
		}
	}
	c.call("GET", "/v1/events?matched=maybe", "").problem(422, "invalid")
	c.call("GET", "/v1/events/e1", "").is(200)
}

func TestNumbers_AreInRowsWhereTheyAreAskedFor(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.Now = now })
	c.store.webhooks = []hook.Webhook{{ID: "wh_1", Name: "n", CreatedAt: now()}}
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
		"last_failure": map[string]any{"at": "2026-05-04T09:30:00.123456Z", "reason": "dns"}}, stats)
	c.call("GET", "/v1/webhooks?include=everything", "").problem(422, "invalid")
}

func TestNumbers_ShowTheLastAttempt(t *testing.T) {
	c := newClient(t)
	d := deliveryOfTests()
	d.Attempts, d.Unused = 4, 1
	c.store.deliveries = []hook.Delivery{d}
	last := func() any {
		return c.call("GET", "/v1/deliveries", "").is(200).json()["data"].([]any)[0].(map[string]any)["last_attempt"]
	}
	require.Nil(t, last())
	for outcome, number := range map[hook.Outcome]float64{hook.Failure: 3, hook.PutOff: 4, "": 3} {
		c.store.attempts = []hook.Attempt{{Number: 1}, {Number: 4, StartedAt: now(), Result: hook.Result{Outcome: outcome, StatusCode: 503, Reason: hook.ReasonStatus5xx, Duration: time.Second}}}
		shown := string(outcome)
		if outcome == "" {
			shown = "in_flight"
		}
		require.Equal(t, map[string]any{"number": number, "at": "2026-05-04T09:30:00.123456Z", "duration_ms": 1000.0, "status_code": 503.0, "outcome": shown, "reason": "status_5xx"}, last())
	}
}
