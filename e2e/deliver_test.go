package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

const odd = `{ "title":"Crate 18", "price":1.10,"big":1e400 ,"z":[ ],"é":"<\u003c\u0000" }`

func TestEventArrivesSignedAndCanBeReadBack(t *testing.T) {
	p := sharedStack(t).standalone
	for _, format := range []string{"standard", "blue", "cloudevents"} {
		t.Run(format, func(t *testing.T) {
			c := newStage(t, p)
			r := newReceiver(t, nil)
			w := c.webhook(t, r.URL+"/in?token=canary", map[string]any{"payload_format": format, "headers": map[string]string{"X-Token": "canary"}})
			secret := w["secret"].(string)
			eventID := c.prefix + "evt"
			got := c.send(t, http.MethodPost, "/v1/events", []byte(fmt.Sprintf(
				`{"id":%q,"type":"TODO_CREATED","project_id":"%sp","actor_id":"u9","previous":null,"current":%s}`, eventID, c.prefix, odd)))
			require.Equal(t, map[string]any{"id": eventID, "matched": 1.0, "duplicate": false}, got.json(t, http.StatusAccepted))
			require.Equal(t, "/v1/events/"+eventID, got.header.Get("Location"))

			arrived := r.wait(t, 1)[0]
			require.Contains(t, string(arrived.body), odd, "the producer's bytes")
			require.Equal(t, eventID, arrived.header.Get("webhook-id"))
			require.Equal(t, "TODO_CREATED", arrived.header.Get("Godwit-Event"))
			require.Equal(t, w["id"], arrived.header.Get("Godwit-Webhook"))
			require.Equal(t, "1", arrived.header.Get("Godwit-Attempt"))
			require.Equal(t, "canary", arrived.header.Get("X-Token"))
			verifier, err := standardwebhooks.NewWebhook(secret)
			require.NoError(t, err)
			require.NoError(t, verifier.Verify(arrived.body, arrived.header))
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write(arrived.body)
			require.Equal(t, hex.EncodeToString(mac.Sum(nil)), arrived.header.Get("X-Signature"))

			d := c.delivery(t, eventID, status("succeeded"))
			attempts := d["attempts"].([]any)
			require.Len(t, attempts, 1)
			attempt := attempts[0].(map[string]any)
			require.Equal(t, 1.0, attempt["number"])
			require.Equal(t, 204.0, attempt["status_code"])
			require.Equal(t, "success", attempt["outcome"])
			require.Equal(t, r.URL+"/in?token=canary", attempt["request"].(map[string]any)["url"])
			headers, err := json.Marshal(attempt["request"])
			require.NoError(t, err)
			require.Contains(t, string(headers), "[hidden]")
			require.Equal(t, arrived.header.Get("Godwit-Delivery"), d["id"])
			workflow := d["workflow"].(map[string]any)
			require.Equal(t, "dlv/"+d["id"].(string), workflow["id"])
			require.NotEmpty(t, workflow["run_id"])
			require.Contains(t, workflow["url"], "/namespaces/godwit/workflows/")
			event := c.send(t, http.MethodGet, "/v1/events/"+eventID, nil)
			require.Contains(t, string(event.raw), odd)
		})
	}
}

func TestThirdAttemptSucceeds(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 503, false: 200}[n < 3] })
	w := c.webhook(t, r.URL, nil)
	d := c.delivery(t, c.post(t), status("succeeded"))
	require.Len(t, d["attempts"], 3)
	first := d["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, "failure", first["outcome"])
	require.Equal(t, 503.0, first["status_code"])
	requests := r.all()
	for i, req := range requests {
		require.Equal(t, fmt.Sprint(i+1), req.header.Get("Godwit-Attempt"))
		require.Equal(t, requests[0].header.Get("webhook-id"), req.header.Get("webhook-id"))
		require.Equal(t, string(requests[0].body), string(req.body))
	}
	require.Equal(t, "HEALTHY", c.get(t, "/v1/webhooks/"+w["id"].(string))["status"])
}

