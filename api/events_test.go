package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// spelled is a state that every careless hand would change.
const spelled = `{ "b" : 1.10, "a":1e400,	"html":"<&>\/\u0000", "10":{},"9":[ ] }`

func TestPublish(t *testing.T) {
	c := newClient(t)
	body := `{"id":"e1","type":"T","project_id":"p1","actor_id":"u1","occurred_at":"2026-05-04T09:00:00Z","previous":null,"current":` + spelled + `}`
	a := c.call("POST", "/v1/events", body).is(202)
	require.Equal(t, "/v1/events/e1", a.Header().Get("Location"))
	require.Equal(t, map[string]any{"id": "e1", "matched": 2.0, "duplicate": false}, a.json())
	require.Equal(t, 1, c.wakes)
	require.Equal(t, spelled, string(c.store.events[0].Current))
	require.Nil(t, c.store.events[0].Previous)

	require.Equal(t, true, c.call("POST", "/v1/events", body).is(202).json()["duplicate"])
	require.Equal(t, 1, c.wakes, "nothing new to deliver")
	c.call("POST", "/v1/events", `{"id":"e2","type":"PART","project_id":"p1","current":{}}`).is(202)
	require.Equal(t, []int{1, 1}, []int{c.wakes, c.windows}, "a part of a combination")
}

func TestPublishMakesIDs(t *testing.T) {
	c := newClient(t)
	a := c.call("POST", "/v1/events", `{"type":"T","project_id":"p1","current":{}}`).is(202)
	id := a.json()["id"].(string)
	require.Regexp(t, `^evt_[0-9a-v]{26}$`, id)
	require.Equal(t, "/v1/events/"+id, a.Header().Get("Location"))
	require.True(t, c.store.events[0].OccurredAt.IsZero(), "the store knows when it was accepted")
}

func TestPublishAtTheLimit(t *testing.T) {
	c := newClient(t)
	head, tail := `{"type":"T","project_id":"p1","current":{"a":"`, `"}}`
	body := head + strings.Repeat("x", hook.MaxEventBytes-len(head)-len(tail)) + tail
	c.call("POST", "/v1/events", body).is(202)
	c.call("POST", "/v1/events", body+" ").problem(413, "too_large")
}

func TestPublishRefused(t *testing.T) {
	c := newClient(t)
	c.store.refuse = map[string]*hook.Error{
		"U": hook.Invalid("/type", "is no event type of the catalogue"), "X": hook.Errorf(hook.CodeConflict, "Other content has this id.")}
	bad := c.call("POST", "/v1/events", `{"type":"U","project_id":"p1","current":{}}`).problem(422, "invalid")
	require.Equal(t, map[string]string{"/type": "is no event type of the catalogue"}, bad)
	c.call("POST", "/v1/events", `{"type":"X","project_id":"p1","current":{}}`).problem(409, "conflict")
	c.call("POST", "/v1/events", `{"type":"","current":1,"x":1}`).problem(422, "invalid")
	require.Zero(t, c.wakes)
}

func TestPublishBatch(t *testing.T) {
	c := newClient(t)
	c.store.refuse = map[string]*hook.Error{"X": hook.Invalid("/type", "is no event type of the catalogue")}
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
	require.Len(t, c.store.events, 2)
	require.Equal(t, spelled, string(c.store.events[0].Current))
	require.Equal(t, 1, c.wakes)
}

func TestPublishBatchOfBadEventsAlone(t *testing.T) {
	c := newClient(t)
	c.store.err = hook.Errorf(hook.CodeUnavailable, "never asked")
	require.Len(t, c.call("POST", "/v1/events/batch", `{"events":[{}]}`).is(202).json()["results"], 1)
	c.call("POST", "/v1/events/batch", `{"events":[{"type":"T","project_id":"p","current":{}}]}`).problem(503, "unavailable")
}

func TestPublishBatchOfTheMost(t *testing.T) {
	c := newClient(t)
	events := strings.Repeat(`,{"type":"T","project_id":"p1","current":{}}`, 500)[1:]
	require.Len(t, c.call("POST", "/v1/events/batch", `{"events":[`+events+`]}`).is(202).json()["results"], 500)
	bad := c.call("POST", "/v1/events/batch", `{"events":[{},`+events+`]}`).problem(422, "invalid")
	require.Contains(t, bad, "/events")
}

func TestEventAsItWasSent(t *testing.T) {
	c := newClient(t)
	c.store.events = []hook.Event{{ID: "e1", Type: "T", ProjectID: "p1", CompanyID: "c1", OccurredAt: now(), AcceptedAt: now(), Current: []byte(spelled)}}
	c.store.deliveries = []hook.Delivery{{ID: "dlv_1", EventID: "e1", Status: hook.Pending}}
	a := c.call("GET", "/v1/events/e1", "").is(200)
	require.Contains(t, a.Body.String(), `,"previous":null,"current":`+spelled+"}\n")
	require.Contains(t, a.Body.String(), `"actor_id":null,`)
	require.Contains(t, a.Body.String(), `"deliveries":[{"id":"dlv_1",`)
	require.Contains(t, a.Body.String(), `"deliveries_next_cursor":null,`)
	require.Equal(t, hook.DeliveryFilter{EventID: "e1"}, c.store.askedFilter)

	list := c.call("GET", "/v1/events", "").is(200)
	require.NotContains(t, list.Body.String(), "current")
}

func TestFiltersOfEventsAndDeliveries(t *testing.T) {
	c := newClient(t)
	since, until := now().Truncate(time.Second), now().Truncate(time.Second).Add(time.Hour)
	c.call("GET", "/v1/events?type=T&project_id=p1&since=2026-05-04T09:30:00Z&until=2026-05-04T12:30:00%2B02:00", "").is(200)
	asked := c.store.askedFilter.(hook.EventFilter)
	require.True(t, asked.Since.Equal(since) && asked.Until.Equal(until))
	require.Equal(t, "T p1", asked.Type+" "+asked.ProjectID)

	c.call("GET", "/v1/deliveries?webhook_id=w&event_id=e&status=held&status=failed&event_type=T&event_type=U&reason=gone&reason=status_5xx&status_code=410&status_code=5xx&project_id=p&latest=true&redelivery_id=rdl_1&q=dlv_0&since=2026-05-04T09:30:00Z", "").is(200)
	require.Equal(t, hook.DeliveryFilter{WebhookID: "w", EventID: "e", Statuses: []hook.DeliveryStatus{hook.Held, hook.Failed}, EventTypes: []string{"T", "U"},
		Reasons: []hook.Reason{hook.ReasonGone, hook.ReasonStatus5xx}, StatusCodes: []hook.StatusCodes{"410", "5xx"}, ProjectID: "p", Since: since,
		Latest: true, RedeliveryID: "rdl_1", IDPrefix: "dlv_0"}, c.store.askedFilter)
}
