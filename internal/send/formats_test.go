package send

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
)

// oddBytes is JSON that encoding/json would change on the way through.
const oddBytes = "{ \"z\" : 1.10,\t\"a\":1e400, \"n\":-0.0,\n\"s\":\"\\u003c<&>\\/ \\u0000 Grüße 👋\u2028\", \"a\":[ ] , \"big\":12345678901234567890}"

func formatted(m Message, format hook.PayloadFormat) (string, string) {
	m.Webhook.PayloadFormat = format
	contentType, body := m.body("")
	return contentType, string(body)
}

func TestBodies(t *testing.T) {
	m := message("https://hooks.example/a?b=1&c=<d>")
	m.Event.Previous = json.RawMessage(oddBytes)
	m.Event.OccurredAt = time.Date(2026, 5, 4, 5, 2, 1, 120_000_000, time.FixedZone("", 2*3600))
	m.Event.ProjectName = `Road "map" ` + "\\ \n\x01 é"
	m.Webhook.Rules = []hook.Rule{
		{Events: []string{"TODO_CREATED", "COMMENT_*"}, Projects: []string{"p2", "p1"}},
		{Events: []string{"TODO_CREATED", "TODO_DONE"}, Projects: []string{"p1"}, Companies: []string{"c9"}},
	}
	m.Webhook.Metadata = json.RawMessage(`{"mine":true}`)
	party := `"project":{"id":"p1","name":"Road \"map\" \\ \u000a\u0001 é"},"company":{"id":"c1","name":"Acme"},"actor_id":"u1",` +
		`"previous":` + oddBytes + `,"current":{"id":"t1"}`

	tests := []struct {
		format      hook.PayloadFormat
		contentType string
		want        string
	}{
		{hook.FormatStandard, "application/json",
			`{"type":"TODO_CREATED","timestamp":"2026-05-04T03:02:01.12Z","data":{"id":"evt_1","sequence":42,` + party + `}}`},
		{"", "application/json",
			`{"type":"TODO_CREATED","timestamp":"2026-05-04T03:02:01.12Z","data":{"id":"evt_1","sequence":42,` + party + `}}`},
		{hook.FormatBlue, "application/json",
			`{"event":"TODO_CREATED","webhook":{"id":"wh_1","name":"Warehouse","url":"https://hooks.example/a?b=1&c=<d>",` +
				`"status":"HEALTHY","enabled":true,"metadata":{"events":["TODO_CREATED","COMMENT_*","TODO_DONE"],"projectIds":["p2","p1"]}},` +
				`"previousValue":` + oddBytes + `,"currentValue":{"id":"t1"}}`},
		{hook.FormatCloudEvents, "application/cloudevents+json",
			`{"specversion":"1.0","id":"evt_1","source":"/companies/c1/projects/p1","type":"TODO_CREATED",` +
				`"time":"2026-05-04T03:02:01.12Z","sequence":"0000000000000000042","datacontenttype":"application/json","data":{` + party + `}}`},
	}
	for _, tt := range tests {
		t.Run(string(tt.format), func(t *testing.T) {
			contentType, body := formatted(m, tt.format)
			require.Equal(t, tt.contentType, contentType)
			require.Equal(t, tt.want, body)
			require.True(t, json.Valid([]byte(body)))
		})
	}
}

func TestBodiesSayNull(t *testing.T) {
	m := message("https://hooks.example/")
	m.Event.ActorID = ""
	m.Event.Current = nil
	m.Event.Previous = json.RawMessage(`{}`)
	_, standard := formatted(m, hook.FormatStandard)
	require.Contains(t, standard, `"actor_id":null,"previous":{},"current":null}}`)
	_, blue := formatted(m, hook.FormatBlue)
	require.Contains(t, blue, `"previousValue":{},"currentValue":null}`)
	_, cloud := formatted(m, hook.FormatCloudEvents)
	require.Contains(t, cloud, `"actor_id":null,"previous":{},"current":null}}`)
}

func TestBodiesOfAProbe(t *testing.T) {
	w := message("https://hooks.example/").Webhook
	at := time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.UTC)
	p := Probe(w, "evt_probe", []string{testSecret}, at)
	nothing := `"project":null,"company":null,"actor_id":null,"previous":null,"current":null}}`

	_, standard := formatted(p, hook.FormatStandard)
	require.Equal(t, `{"type":"WEBHOOK_HEALTH_CHECK","timestamp":"2026-05-04T03:02:01.987654321Z","data":{"id":"evt_probe","sequence":null,`+nothing, standard)
	_, blue := formatted(p, hook.FormatBlue)
	require.Equal(t, `{"event":"WEBHOOK_HEALTH_CHECK","webhook":{"id":"wh_1","name":"Warehouse","url":"https://hooks.example/","status":"HEALTHY",`+
		`"enabled":true,"metadata":{"events":["TODO_CREATED"],"projectIds":["p1"]}},"previousValue":null,"currentValue":null}`, blue)
	_, cloud := formatted(p, hook.FormatCloudEvents)
	require.Equal(t, `{"specversion":"1.0","id":"evt_probe","source":"/webhooks/wh_1","type":"WEBHOOK_HEALTH_CHECK",`+
		`"time":"2026-05-04T03:02:01.987654321Z","datacontenttype":"application/json","data":{`+nothing, cloud)
}

