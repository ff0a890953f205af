package api

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/internal/eventjson"
)

const cloudAttributes = `"specversion":"1.0","id":"c1","source":"/app","type":"T","projectid":"p1"`

func structured(data string) string { return "{" + cloudAttributes + `,"data":` + data + "}" }

func binaryHeaders(more ...string) []string {
	return append([]string{"Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "c1", "ce-source", "/app", "ce-type", "T", "ce-projectid", "p1"}, more...)
}

func TestPublishCloudEvent_IsTheSameEventInEveryMode(t *testing.T) {
	for name, send := range map[string]func(*client) answerOf{
		"structured": func(c *client) answerOf {
			return c.call("POST", "/v1/events", "{"+cloudAttributes+`,"actorid":"u1","time":"2026-05-04T09:00:00Z","data":`+spelled+"}", "Content-Type", "application/cloudevents+json; charset=UTF-8")
		},
		"binary": func(c *client) answerOf {
			return c.call("POST", "/v1/events", spelled, binaryHeaders("ce-actorid", "u1", "ce-time", "2026-05-04T09:00:00Z")...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := taken(t)
			a := send(c).is(202)
			require.Equal(t, "/v1/events/c1", a.Header().Get("Location"))
			require.Equal(t, access.MediaJSON, a.Header().Get("Content-Type"))
			require.Equal(t, map[string]any{"id": "c1", "matched": 2.0, "duplicate": false}, a.json())
			e := c.storedEvent("c1")
			require.Equal(t, []string{"c1", "T", "p1", "u1", spelled}, []string{e.ID, e.Type, e.ProjectID, e.ActorID, string(e.Current)})
			require.Equal(t, time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), e.OccurredAt)
		})
	}
}

func TestPublishCloudEvents_AnswersForEach(t *testing.T) {
	c := taken(t)
	body := "[" + structured(`{}`) + "," + strings.NewReplacer(`"c1"`, `"c2"`, `"p1"`, `"p9"`).Replace(structured(`{}`)) + `,{}]`
	a := c.call("POST", "/v1/events", body, "Content-Type", eventjson.MediaCloudEvents).is(202)
	results := a.json()["results"].([]any)
	require.Len(t, results, 3)
	require.Equal(t, map[string]any{"id": "c1", "matched": 2.0, "duplicate": false}, results[0])
	pointers := func(i int) (out []string) {
		for _, e := range results[i].(map[string]any)["error"].(map[string]any)["errors"].([]any) {
			out = append(out, e.(map[string]any)["pointer"].(string))
		}
		return out
	}
	require.Equal(t, []string{"/1/projectid"}, pointers(1))
	require.Equal(t, []string{"/2/specversion", "/2/id", "/2/source", "/2/type", "/2/projectid", "/2/data"}, pointers(2))

	c.call("POST", "/v1/events", `[]`, "Content-Type", eventjson.MediaCloudEvents).problem(422, "invalid")
	// A batch has the limit of a batch; one event has that of an event.
	large := structured(`{"x":"` + strings.Repeat("x", maxBody-400) + `"}`)
	c.call("POST", "/v1/events", "["+large+","+large+"]", "Content-Type", eventjson.MediaCloudEvents).is(202)
	c.call("POST", "/v1/events", "["+large+","+large+"]", "Content-Type", eventjson.MediaCloudEvent).problem(413, "too_large")
	c.call("POST", "/v1/events", "["+strings.Repeat(" ", maxBatch)+"]", "Content-Type", eventjson.MediaCloudEvents).problem(413, "too_large")
}

func TestPublishCloudEvent_NamesWhatIsWrong(t *testing.T) {
	c := staged(t)
	c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"","schema":{"type":"object","required":["title"]}}`).is(200)
	for _, tc := range []struct {
		body     string
		pointers []string
		headers  []string
	}{
		{structured(`{}`), []string{"/data/title"}, []string{"Content-Type", eventjson.MediaCloudEvent}},
		{structured(`{"previous":null,"current":{}}`), []string{"/data/current/title"}, []string{"Content-Type", eventjson.MediaCloudEvent}},
		{`{}`, []string{"/data/title"}, binaryHeaders()},
		{`{}`, []string{"/projectid", "/data/title"}, binaryHeaders("ce-projectid", "a b")},
		{`[]`, []string{"/data"}, binaryHeaders()},
	} {
		bad := c.call("POST", "/v1/events", tc.body, tc.headers...).problem(422, "invalid")
		require.ElementsMatch(t, tc.pointers, slices.Collect(maps.Keys(bad)))
	}
	c.call("POST", "/v1/events", `{"a":`, binaryHeaders()...).problem(400, "malformed")
	c.call("POST", "/v1/events", structured(`{}`), "Content-Type", "application/cloudevents+xml").problem(415, "unsupported_media_type")
	c.call("POST", "/v1/events", structured(`{}`), "Content-Type", eventjson.MediaCloudEvent+"; charset=latin1").problem(415, "unsupported_media_type")
	c.call("POST", "/v1/events/batch", `[]`, "Content-Type", eventjson.MediaCloudEvents).problem(415, "unsupported_media_type")
	c.call("POST", "/v1/webhooks", `{}`, "Content-Type", eventjson.MediaCloudEvent).problem(415, "unsupported_media_type")
}
