package eventjson_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventjson"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

const attributes = `"specversion":"1.0","id":"e1","source":"/app","type":"TODO_CREATED","projectid":"p1"`

func TestParseCloudEvent_ReadsAttributesAndData(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	base := hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1"}
	for name, tc := range map[string]struct {
		body string
		want func(*hook.Event)
	}{
		"data is the current state":   {`"data":{"a": 1.0}`, func(e *hook.Event) { e.Current = []byte(`{"a": 1.0}`) }},
		"data holds both states":      {`"data":{"previous":null,"current":{ }}`, func(e *hook.Event) { e.Current = []byte(`{ }`) }},
		"data holds the state before": {`"data":{"current":null,"previous":{"x":1}}`, func(e *hook.Event) { e.Previous = []byte(`{"x":1}`) }},
		"data has one more member":    {`"data":{"previous":1,"current":2,"x":3}`, func(e *hook.Event) { e.Current = []byte(`{"previous":1,"current":2,"x":3}`) }},
		"data has previous alone":     {`"data":{"previous":{}}`, func(e *hook.Event) { e.Current = []byte(`{"previous":{}}`) }},
		"data in base64":              {`"datacontenttype":"application/json","data_base64":"eyJhIjoxfQ=="`, func(e *hook.Event) { e.Current = []byte(`{"a":1}`) }},
		"actor and time": {`"actorid":"u1","time":"2026-05-04T11:30:00+02:00","data":{}`, func(e *hook.Event) {
			e.ActorID, e.OccurredAt, e.Current = "u1", at, []byte(`{}`)
		}},
		"attributes that are not kept": {`"subject":"x","dataschema":"https://example.com/s","partitionkey":"k","count":1,"flag":true,"data":{}`,
			func(e *hook.Event) { e.Current = []byte(`{}`) }},
		"null is absent": {`"actorid":null,"time":null,"subject":null,"data_base64":null,"data":{}`, func(e *hook.Event) { e.Current = []byte(`{}`) }},
	} {
		t.Run(name, func(t *testing.T) {
			want := base
			tc.want(&want)
			got := eventjson.ParseCloudEvent([]byte("{" + attributes + "," + tc.body + "}"))
			require.NoError(t, got.Err)
			require.Equal(t, want, got.Event)
		})
	}
}

func TestParseCloudEvent_NamesEveryBadAttribute(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"nothing":             {`{}`, []string{"/specversion", "/id", "/source", "/type", "/projectid", "/data"}},
		"an array":            {`[]`, []string{""}},
		"another version":     {`{"specversion":"0.3","id":"e1","source":"/app","type":"T","projectid":"p1","data":{}}`, []string{"/specversion"}},
		"all at once":         {`{"specversion":1,"id":"a b","source":"","type":"A B","projectid":{},"actorid":"","time":"now","datacontenttype":"text/plain","data":[]}`, []string{"/specversion", "/id", "/source", "/type", "/projectid", "/actorid", "/time", "/datacontenttype", "/data"}},
		"type is Godwit's":    {`{"specversion":"1.0","id":"e1","source":"/app","type":"webhook.degraded","projectid":"p1","data":{}}`, []string{"/type"}},
		"name of upper case":  {"{" + attributes + `,"Actor":"u","data":{}}`, []string{"/Actor"}},
		"object as attribute": {"{" + attributes + `,"extra":{},"data":{}}`, []string{"/extra"}},
		"both data":           {"{" + attributes + `,"data":{},"data_base64":"e30="}`, []string{"/data_base64"}},
		"no base64":           {"{" + attributes + `,"data_base64":"%"}`, []string{"/data_base64"}},
		"base64 of no JSON":   {"{" + attributes + `,"data_base64":"aGk="}`, []string{"/data_base64"}},
		"base64 of a number":  {"{" + attributes + `,"data_base64":"MQ=="}`, []string{"/data"}},
		"data is null":        {"{" + attributes + `,"data":null}`, []string{"/data"}},
		"data is text":        {"{" + attributes + `,"data":"{}"}`, []string{"/data"}},
		"both states null":    {"{" + attributes + `,"data":{"previous":null,"current":null}}`, []string{"/data"}},
		"state is a number":   {"{" + attributes + `,"data":{"previous":{},"current":1}}`, []string{"/data"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, pointers(t, eventjson.ParseCloudEvent([]byte(tc.body)).Err))
		})
	}
	var syntax *strict.SyntaxError
	require.ErrorAs(t, eventjson.ParseCloudEvent([]byte(`{"id":"a","id":"b"}`)).Err, &syntax)
}