func TestBlueScope(t *testing.T) {
	type rules = []hook.Rule
	tests := []struct {
		name     string
		rules    rules
		events   []string
		projects []string
	}{
		{"one rule", rules{{Events: []string{"A"}, Projects: []string{"p"}}}, []string{"A"}, []string{"p"}},
		{"union in the rules' order", rules{{Events: []string{"B", "A"}, Projects: []string{"q"}}, {Events: []string{"A", "C"}, Projects: []string{"p", "q"}}},
			[]string{"B", "A", "C"}, []string{"q", "p"}},
		{"every event", rules{{Events: []string{"A"}, Projects: []string{"p"}}, {Events: []string{"*"}, Projects: []string{"q"}}}, nil, []string{"p", "q"}},
		{"no project named", rules{{Events: []string{"A"}}}, []string{"A"}, nil},
		{"one rule covers all projects", rules{{Events: []string{"A"}, Projects: []string{"p"}}, {Events: []string{"B"}}}, []string{"A", "B"}, nil},
		{"companies add nothing", rules{{Events: []string{"A"}, Projects: []string{"p"}}, {Events: []string{"B"}, Companies: []string{"c"}}},
			[]string{"A", "B"}, []string{"p"}},
		{"no rules", nil, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.events, blueEvents(tt.rules))
			require.Equal(t, tt.projects, blueProjects(tt.rules))
		})
	}
}

func TestBlueWritesEmptyLists(t *testing.T) {
	m := message("https://hooks.example/")
	m.Webhook.Rules = []hook.Rule{{Events: []string{"*"}}}
	_, body := formatted(m, hook.FormatBlue)
	require.Contains(t, body, `"metadata":{"events":[],"projectIds":[]}`)
}

func TestCloudEventSourceIsAURIReference(t *testing.T) {
	m := message("https://hooks.example/")
	m.Event.CompanyID, m.Event.ProjectID = "c:1 /ä", "p%?#"
	require.Equal(t, "/companies/c:1%20%2F%C3%A4/projects/p%25%3F%23", m.source())
}

// Any JSON the producer sends comes out with the same bytes, and any name
// leaves the envelope valid.
func TestBodiesKeepAnyBytes(t *testing.T) {
	formats := []hook.PayloadFormat{hook.FormatStandard, hook.FormatBlue, hook.FormatCloudEvents}
	rapid.Check(t, func(t *rapid.T) {
		raw := "{ \"k\" :\t" + rapid.SampledFrom([]string{"1.10", "1e400", `"\u003c<"`, "[ 1,2 ]", "null", oddBytes}).Draw(t, "value") + "\n}"
		m := message("https://hooks.example/")
		m.Event.Previous = json.RawMessage(raw)
		m.Event.ProjectName = string(rapid.SliceOf(rapid.Byte()).Draw(t, "name"))
		_, body := formatted(m, rapid.SampledFrom(formats).Draw(t, "format"))

		var got struct {
			Data struct {
				Project  struct{ Name string }
				Previous json.RawMessage
			}
			PreviousValue json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(body), &got))
		require.Equal(t, raw, string(got.Data.Previous)+string(got.PreviousValue))
		if got.PreviousValue == nil {
			require.Equal(t, string([]rune(m.Event.ProjectName)), got.Data.Project.Name)
		}
	})
}

// Blue shows the webhook as it was when the event was accepted; what is sent of
// it now is none of the body.
func TestBlueShowsTheWebhookAsAccepted(t *testing.T) {
	m := message("https://hooks.example/new")
	m.Blue = &hook.BlueWebhook{Name: "Old", URL: "https://hooks.example/old", Status: hook.Degraded, Enabled: false,
		Rules: []hook.Rule{{Events: []string{"TODO_*"}, Projects: []string{"p9"}}}}
	_, body := formatted(m, hook.FormatBlue)
	require.Equal(t, `{"event":"TODO_CREATED","webhook":{"id":"wh_1","name":"Old","url":"https://hooks.example/old","status":"DEGRADED","enabled":false,`+
		`"metadata":{"events":["TODO_*"],"projectIds":["p9"]}},"previousValue":null,"currentValue":{"id":"t1"}}`, body)
}
