package hook_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestCombinationStateKeepsTheBytesOfItsParts(t *testing.T) {
	const odd = "{ \"z\" : 1.10,\t\"a\":1e400, \"s\":\"\\u003c<&>\\/ \\u0000\" }"
	at := time.Date(2026, 5, 4, 5, 2, 1, 120_000_000, time.FixedZone("", 2*3600))
	state := hook.CombinationState([]hook.Event{
		{ID: "e1", Type: "A", ProjectID: "p1", CompanyID: "c1", ActorID: "u1", OccurredAt: at, Current: []byte(odd),
			Sequence: 7, ProjectName: "Road \"map\" <&>\n", CompanyName: "é"},
		{ID: "e2", Type: "B", ProjectID: "p2", CompanyID: "c2", OccurredAt: at, Previous: []byte(`{}`)},
	})
	list := `[{"id":"e1","sequence":7,"type":"A","timestamp":"2026-05-04T03:02:01.12Z","project":{"id":"p1","name":"Road \"map\" <&>\n"},` +
		`"company":{"id":"c1","name":"é"},"actor_id":"u1","previous":null,"current":` + odd + `},` +
		`{"id":"e2","sequence":0,"type":"B","timestamp":"2026-05-04T03:02:01.12Z","project":{"id":"p2","name":""},` +
		`"company":{"id":"c2","name":""},"actor_id":null,"previous":{},"current":null}]`
	require.Equal(t, `{"events":`+list+`}`, string(state))
	require.True(t, json.Valid(state))
	require.Equal(t, list, string(hook.CombinationEvents(state)))
}

func TestCombinationEventsOfAnythingElse(t *testing.T) {
	for _, state := range []string{"", "null", `{}`, `{"event":[]}`, `{"events":`} {
		require.Nil(t, hook.CombinationEvents(json.RawMessage(state)), state)
	}
}
