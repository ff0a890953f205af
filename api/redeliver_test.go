package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRedeliverShowsTheNewDelivery(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isFailed)
	got := c.call("POST", "/v1/deliveries/dlv_1/redeliver", "").is(202).json()
	require.Regexp(t, `^dlv_[0-9a-v]{26}$`, got["id"])
	require.Equal(t, got["id"], got["delivery_id"])
	require.Equal(t, "dlv_1", got["redelivery_of"])
	require.Equal(t, []any{}, got["attempts"])
	require.Equal(t, 1, c.wakes)
	for field := range c.call("GET", "/v1/deliveries/dlv_1", "").json() {
		require.Contains(t, got, field, "as GET shows it")
	}

	c.call("POST", "/v1/deliveries/none/redeliver", "").problem(404, "not_found")
	c.call("POST", "/v1/deliveries/a%20b/redeliver", "").problem(404, "not_found")
	for _, id := range []string{got["id"].(string), "dlv_1"} { // it is on its way, and was redelivered
		c.call("POST", "/v1/deliveries/"+id+"/redeliver", "").problem(409, "conflict")
	}
	require.Equal(t, 1, c.wakes)
}

func TestRetryNowAndCancelShowTheDelivery(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	for i, tc := range []struct {
		path, delivery string
		status         int
		want           string
	}{{"retry-now", "dlv_1", 202, "retrying"}, {"cancel", "dlv_2", 200, "cancelled"}} {
		c.delivery(tc.delivery, isRetrying)
		path := "/v1/deliveries/" + tc.delivery + "/" + tc.path
		got := c.call("POST", path, "").is(tc.status).json()
		require.Equal(t, tc.delivery, got["id"])
		require.Equal(t, tc.want, got["status"])
		require.Nil(t, got["redelivery_of"])
		require.Equal(t, false, got["superseded"])
		require.Nil(t, got["redelivery_id"])
		require.Equal(t, i+1, c.wakes)
		if tc.want == "retrying" {
			due := false
			c.scan(`SELECT dispatch_at <= now() FROM deliveries WHERE id = 'dlv_1'`, &due)
			require.True(t, due, "at once")
		}
		c.change("deliveries", tc.delivery, isSucceeded)
		c.call("POST", path, "").problem(409, "conflict")
		require.Equal(t, i+1, c.wakes)
	}
}

func TestRedeliveries_BeginOrAreCounted(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isFailed)
	c.delivery("dlv_2", isHeld)
	c.delivery("dlv_3", isCancelled+`, attempts = 1, event_type = 'TODO_CREATED'`)
	c.attempt("dlv_3", 1, "")
	c.delivery("dlv_4", isFailed+`, created_at = $1`, now().Add(-time.Minute))
	begun := func(body string) map[string]any {
		a := c.call("POST", "/v1/webhooks/wh_1/redeliver", body).is(202)
		id := a.json()["redelivery_id"].(string)
		require.Regexp(t, `^rdl_[0-9a-v]{26}$`, id)
		require.Equal(t, "/v1/webhooks/wh_1/redeliveries/"+id, a.Header().Get("Location"))
		got := c.call("GET", a.Header().Get("Location"), "").is(200).json()
		require.Equal(t, got["count"], a.json()["count"])
		return got
	}
	got := begun(`{"since":"2026-05-04T09:30:00.1Z"}`)
	require.Equal(t, []any{"2026-05-04T09:30:00.1Z", 2.0, []any{"failed", "held"}, []any{}}, []any{got["since"], got["count"], got["statuses"], got["event_types"]})

	const filtered = `{"since":"2026-05-04T09:30:00.1Z","until":"2026-05-04T11:31:00+01:00","statuses":["cancelled"],"event_types":["TODO_CREATED","combination"],
		"reasons":["cancelled_by_owner","dns"],"status_codes":["503","4xx"]`
	a := c.call("POST", "/v1/webhooks/wh_1/redeliver", filtered+`,"dry_run":true}`).is(200)
	require.Equal(t, map[string]any{"redelivery_id": nil, "count": 1.0}, a.json())
	require.Equal(t, 1, c.count("redeliveries"))
	got = begun(filtered + `}`)
	require.Equal(t, []any{"2026-05-04T10:31:00Z", 1.0, []any{"cancelled"}, []any{"TODO_CREATED", "combination"}, []any{"cancelled_by_owner", "dns"}, []any{"503", "4xx"}},
		[]any{got["until"], got["count"], got["statuses"], got["event_types"], got["reasons"], got["status_codes"]})
}

func TestRedeliveries_NameWhatIsWrong(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", `enabled = false, disabled_reason = 'owner'`)
	for body, pointer := range map[string]string{
		`{}`:                    "/since",
		`{"since":"yesterday"}`: "/since",
		`{"since":"2026-05-04T09:30:00Z","until":"later"}`:                                            "/until",
		`{"since":"2026-05-04T09:30:00Z","until":"2026-05-04T09:30:00Z"}`:                             "/until",
		`{"since":"2026-05-04T09:30:00Z","statuses":[]}`:                                              "/statuses",
		`{"since":"2026-05-04T09:30:00Z","statuses":["succeeded"]}`:                                   "/statuses/0",
		`{"since":"2026-05-04T09:30:00Z","event_types":[]}`:                                           "/event_types",
		`{"since":"2026-05-04T09:30:00Z","event_types":["A","b c"]}`:                                  "/event_types/1",
		`{"since":"2026-05-04T09:30:00Z","reasons":[]}`:                                               "/reasons",
		`{"since":"2026-05-04T09:30:00Z","reasons":["gone","lost"]}`:                                  "/reasons/1",
		`{"since":"2026-05-04T09:30:00Z","status_codes":[]}`:                                          "/status_codes",
		`{"since":"2026-05-04T09:30:00Z","status_codes":["503","5x"]}`:                                "/status_codes/1",
		`{"since":"2026-05-04T09:30:00Z","status_codes":["503"` + strings.Repeat(`,"503"`, 50) + `]}`: "/status_codes",
		`{"since":"2026-05-04T09:30:00Z","reasons":["gone"` + strings.Repeat(`,"gone"`, 50) + `]}`:    "/reasons",
		`{"since":"2026-05-04T09:30:00Z","dry_run":"yes"}`:                                            "/dry_run",
		`{"since":"2026-05-04T09:30:00Z","dryrun":true}`:                                              "/dryrun",
	} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/redeliver", body).problem(422, "invalid"), pointer, body)
	}
	c.call("POST", "/v1/webhooks/wh_1/redeliver", `{"since":"2026-05-04T09:30:00Z"}`).problem(409, "conflict")
	require.Zero(t, c.count("redeliveries"))
}

