package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// TestRequest_IsWhatTheReceiverGot: the request that is shown has the bytes and
// the headers of the one that arrived, and can be sent by hand when it is signed.
func TestRequest_IsWhatTheReceiverGot(t *testing.T) {
	p := sharedStack(t).standalone
	for _, format := range []string{"standard", "blue", "cloudevents", "slack", "discord", "teams"} {
		t.Run(format, func(t *testing.T) {
			c := newStage(t, p)
			r := newReceiver(t, nil)
			w := c.webhook(t, r.URL+"/in", map[string]any{"payload_format": format, "headers": map[string]string{"X-Token": "canary"}})
			c.send(t, http.MethodPost, "/v1/events", []byte(fmt.Sprintf(`{"id":"%[1]se","type":"TODO_CREATED","project_id":"%[1]sp","current":%[2]s}`, c.prefix, odd))).json(t, http.StatusAccepted)
			arrived := r.wait(t, 1)[0]
			c.send(t, http.MethodPatch, "/v1/webhooks/"+w["id"].(string), map[string]any{"name": "another"}).json(t, http.StatusOK)
			path := "/v1/deliveries/" + arrived.header.Get("Godwit-Delivery") + "/request"

			got := c.get(t, path)
			require.Equal(t, "POST", got["method"])
			require.Equal(t, r.URL+"/in", got["url"])
			require.Equal(t, string(arrived.body), got["body"])
			require.Equal(t, false, got["truncated"])
			for name, value := range got["headers"].(map[string]any) {
				if name != "X-Token" {
					require.Equal(t, arrived.header.Get(name), value, name)
				}
			}
			require.Equal(t, "[hidden]", got["headers"].(map[string]any)["X-Token"])
			for _, name := range []string{"Content-Type", "Accept", "User-Agent", "webhook-id", "Godwit-Event", "Godwit-Webhook", "Godwit-Delivery", "Godwit-Attempt", "Godwit-Sequence"} {
				require.Contains(t, got["headers"], name)
			}

			signed := c.get(t, path+"?sign=true")
			require.Equal(t, got["body"], signed["body"])
			headers := http.Header{}
			for name, value := range signed["headers"].(map[string]any) {
				headers.Set(name, value.(string))
			}
			verifier, err := standardwebhooks.NewWebhook(w["secret"].(string))
			require.NoError(t, err)
			require.NoError(t, verifier.Verify([]byte(signed["body"].(string)), headers), "verified as a request of now: %s", time.Now())
			require.Equal(t, arrived.header.Get("X-Signature"), headers.Get("X-Signature"))
		})
	}
}