func TestFiveFailuresThenProbeThenDeactivated(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	var mu sync.Mutex
	healthy := false
	r := newReceiver(t, func(int, request) int {
		mu.Lock()
		defer mu.Unlock()
		return map[bool]int{true: 200, false: 500}[healthy]
	})
	w := c.webhook(t, r.URL, nil)
	path := "/v1/webhooks/" + w["id"].(string)
	d := c.delivery(t, c.post(t), status("failed"))
	require.Equal(t, "exhausted", d["reason"])
	require.Len(t, d["attempts"], 5)
	eventually(t, func() (bool, string) { return c.get(t, path)["status"] == "UNHEALTHY", "still on" })
	got := c.get(t, path)
	require.Equal(t, false, got["enabled"])
	require.Equal(t, "health", got["disabled_reason"])
	requests := r.all()
	require.Len(t, requests, 6, "five attempts and a probe")
	require.Equal(t, "WEBHOOK_HEALTH_CHECK", requests[5].header.Get("Godwit-Event"))
	verifier, err := standardwebhooks.NewWebhook(w["secret"].(string))
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(requests[5].body, requests[5].header))

	// What matches now is held, and goes out when the webhook is on again.
	held := c.post(t)
	require.Equal(t, "webhook_disabled", c.delivery(t, held, status("held"))["reason"])
	mu.Lock()
	healthy = true
	mu.Unlock()
	require.Equal(t, true, c.send(t, http.MethodPatch, path, map[string]any{"enabled": true}).json(t, http.StatusOK)["enabled"])
	c.delivery(t, held, status("succeeded"))
}

// TestGone_ReceiversOfManyEventsAreAskedOnceForEach has a receiver answer 410 to
// all events of a batch at about the same time.
func TestGone_ReceiversOfManyEventsAreAskedOnceForEach(t *testing.T) {
	for _, n := range []int{3, 10, 50} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := newStage(t, sharedStack(t).standalone)
			r := newReceiver(t, func(int, request) int { return http.StatusGone })
			path := "/v1/webhooks/" + c.webhook(t, r.URL, nil)["id"].(string)
			c.burst(t, "gone", n)
			ended := func(status string) int {
				return len(c.get(t, "/v1/deliveries?limit=200&webhook_id="+strings.TrimPrefix(path, "/v1/webhooks/")+"&status="+status)["data"].([]any))
			}
			// One whose request had not begun when the first answer came is held unsent.
			eventually(t, func() (bool, string) {
				failed, held, sent := ended("failed"), ended("held"), len(r.all())
				return failed+held == n && failed == sent, fmt.Sprintf("%d failed, %d held, %d requests", failed, held, sent)
			})
			require.Equal(t, "gone", c.get(t, path)["disabled_reason"])
			seen := map[string]bool{}
			for _, req := range r.all() {
				require.False(t, seen[req.header.Get("Godwit-Delivery")], "sent twice")
				seen[req.header.Get("Godwit-Delivery")] = true
			}
		})
	}
}

func TestGoneEndsTheDeliveryAndDisablesTheWebhook(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, func(int, request) int { return http.StatusGone })
	w := c.webhook(t, r.URL, nil)
	d := c.delivery(t, c.post(t), status("failed"))
	require.Equal(t, "gone", d["reason"])
	require.Len(t, d["attempts"], 1)
	got := c.get(t, "/v1/webhooks/"+w["id"].(string))
	require.Equal(t, false, got["enabled"])
	require.Equal(t, "gone", got["disabled_reason"])
	require.Len(t, r.all(), 1)
}

func TestDeletingAWebhookCancelsWhatWaits(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, func(int, request) int { return 0 })
	w := c.webhook(t, r.URL, nil)
	eventID := c.post(t)
	r.wait(t, 1)
	require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/webhooks/"+w["id"].(string), nil).status)
	require.Equal(t, "webhook_deleted", c.delivery(t, eventID, status("cancelled"))["reason"])
	r.letGo()
	c.delivery(t, eventID, func(d map[string]any) bool { return d["attempts"].([]any)[0].(map[string]any)["outcome"] == "failure" })
	require.Len(t, r.all(), 1)
}

func TestSameEventFiftyTimesAtOnce(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	body := []byte(fmt.Sprintf(`{"id":"%sonce","type":"TODO_CREATED","project_id":"%sp","previous":null,"current":{"id":"1"}}`, c.prefix, c.prefix))
	var group sync.WaitGroup
	firsts := make(chan bool, 50)
	for range cap(firsts) {
		group.Go(func() {
			got := c.send(t, http.MethodPost, "/v1/events", body)
			firsts <- got.status == http.StatusAccepted && strings.Contains(string(got.raw), `"duplicate":false`)
		})
	}
	group.Wait()
	n := 0
	for range cap(firsts) {
		if <-firsts {
			n++
		}
	}
	require.Equal(t, 1, n)
	c.delivery(t, c.prefix+"once", status("succeeded"))
	require.Equal(t, map[string]int{c.prefix + "once": 1}, r.ids())
}