func TestCancelDeliveries_BeginsOrCounts(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", "")
	c.delivery("dlv_2", isRetrying)
	c.delivery("dlv_3", isHeld)
	a := c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-05-04T09:30:00Z","statuses":["held"],"event_types":["A"],"dry_run":true}`).is(200)
	require.Equal(t, map[string]any{"redelivery_id": nil, "count": 1.0}, a.json())
	a = c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-05-04T09:30:00Z"}`).is(202)
	require.Equal(t, 3.0, a.json()["count"])
	got := c.call("GET", a.Header().Get("Location"), "").is(200).json()
	require.Equal(t, []any{a.json()["redelivery_id"], "cancellation", "2026-05-04T09:30:00Z", []any{"pending", "retrying", "held"}, 3.0},
		[]any{got["id"], got["kind"], got["since"], got["statuses"], got["cancelled"]})

	for body, pointer := range map[string]string{
		`{}`: "/since",
		`{"since":"2026-05-04T09:30:00Z","until":"2026-05-04T09:30:00Z"}`: "/until",
		`{"since":"2026-05-04T09:30:00Z","statuses":["failed"]}`:          "/statuses/0",
		`{"since":"2026-05-04T09:30:00Z","statuses":[]}`:                  "/statuses",
		`{"since":"2026-05-04T09:30:00Z","event_types":["b c"]}`:          "/event_types/0",
		`{"since":"2026-05-04T09:30:00Z","reasons":["lost"]}`:             "/reasons/0",
		`{"since":"2026-05-04T09:30:00Z","status_codes":["50"]}`:          "/status_codes/0",
	} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/cancel", body).problem(422, "invalid"), pointer, body)
	}
}

func TestRedeliveries_ShowTheirProgress(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.exec(`INSERT INTO redeliveries (id, webhook_id, since, until, statuses, event_types, status, total, released, dispatch_at, created_at)
		VALUES ('rdl_1', 'wh_1', $1, $1, '{failed}', '{}', 'running', 7, 5, now(), $1)`, now())
	for i, is := range []string{isSucceeded, isSucceeded, isFailed, isCancelled, `reason = NULL`} {
		c.delivery(fmt.Sprintf("dlv_%d", i), is+`, redelivery_id = 'rdl_1'`)
	}
	want := map[string]any{"id": "rdl_1", "kind": "redelivery", "webhook_id": "wh_1", "status": "running", "since": nowText, "until": nowText,
		"statuses": []any{"failed"}, "event_types": []any{}, "reasons": []any{}, "status_codes": []any{}, "count": 7.0, "released": 5.0, "succeeded": 2.0, "failed": 1.0, "cancelled": 1.0, "pending": 1.0,
		"created_at": nowText, "finished_at": nil}
	require.Equal(t, want, c.call("GET", "/v1/webhooks/wh_1/redeliveries/rdl_1", "").is(200).json())
	require.Equal(t, []any{want}, c.call("GET", "/v1/webhooks/wh_1/redeliveries", "").is(200).json()["data"])
	c.call("GET", "/v1/webhooks/wh_2/redeliveries", "").problem(404, "not_found")
	c.call("GET", "/v1/webhooks/wh_1/redeliveries/rdl_2", "").problem(404, "not_found")
	c.call("DELETE", "/v1/webhooks/wh_1/redeliveries/rdl_1", "").is(204)
	require.Equal(t, "cancelled", c.call("GET", "/v1/webhooks/wh_1/redeliveries/rdl_1", "").is(200).json()["status"])
}

func TestATestIsSent(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	for i, body := range []string{``, `{}`, `{"type":"TODO_DELETED","previous":{ "n":1.0 },"current":null}`} {
		a := c.call("POST", "/v1/webhooks/wh_1/test", body).is(202)
		got := a.json()
		require.Equal(t, "/v1/deliveries/"+got["delivery_id"].(string), a.Header().Get("Location"))
		require.Equal(t, got["event_id"], c.call("GET", a.Header().Get("Location"), "").is(200).json()["event_id"])
		sent := c.call("GET", "/v1/events/"+got["event_id"].(string), "").is(200)
		require.Equal(t, "test", sent.json()["kind"])
		if i < 2 {
			require.Equal(t, "TODO_CREATED", sent.json()["type"])
			continue
		}
		require.Equal(t, "TODO_DELETED", sent.json()["type"])
		require.Contains(t, sent.Body.String(), `"previous":{ "n":1.0 },"current":null`)
	}
	require.Equal(t, 3, c.wakes)
	for body, pointer := range map[string]string{`{"type":"a b"}`: "/type", `{"previous":[]}`: "/previous", `{"current":1}`: "/current", `{"id":"e1"}`: "/id"} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/test", body).problem(422, "invalid"), pointer)
	}
}
