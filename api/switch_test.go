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

// deadReceiver are the probes that say that nobody is there, or does not want to be.
var deadReceiver = map[string]hook.Result{
	"no answer": {Outcome: hook.Failure, Reason: hook.ReasonConnectRefused},
	"500":       {Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: 500},
	"410":       {Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410},
}

func TestEnable_TakesAnyAnswerForLife(t *testing.T) {
	for _, status := range []int{200, 302, 400, 401, 404, 422, 429} {
		for _, call := range [][3]string{{"POST", "/v1/webhooks/wh_1/enable", ""}, {"PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`}} {
			c := patchable(t, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus4xx, StatusCode: status})
			c.call(call[0], call[1], call[2]).is(200)
		}
	}
}

// patchable is off with a webhook that a patch leaves valid.
func patchable(t *testing.T, probe hook.Result) *client {
	c := newClient(t)
	c.made(leastWebhook)
	w := &c.store.webhooks[0]
	w.ID, w.Enabled, w.Status, w.DisabledReason = "wh_1", false, hook.Unhealthy, hook.DisabledByHealth
	c.store.probe = probe
	return c
}

func TestPatch_SwitchesOnAsEnableDoes(t *testing.T) {
	for name, probe := range deadReceiver {
		for _, patch := range []string{`{"enabled":true}`, `{"enabled":null}`, `{"enabled":true,"name":"M"}`} {
			c := patchable(t, probe)
			a := c.call("PATCH", "/v1/webhooks/wh_1", patch)
			a.problem(409, "conflict")
			require.Equal(t, "failure", at(a.json()["attempt"], "outcome"), name)
			require.Contains(t, a.json()["detail"], "send the request again")
			require.EqualValues(t, 1, c.store.webhooks[0].Version, "nothing of the patch is done")
		}
	}
	c := patchable(t, hook.Result{Outcome: hook.Success, StatusCode: 204})
	w := c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`).is(200).json()
	require.Equal(t, []any{true, "HEALTHY", nil}, []any{w["enabled"], w["status"], w["disabled_reason"]})
}

func TestPatch_ProbesOnlyWhatItSwitchesOn(t *testing.T) {
	for _, patch := range []string{`{"name":"M"}`, `{"enabled":false}`} {
		patchable(t, deadReceiver["500"]).call("PATCH", "/v1/webhooks/wh_1", patch).is(200)
	}
	c := patchable(t, deadReceiver["500"])
	c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true,"name":""}`).problem(422, "invalid")
	c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`, "If-Match", `"9"`).problem(412, "stale")
	c.call("PATCH", "/v1/webhooks/none", `{"enabled":true}`).problem(404, "not_found")
	c.store.webhooks[0].Enabled, c.store.webhooks[0].DisabledReason = true, ""
	c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`).is(200)
}

func TestWebhook_ShowsItsPause(t *testing.T) {
	c := patchable(t, hook.Result{})
	w := c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Equal(t, []any{nil, nil}, []any{w["paused_until"], w["pace_per_second"]})
	until := time.Now().Add(time.Hour)
	c.store.webhooks[0].Pause = hook.Pause{Until: until, Pace: 0.12345}
	w = c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Equal(t, []any{until.UTC().Format(time.RFC3339Nano), 0.123}, []any{w["paused_until"], w["pace_per_second"]})
	c.store.webhooks[0].Pause.Until = time.Now().Add(-time.Second)
	w = c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Equal(t, []any{nil, 0.123}, []any{w["paused_until"], w["pace_per_second"]}, "the pause is over, the pace is not")
}

func TestRateLimit_TakesFractions(t *testing.T) {
	c := newClient(t)
	for raw, want := range map[string]float64{"0.1": 0.1, "5": 5, "0.0833": 0.0833, "0.001": 0.001, "1e6": 1e6, "2.0": 2} {
		path := c.made(`{"owner_id":"u1","name":"N","url":"https://x.test/","rules":[{"events":["A"]}],"rate_limit_per_second":` + raw + `}`)
		require.Equal(t, want, c.call("GET", path, "").is(200).json()["rate_limit_per_second"], raw)
		c.call("PATCH", path, `{"name":"M"}`).is(200)
		require.Equal(t, want, c.call("GET", path, "").is(200).json()["rate_limit_per_second"], raw)
	}
	for _, raw := range []string{"0", "0.0009", "-1", "1000001", `"5/m"`, `"5"`, "true", "[1]"} {
		path := c.made(leastWebhook)
		bad := c.call("PATCH", path, `{"rate_limit_per_second":`+raw+`}`).problem(422, "invalid")
		require.NotEmpty(t, bad["/rate_limit_per_second"], raw)
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
