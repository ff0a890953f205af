package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBody_IsTheSameInEveryAttempt changes all that a body shows, between the
// attempts of a delivery and before its redelivery.
func TestBody_IsTheSameInEveryAttempt(t *testing.T) {
	for _, format := range []string{"standard", "cloudevents", "blue"} {
		t.Run(format, func(t *testing.T) {
			c := newStage(t, sharedStack(t).standalone)
			var path string
			r := newReceiver(t, func(n int, _ request) int {
				if n < 3 {
					c.put(t, "/v1/companies/"+c.prefix+"c", map[string]any{"name": fmt.Sprint("Company ", n)})
					c.put(t, "/v1/projects/"+c.prefix+"p", map[string]any{"company_id": c.prefix + "c", "name": fmt.Sprint("Project ", n)})
					return http.StatusServiceUnavailable // so that its health changes too
				}
				return http.StatusOK
			})
			w := c.webhook(t, r.URL, map[string]any{"payload_format": format})
			path = "/v1/webhooks/" + w["id"].(string)
			id := c.post(t)
			d := c.delivery(t, id, status("succeeded"))
			got := c.send(t, http.MethodPatch, path, map[string]any{"name": "another", "url": r.URL + "/other", "rules": []any{map[string]any{"events": []string{"*"}}}})
			require.Equal(t, http.StatusOK, got.status, string(got.raw))
			again := c.send(t, http.MethodPost, "/v1/deliveries/"+d["id"].(string)+"/redeliver", nil).json(t, http.StatusAccepted)
			require.Equal(t, d["sequence"], again["sequence"])

			requests := r.wait(t, 4)
			event := c.get(t, "/v1/events/"+id)
			for _, req := range requests {
				require.Equal(t, string(requests[0].body), string(req.body))
				require.Equal(t, id, req.header.Get("webhook-id"))
				require.Equal(t, strconv.Itoa(int(event["sequence"].(float64))), req.header.Get("Godwit-Sequence"))
			}
		})
	}
}

// TestSequence_OrdersABatch publishes a batch whose ids fall, and finds it in its
// own order in the bodies and, turned round, in the list.
func TestSequence_OrdersABatch(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	var events []any
	var want []string
	for i := range 20 {
		id := fmt.Sprintf("%s%02d", c.prefix, 99-i)
		events = append(events, map[string]any{"id": id, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"n": i}})
		want = append([]string{id}, want...)
	}
	c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": events}).json(t, http.StatusAccepted)
	var listed []string
	for cursor := ""; ; {
		page := c.get(t, "/v1/events?limit=7&project_id="+c.prefix+"p"+cursor)
		for _, e := range page["data"].([]any) {
			listed = append(listed, e.(map[string]any)["id"].(string))
		}
		if page["next_cursor"] == nil {
			break
		}
		cursor = "&cursor=" + page["next_cursor"].(string)
	}
	require.Equal(t, want, listed)

	sequences := map[string]float64{}
	for _, req := range r.wait(t, 20) {
		var body struct {
			Data struct {
				ID       string
				Sequence float64
			}
		}
		require.NoError(t, json.Unmarshal(req.body, &body))
		sequences[body.Data.ID] = body.Data.Sequence
	}
	for i := range 19 {
		require.Greater(t, sequences[want[i]], sequences[want[i+1]])
	}
}
