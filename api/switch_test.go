package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

const isOff = `enabled = false, status = 'UNHEALTHY', disabled_reason = 'health'`

// off makes a client with one webhook that health has deactivated.
func off(t *testing.T, probe hook.Result) *client {
	c := staged(t)
	c.probe = probe
	c.webhook("wh_1", isOff)
	return c
}

// caused is what happened to a webhook last, by whom and why.
func (c *client) caused(webhookID string) (out []any) {
	c.t.Helper()
	var cause, actor, note string
	c.scan(`SELECT cause, coalesce(actor, ''), coalesce(note, '') FROM transitions WHERE webhook_id = '`+webhookID+`' ORDER BY seq DESC LIMIT 1`, &cause, &actor, &note)
	return []any{cause, actor, note}
}

func TestEnableProbesAndSwitchesOn(t *testing.T) {
	c := off(t, hook.Result{Outcome: hook.Success, StatusCode: 204})
	c.delivery("dlv_1", isHeld)
	wakes := 0
	for body, release := range map[string]bool{"": true, "{}": true, `{"drain":true}`: true, `{"drain":null}`: true, `{"drain":false}`: false} {
		c.change("webhooks", "wh_1", isOff+`, drain = 0, drain_until = NULL`)
		c.change("deliveries", "dlv_1", isHeld)
		w := c.call("POST", "/v1/webhooks/wh_1/enable", body).is(200)
		require.Equal(t, true, w.json()["enabled"])
		require.Equal(t, release, w.json()["draining"], body)
		require.NotEmpty(t, w.Header().Get("ETag"))
		require.Equal(t, []any{"owner_enabled", "admin", ""}, c.caused("wh_1"))
		wakes++
		require.Equal(t, wakes, c.wakes)
	}
}

// deadReceiver are the probes that say that nobody is there, or does not want to be.
var deadReceiver = map[string]hook.Result{
	"no answer": {Outcome: hook.Failure, Reason: hook.ReasonConnectRefused},
	"500":       {Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: 500},
	"410":       {Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410},
}

func TestEnable_TakesAnyAnswerForLife(t *testing.T) {
	c := off(t, hook.Result{})
	for _, status := range []int{200, 302, 400, 401, 404, 422, 429} {
		c.probe = hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus4xx, StatusCode: status}
		for _, call := range [][3]string{{"POST", "/v1/webhooks/wh_1/enable", ""}, {"PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`}} {
			c.change("webhooks", "wh_1", isOff)
			c.call(call[0], call[1], call[2]).is(200)
		}
	}
}

func TestPatch_SwitchesOnAsEnableDoes(t *testing.T) {
	c := off(t, hook.Result{})
	for name, probe := range deadReceiver {
		c.probe = probe
		for _, patch := range []string{`{"enabled":true}`, `{"enabled":null}`, `{"enabled":true,"name":"M"}`} {
			a := c.call("PATCH", "/v1/webhooks/wh_1", patch)
			a.problem(409, "conflict")
			require.Equal(t, "failure", at(a.json()["attempt"], "outcome"), name)
			require.Contains(t, a.json()["detail"], "send the request again")
			require.EqualValues(t, 1, c.stored("wh_1").Version, "nothing of the patch is done")
		}
	}
	c.probe = hook.Result{Outcome: hook.Success, StatusCode: 204}
	w := c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`).is(200).json()
	require.Equal(t, []any{true, "HEALTHY", nil}, []any{w["enabled"], w["status"], w["disabled_reason"]})
}

func TestPatch_ProbesOnlyWhatItSwitchesOn(t *testing.T) {
	c := off(t, deadReceiver["500"])
	for _, patch := range []string{`{"name":"M"}`, `{"enabled":false}`} {
		c.call("PATCH", "/v1/webhooks/wh_1", patch).is(200)
	}
	c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true,"name":""}`).problem(422, "invalid")
	c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`, "If-Match", `"9"`).problem(412, "stale")
	c.call("PATCH", "/v1/webhooks/none", `{"enabled":true}`).problem(404, "not_found")
	c.change("webhooks", "wh_1", `enabled = true, disabled_reason = NULL`)
	c.call("PATCH", "/v1/webhooks/wh_1", `{"enabled":true}`).is(200)
}

func TestWebhook_ShowsItsPause(t *testing.T) {
	c := off(t, hook.Result{})
	pause := func() []any {
		w := c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
		return []any{w["paused_until"], w["pace_per_second"]}
	}
	require.Equal(t, []any{nil, nil}, pause())
	until := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	c.change("webhooks", "wh_1", `paused_until = $1, pace = 0.12345`, until)
	require.Equal(t, []any{until.UTC().Format(time.RFC3339Nano), 0.123}, pause())
	c.change("webhooks", "wh_1", `paused_until = now() - interval '1 second'`)
	over := pause()
	require.Nil(t, over[0])
	require.InDelta(t, 0.123, over[1], 0.1, "the pause is over, the pace is not and rises")
}

func TestRateLimit_TakesFractions(t *testing.T) {
	c := staged(t)
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
	require.False(t, c.stored("wh_1").Enabled)
	require.Zero(t, c.count("transitions"))
	require.Zero(t, c.wakes)
}

func TestDisableTellsWhyAndByWhom(t *testing.T) {
	c := off(t, hook.Result{})
	for body, note := range map[string]string{"": "", "{}": "", `{"reason":"maintenance"}`: "maintenance", `{"reason":"` + strings.Repeat("ü", 200) + `"}`: strings.Repeat("ü", 200)} {
		c.change("webhooks", "wh_1", `enabled = true, disabled_reason = NULL`)
		w := c.call("POST", "/v1/webhooks/wh_1/disable", body).is(200).json()
		require.Equal(t, "owner", w["disabled_reason"])
		require.Equal(t, []any{"owner_disabled", "admin", note}, c.caused("wh_1"))
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
	require.Zero(t, c.count("transitions"))
}

func TestAWebhookShowsItsRecovery(t *testing.T) {
	c := off(t, hook.Result{})
	w := c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Nil(t, w["recovery"])
	require.Equal(t, false, w["draining"])
	c.change("webhooks", "wh_1", `drain = 4, recover_at = now(), probes = 2, next_probe_at = $1, recover_until = $2`, now(), now().Add(time.Hour))
	w = c.call("GET", "/v1/webhooks/wh_1", "").is(200).json()
	require.Equal(t, true, w["draining"])
	require.Equal(t, map[string]any{"probes": 2.0, "next_probe_at": nowText, "until": "2026-05-04T10:30:00.123456Z", "gave_up_at": nil}, w["recovery"])
}
