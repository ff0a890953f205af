package send

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// combined makes a message of an event that a combination made of two.
func combined(target string) Message {
	m := message(target)
	at := m.Event.OccurredAt
	m.Event.ProjectName, m.Event.CompanyName = "Road map", "Acme"
	m.Webhook.Rules = []hook.Rule{
		{Projects: []string{"p1"}, Combination: &hook.Combination{AllOf: []hook.Part{{Events: []string{"A"}}, {Events: []string{"*"}}}, Within: "10m"}},
		{Projects: []string{"p1"}, Events: []string{"TODO_*"}},
	}
	m.Event.Type, m.Event.ActorID = hook.CombinationType, ""
	m.Event.Current = hook.CombinationState([]hook.Event{
		{ID: "e1", Type: "A", ProjectID: "p1", CompanyID: "c1", ActorID: "u1", OccurredAt: at.Add(-time.Minute), Current: []byte(oddBytes),
			Sequence: 40, ProjectName: "Road map", CompanyName: "Acme"},
		{ID: "e2", Type: "B", ProjectID: "p2", CompanyID: "c1", OccurredAt: at, Previous: []byte(oddBytes),
			Sequence: 41, ProjectName: "<b>", CompanyName: "Acme"},
	})
	return m
}

func TestBodiesOfACombination(t *testing.T) {
	const events = `[{"id":"e1","sequence":40,"type":"A","timestamp":"2026-05-04T03:01:01Z","project":{"id":"p1","name":"Road map"},` +
		`"company":{"id":"c1","name":"Acme"},"actor_id":"u1","previous":null,"current":` + oddBytes + `},` +
		`{"id":"e2","sequence":41,"type":"B","timestamp":"2026-05-04T03:02:01Z","project":{"id":"p2","name":"<b>"},` +
		`"company":{"id":"c1","name":"Acme"},"actor_id":null,"previous":` + oddBytes + `,"current":null}]`
	const data = `"project":{"id":"p1","name":"Road map"},"company":{"id":"c1","name":"Acme"},"actor_id":null,` +
		`"events":` + events + `,"previous":null,"current":null}}`
	for format, want := range map[hook.PayloadFormat]string{
		hook.FormatStandard: `{"type":"combination","timestamp":"2026-05-04T03:02:01Z","data":{"id":"evt_1","sequence":42,` + data,
		hook.FormatCloudEvents: `{"specversion":"1.0","id":"evt_1","source":"/companies/c1/projects/p1","type":"combination",` +
			`"time":"2026-05-04T03:02:01Z","sequence":"0000000000000000042","datacontenttype":"application/json","data":{` + data,
		hook.FormatBlue: `{"event":"combination","webhook":{"id":"wh_1","name":"Warehouse","url":"https://hooks.example/","status":"HEALTHY",` +
			`"enabled":true,"metadata":{"events":["combination","TODO_*"],"projectIds":["p1"]}},"previousValue":null,"currentValue":{"events":` + events + `}}`,
	} {
		t.Run(string(format), func(t *testing.T) {
			_, body := formatted(combined("https://hooks.example/"), format)
			require.Equal(t, want, body)
			require.True(t, json.Valid([]byte(body)))
		})
	}
}

func TestStandardLibraryVerifiesACombination(t *testing.T) {
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	for _, format := range []hook.PayloadFormat{hook.FormatStandard, hook.FormatBlue, hook.FormatCloudEvents} {
		t.Run(string(format), func(t *testing.T) {
			m := combined(server.URL)
			m.Webhook.PayloadFormat = format
			require.Equal(t, hook.Success, attempt(t, newSender(t, Options{}), m).Outcome)
			verifier, err := standardwebhooks.NewWebhook(testSecret)
			require.NoError(t, err)
			require.NoError(t, verifier.Verify(body, header))
			require.Equal(t, hook.CombinationType, header.Get("Godwit-Event"))
		})
	}
}
