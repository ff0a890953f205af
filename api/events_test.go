package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// spelled is a state that every careless hand would change.
const spelled = `{ "b" : 1.10, "a":1e400,	"html":"<&>\/\u0000", "10":{},"9":[ ] }`

// taken makes two webhooks of u1 for events of the type T.
func taken(t *testing.T) *client {
	c := staged(t)
	for range 2 {
		c.made(strings.Replace(leastWebhook, `["*"]`, `["T"]`, 1))
	}
	return c
}

func TestPublish(t *testing.T) {
	c := taken(t)
	body := `{"id":"e1","type":"T","project_id":"p1","actor_id":"u1","occurred_at":"2026-05-04T09:00:00Z","previous":null,"current":` + spelled + `}`
	a := c.call("POST", "/v1/events", body).is(202)
	require.Equal(t, "/v1/events/e1", a.Header().Get("Location"))
	require.Equal(t, map[string]any{"id": "e1", "matched": 2.0, "duplicate": false}, a.json())
	require.Equal(t, 1, c.wakes)
	require.Equal(t, spelled, string(c.storedEvent("e1").Current))
	require.Empty(t, c.storedEvent("e1").Previous)

	require.Equal(t, true, c.call("POST", "/v1/events", body).is(202).json()["duplicate"])
	require.Equal(t, 1, c.wakes, "nothing new to deliver")
	c.made(strings.Replace(leastWebhook, `"events":["*"]`, `"all_of":[{"events":["A"]},{"events":["B"]}],"within":"1m","same":"current.id"`, 1))
	c.call("POST", "/v1/events", `{"id":"e2","type":"A","project_id":"p1","current":{"id":"x"}}`).is(202)
	require.Equal(t, []int{1, 1}, []int{c.wakes, c.windows}, "a part of a combination")
}

// TestPublish_WakesAfterTheTransactionOfItsKey: whom it concerns, once, and nobody where
// the answer is a kept one.
func TestPublish_WakesAfterTheTransactionOfItsKey(t *testing.T) {
	c := taken(t)
	for range 2 {
		c.call("POST", "/v1/events", `{"id":"e1","type":"T","project_id":"p1","current":{}}`, "Idempotency-Key", "k").is(202)
		require.Equal(t, []int{1, 0}, []int{c.wakes, c.windows})
	}
	c.call("POST", "/v1/events", `{"id":"e2","type":"T","project_id":"nowhere","current":{}}`, "Idempotency-Key", "k2")
	require.Equal(t, []int{1, 0}, []int{c.wakes, c.windows}, "nothing was accepted")
}

func TestPublishMakesIDs(t *testing.T) {
	c := staged(t)
	a := c.call("POST", "/v1/events", `{"type":"T","project_id":"p1","current":{}}`).is(202)
	id := a.json()["id"].(string)
	require.Regexp(t, `^evt_[0-9a-v]{26}$`, id)
	require.Equal(t, "/v1/events/"+id, a.Header().Get("Location"))
	e := c.storedEvent(id)
	require.Equal(t, e.AcceptedAt, e.OccurredAt, "the store knows when it was accepted")
}

func TestPublishAtTheLimit(t *testing.T) {
	c := staged(t)
	head, tail := `{"type":"T","project_id":"p1","current":{"a":"`, `"}}`
	body := head + strings.Repeat("x", hook.MaxEventBytes-len(head)-len(tail)) + tail
	c.call("POST", "/v1/events", body).is(202)
	c.call("POST", "/v1/events", body+" ").problem(413, "too_large")
}

func TestPublishRefused(t *testing.T) {
	c := taken(t)
	c.call("POST", "/v1/events", `{"id":"e1","type":"A","project_id":"p1","current":{}}`).is(202)
	bad := c.call("POST", "/v1/events", `{"type":"U","project_id":"p1","current":{}}`).problem(422, "invalid")
	require.Contains(t, bad["/type"], `"U"`)
	c.call("POST", "/v1/events", `{"id":"e1","type":"T","project_id":"p1","current":{"a":1}}`).problem(409, "conflict")
	c.call("POST", "/v1/events", `{"type":"","current":1,"x":1}`).problem(422, "invalid")
	require.Zero(t, c.wakes)
}

