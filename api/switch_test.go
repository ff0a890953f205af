package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// off makes a client with one webhook that health has deactivated.
func off(t *testing.T, probe hook.Result) *client {
	c := newClient(t)
	c.store.probe = probe
	c.store.webhooks = []hook.Webhook{{ID: "wh_1", Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth}}
	return c
}

func TestEnableProbesAndSwitchesOn(t *testing.T) {
	for body, release := range map[string]bool{"": true, "{}": true, `{"drain":true}`: true, `{"drain":null}`: true, `{"drain":false}`: false} {
		c := off(t, hook.Result{Outcome: hook.Success, StatusCode: 204})
		w := c.call("POST", "/v1/webhooks/wh_1/enable", body).is(200)
		require.Equal(t, true, w.json()["enabled"])
		require.NotEmpty(t, w.Header().Get("ETag"))
		require.Equal(t, []hook.Cause{{What: hook.OwnerEnabled, Actor: "admin", Release: release}}, c.store.causes, body)
		require.Equal(t, 1, c.wakes)
	}
}

func TestEnableOfADeadReceiverShowsTheProbeAndChangesNothing(t *testing.T) {
	c := off(t, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: 503, Error: "the receiver answered 503", URL: "https://x.test/…",
		Duration: 20 * time.Millisecond, ResponseBody: []byte("down")})
	a := c.call("POST", "/v1/webhooks/wh_1/enable", "")
	a.problem(409, "conflict")
	attempt := a.json()["attempt"]
	require.EqualValues(t, 503, at(attempt, "status_code"))
	require.Equal(t, "failure", at(attempt, "outcome"))
	require.Equal(t, "down", at(attempt, "response", "body"))
	require.Equal(t, "https://x.test/…", at(attempt, "request", "url"))
	require.EqualValues(t, 20, at(attempt, "duration_ms"))
	require.Empty(t, c.store.causes)
	require.Zero(t, c.wakes)
}

func TestDisableTellsWhyAndByWhom(t *testing.T) {
	for body, note := range map[string]string{"": "", "{}": "", `{"reason":"maintenance"}`: "maintenance", `{"reason":"` + strings.Repeat("ü", 200) + `"}`: strings.Repeat("ü", 200)} {
		c := off(t, hook.Result{})
		w := c.call("POST", "/v1/webhooks/wh_1/disable", body).is(200).json()
		require.Equal(t, "owner", w["disabled_reason"])
		require.Equal(t, []hook.Cause{{What: hook.OwnerDisabled, Actor: "admin", Note: note}}, c.store.causes)
	}
}

func TestSwitchesRefuseWhatTheyDoNotKnow(t *testing.T) {
	c := off(t, hook.Result{Outcome: hook.Success})
	for _, bad := range []struct{ call, body, pointer string }{
		{"enable", `{"force":true}`, "/force"}, {"enable", `{"drain":1}`, "/drain"}, {"enable", `[]`, ""},
		{"disable", `{"drain":true}`, "/drain"}, {"disable", `{"reason":1}`, "/reason"}, {"disable", `{"reason":"a\u0000b"}`, "/reason"},
		{"disable", `{"reason":"` + strings.Repeat("x", 201) + `"}`, "/reason"},
	} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/"+bad.call, bad.body).problem(422, "invalid"), bad.pointer, bad.body)
	}
	for _, call := range []string{"enable", "disable"} {
		c.call("POST", "/v1/webhooks/none/"+call, "").problem(404, "not_found")
		c.call("POST", "/v1/webhooks/wh_1/"+call, "{").problem(400, "malformed")
	}
	require.Empty(t, c.store.causes)
}

func TestAWebhookShowsItsRecovery(t *testing.T) {
	c := off(t, hook.Result{})
	w := c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Nil(t, w["recovery"])
	require.Equal(t, false, w["draining"])
	c.store.webhooks[0].Drain = 4
	c.store.recovery = &hook.Recovery{Running: true, Probes: 2, NextProbeAt: now(), Until: now().Add(time.Hour)}
	w = c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Equal(t, true, w["draining"])
	require.Equal(t, map[string]any{"probes": 2.0, "next_probe_at": "2026-05-04T09:30:00.123456Z", "until": "2026-05-04T10:30:00.123456Z", "gave_up_at": nil}, w["recovery"])
}
