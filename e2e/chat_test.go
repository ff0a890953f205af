package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Slack's, Discord's and Teams' incoming webhooks get is a sentence in the
// owner's language. A test says that it is one.
func TestChat_SpeaksTheLanguageOfTheOwner(t *testing.T) {
	p := sharedStack(t).standalone
	for format, want := range map[string]string{
		"slack": "*Datensatz angelegt*: Crate 18", "discord": "**Datensatz angelegt**: Crate 18", "teams": `"text":"Datensatz angelegt"`,
	} {
		t.Run(format, func(t *testing.T) {
			c := newStage(t, p)
			c.send(t, http.MethodPut, "/v1/users/"+c.prefix+"u", map[string]any{"name": "Una", "email": "una@example.com", "locale": "de"}).json(t, http.StatusOK)
			r := newReceiver(t, nil)
			w := c.webhook(t, r.URL, map[string]any{"payload_format": format})
			c.send(t, http.MethodPost, "/v1/events", []byte(`{"type":"TODO_CREATED","project_id":"`+c.prefix+`p","current":`+odd+`}`)).json(t, http.StatusAccepted)
			body := string(r.wait(t, 1)[0].body)
			require.Contains(t, body, want)
			require.Contains(t, body, p.url()+"/deliveries/dlv_", "without a GODWIT_PUBLIC_URL it leads to this machine")
			c.send(t, http.MethodPost, "/v1/webhooks/"+w["id"].(string)+"/test", map[string]any{"type": "TODO_DELETED"}).json(t, http.StatusAccepted)
			require.Contains(t, string(r.wait(t, 2)[1].body), "Test – Datensatz gelöscht")
		})
	}
}