func TestPublishBatch(t *testing.T) {
	c := taken(t)
	a := c.call("POST", "/v1/events/batch", `{"events":[
		{"id":"e1","type":"T","project_id":"p1","current":`+spelled+`},
		{"id":"e2","type":7,"project_id":"p1","current":{}},
		{"id":"e3","type":"X","project_id":"p1","current":{}},
		{"id":"e4","id":"e4"},
		{"type":"T","project_id":"p1","previous":{}},
		{"type":"T","project_id":"p1","current":{"a":"`+strings.Repeat("x", hook.MaxEventBytes)+`"}}]}`).is(202)
	results := a.json()["results"].([]any)
	require.Len(t, results, 6)
	require.Equal(t, map[string]any{"id": "e1", "matched": 2.0, "duplicate": false}, results[0])
	for i, want := range map[int]string{1: "invalid /events/1/type", 2: "invalid /events/2/type", 3: "malformed /events/3/id", 5: "too_large"} {
		problem := results[i].(map[string]any)["error"].(map[string]any)
		got := fmt.Sprint(problem["code"])
		for _, e := range problem["errors"].([]any) {
			got += " " + e.(map[string]any)["pointer"].(string)
		}
		require.Equal(t, want, got)
		require.NotEmpty(t, problem["detail"])
	}
	require.Regexp(t, `^evt_`, results[4].(map[string]any)["id"])
	require.Equal(t, 2, c.count("events"))
	require.Equal(t, spelled, string(c.storedEvent("e1").Current))
	require.Equal(t, 1, c.wakes)
}

func TestPublishBatchOfBadEventsAlone(t *testing.T) {
	c := newClient(t)
	defer c.away()() // nothing is asked
	require.Len(t, c.call("POST", "/v1/events/batch", `{"events":[{}]}`).is(202).json()["results"], 1)
	c.call("POST", "/v1/events/batch", `{"events":[{"type":"T","project_id":"p","current":{}}]}`).problem(503, "unavailable")
}

func TestPublishBatchOfTheMost(t *testing.T) {
	c := staged(t)
	events := strings.Repeat(`,{"type":"T","project_id":"p1","current":{}}`, 500)[1:]
	require.Len(t, c.call("POST", "/v1/events/batch", `{"events":[`+events+`]}`).is(202).json()["results"], 500)
	bad := c.call("POST", "/v1/events/batch", `{"events":[{},`+events+`]}`).problem(422, "invalid")
	require.Contains(t, bad, "/events")
}

func TestEventAsItWasSent(t *testing.T) {
	c := taken(t)
	c.call("POST", "/v1/events", `{"id":"e1","type":"T","project_id":"p1","current":`+spelled+`}`).is(202)
	a := c.call("GET", "/v1/events/e1", "").is(200)
	require.Contains(t, a.Body.String(), `,"previous":null,"current":`+spelled+"}\n")
	require.Contains(t, a.Body.String(), `"actor_id":null,`)
	require.Contains(t, a.Body.String(), `"deliveries":[{"id":"dlv_`)
	require.Contains(t, a.Body.String(), `"deliveries_next_cursor":null,`)
	require.Equal(t, 2, strings.Count(a.Body.String(), `{"id":"dlv_`))

	list := c.call("GET", "/v1/events", "").is(200)
	require.NotContains(t, list.Body.String(), "current")
}

// TestFiltersOfEventsAndDeliveries asks each filter for the one row that there is, and
// for another one.
func TestFiltersOfEventsAndDeliveries(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isFailed+`, attempts = 1, redelivery_id = 'rdl_1'`)
	c.attempt("dlv_1", 1, "")
	for list, filters := range map[string][][2]string{
		"events": {{"type=A", "type=B"}, {"project_id=p1", "project_id=p2"}, {"since=2026-05-04T09:30:00Z", "since=2026-05-04T09:30:01Z"},
			{"until=2026-05-04T12:30:00%2B02:00", "until=2026-05-04T09:30:00Z"}, {"kind=published", "kind=test"}},
		"deliveries": {{"webhook_id=wh_1", "webhook_id=wh_2"}, {"event_id=e1", "event_id=e2"}, {"status=held&status=failed", "status=held"},
			{"event_type=A&event_type=B", "event_type=B"}, {"reason=gone&reason=status_5xx", "reason=gone"}, {"status_code=410&status_code=5xx", "status_code=410"},
			{"project_id=p1", "project_id=p2"}, {"since=2026-05-04T09:30:00Z", "since=2026-05-04T09:30:01Z"}, {"until=2026-05-04T09:30:01Z", "until=2026-05-04T09:30:00Z"},
			{"redelivery_id=rdl_1", "redelivery_id=rdl_2"}, {"q=dlv_", "q=dlv_2"}, {"q=e1", "q=e2"}, {"kind=published", "kind=test"}},
	} {
		all := c.ids("/v1/" + list)
		require.Len(t, all, 1)
		var together []string
		for _, f := range filters {
			require.Equal(t, all, c.ids("/v1/"+list+"?"+f[0]), f[0])
			require.Empty(t, c.ids("/v1/"+list+"?"+f[1]), f[1])
			if !strings.HasPrefix(f[0], "q=e") {
				together = append(together, f[0])
			}
		}
		require.Equal(t, all, c.ids("/v1/"+list+"?"+strings.Join(together, "&")))
	}
	require.Len(t, c.ids("/v1/deliveries?latest=true"), 1)
	c.change("deliveries", "dlv_1", `superseded = true`)
	require.Empty(t, c.ids("/v1/deliveries?latest=true"))
}
