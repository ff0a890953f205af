package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIdempotency_EventsAreCheckedBeforeTheTransaction: a request with a key held a
// connection for as long as its events were read and held to their schemas, seconds for
// a batch.
func TestIdempotency_EventsAreCheckedBeforeTheTransaction(t *testing.T) {
	const (
		event = `{"id":"e1","type":"A","project_id":"c1/p1","current":{"a":1}}`
		cloud = `{"specversion":"1.0","id":"e2","source":"/s","type":"A","projectid":"c1/p1","data":{"a":1}}`
	)
	for _, tc := range []struct {
		name, path, body string
		header           []string
		checked          int
	}{
		{"event", "/v1/events", event, nil, 1},
		{"batch", "/v1/events/batch", `{"events":[` + event + `,{"id":"no type"},{"type":"B","project_id":"c1/p1","current":{}}]}`, nil, 2},
		{"batch of nothing good", "/v1/events/batch", `{"events":[{}]}`, nil, 0},
		{"cloud event", "/v1/events", cloud, []string{"Content-Type", "application/cloudevents+json"}, 1},
		{"cloud events", "/v1/events", `[` + cloud + `,` + cloud + `,{}]`, []string{"Content-Type", "application/cloudevents-batch+json"}, 2},
		{"binary", "/v1/events", `{"a":1}`, []string{"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Id", "e3", "Ce-Source", "/s", "Ce-Type", "A", "Ce-Projectid", "c1/p1"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClient(t)
			plain := c.call("POST", tc.path, tc.body, tc.header...).is(202).Body.String()
			require.Equal(t, tc.checked, c.store.checked)
			c = newClient(t)
			keyed := c.call("POST", tc.path, tc.body, append(tc.header, headerIdempotencyKey, "1")...).is(202).Body.String()
			require.Equal(t, tc.checked, c.store.checked, "once")
			if tc.name != "batch" { // one of its events has an id that Godwit makes
				require.JSONEq(t, plain, keyed)
			}
		})
	}
	for _, bad := range []string{`{"type":`, `[]`, `{"type":7}`} {
		c := newClient(t)
		plain := c.call("POST", "/v1/events", bad)
		require.Equal(t, plain.Code, c.call("POST", "/v1/events", bad, headerIdempotencyKey, "1").Code)
		require.Zero(t, c.store.checked)
	}
}

// TestIdempotency_ChecksStayWithTheirEvents: of a batch some events are beyond the rate
// of their company.
func TestIdempotency_ChecksStayWithTheirEvents(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.Limits.Events = 1 })
	const one = `{"type":"A","project_id":"c1/p1","current":{}}`
	c.call("POST", "/v1/events", one).is(202)
	got := c.call("POST", "/v1/events/batch", `{"events":[`+one+`,`+one+`,{"type":"A","project_id":"c2/p1","current":{}}]}`, headerIdempotencyKey, "1").is(202).json()["results"].([]any)
	require.Contains(t, got[1], "error")
	require.NotContains(t, got[2], "error")
}