func TestItemPointer_LeadsIntoTheCloudEvent(t *testing.T) {
	one := eventjson.ParseCloudEvent([]byte("{" + attributes + `,"data":{"a":1}}`))
	both := eventjson.ParseCloudEvent([]byte("{" + attributes + `,"data":{"previous":null,"current":{"a":1}}}`))
	for _, tc := range []struct{ own, one, both string }{
		{"/project_id", "/projectid", "/projectid"}, {"/actor_id", "/actorid", "/actorid"}, {"/occurred_at", "/time", "/time"},
		{"/type", "/type", "/type"}, {"/current", "/data", "/data/current"}, {"/current/a/0", "/data/a/0", "/data/current/a/0"}, {"", "", ""},
	} {
		require.Equal(t, tc.one, one.Pointer(tc.own))
		require.Equal(t, tc.both, both.Pointer(tc.own))
		require.Equal(t, tc.own, eventjson.Item{}.Pointer(tc.own))
	}
}

func pointers(t *testing.T, err error) []string {
	var invalid *hook.Error
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, hook.CodeInvalid, invalid.Code)
	var out []string
	for _, f := range invalid.Fields {
		out = append(out, f.Pointer)
		require.NotEmpty(t, f.Detail)
	}
	return out
}

func TestBinaryCloudEvent_ReadsHeadersAndBody(t *testing.T) {
	binary := func(more ...string) eventjson.BinaryCloudEvent {
		b := eventjson.BinaryCloudEvent{Data: []byte(` {"a":1} `), Attributes: map[string]string{
			"specversion": "1.0", "id": "e%7C1", "source": "/app", "type": "TODO_CREATED", "projectid": "p1"}}
		for i := 0; i < len(more); i += 2 {
			b.Attributes[more[i]] = more[i+1]
		}
		return b
	}
	item := binary("actorid", "u1", "time", "2026-05-04T09:30:00Z", "comexampleother", "1").Parse()
	require.NoError(t, item.Err)
	require.Equal(t, hook.Event{ID: "e|1", Type: "TODO_CREATED", ProjectID: "p1", ActorID: "u1",
		OccurredAt: time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC), Current: []byte(`{"a":1}`)}, item.Event)

	require.Equal(t, []string{"/actorid", "/projectid"}, pointers(t, binary("actorid", "%zz", "projectid", "").Parse().Err))

	none := binary()
	none.Data = nil
	require.Equal(t, []string{"/data"}, pointers(t, none.Parse().Err))

	broken := binary()
	broken.Data = []byte(`{"a":`)
	var syntax *strict.SyntaxError
	require.ErrorAs(t, broken.Parse().Err, &syntax)
}

func TestParseCloudEvents_JudgesEachByItself(t *testing.T) {
	large := `{` + attributes + `,"data":{"x":"` + strings.Repeat("x", hook.MaxEventBytes) + `"}}`
	items, err := eventjson.ParseCloudEvents([]byte(`[{` + attributes + `,"data":{}},{"id":"\ud83d"},` + large + `,1]`))
	require.NoError(t, err)
	require.Len(t, items, 4)
	require.NoError(t, items[0].Err)
	require.Equal(t, "e1", items[0].Event.ID)
	require.Error(t, items[1].Err)
	require.ErrorIs(t, items[2].Err, eventjson.ErrTooLarge)
	require.Error(t, items[3].Err)

	for _, body := range []string{`[]`, `{}`, `null`, "[" + strings.Repeat("1,", hook.MaxBatch) + "1]"} {
		_, err := eventjson.ParseCloudEvents([]byte(body))
		require.Equal(t, []string{""}, pointers(t, err), fmt.Sprintf("%.20s", body))
	}
	var syntax *strict.SyntaxError
	_, err = eventjson.ParseCloudEvents([]byte(`[{]`))
	require.ErrorAs(t, err, &syntax)
}
