package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serving starts a Godwit on its own database; env overrides its settings.
func serving(t testing.TB, namespace string, env map[string]string) (*process, string) {
	t.Helper()
	s := sharedStack(t)
	url := s.migrated(t)
	settings := serveEnv(t, url, s.temporal(), namespace)
	for name, value := range env {
		settings[name] = value
	}
	return startServe(t, settings), url
}

// edit posts to a delivery and gives the answer.
func (c *stageClient) edit(t testing.TB, deliveryID, what string) reply {
	t.Helper()
	return c.send(t, http.MethodPost, "/v1/deliveries/"+deliveryID+"/"+what, nil)
}

// carried waits until a delivery is as wanted, and gives it.
func (c *stageClient) carried(t testing.TB, deliveryID string, until func(map[string]any) bool) map[string]any {
	t.Helper()
	var got map[string]any
	eventually(t, func() (bool, string) {
		got = c.get(t, "/v1/deliveries/"+deliveryID)
		text, _ := json.Marshal(got)
		return until(got), string(text)
	})
	return got
}

func TestAFailedDeliveryIsRedelivered(t *testing.T) {
	p, _ := serving(t, "redeliver", nil)
	c := newStage(t, p)
	var well atomic.Bool
	r := newReceiver(t, func(_ int, req request) int {
		switch {
		case !well.Load():
			return http.StatusGone
		case req.header.Get("Godwit-Event") != "WEBHOOK_HEALTH_CHECK" && req.header.Get("Godwit-Attempt") < "3":
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	w := c.webhook(t, r.URL, nil)
	event := c.post(t)
	failed := c.delivery(t, event, status("failed"))["id"].(string)
	well.Store(true)

	held := c.edit(t, failed, "redeliver").json(t, http.StatusAccepted)
	require.Equal(t, "held", held["status"], "the webhook is switched off")
	c.send(t, http.MethodPost, "/v1/webhooks/"+w["id"].(string)+"/enable", nil).json(t, http.StatusOK)
	again := c.carried(t, held["delivery_id"].(string), status("succeeded"))
	require.Equal(t, failed, again["redelivery_of"])
	require.Len(t, again["attempts"], 3, "attempts count from one again")
	require.Equal(t, true, c.get(t, "/v1/deliveries/"+failed)["superseded"])
	require.Equal(t, 4, r.ids()[event], "the same webhook-id")
	require.NotEqual(t, failed, again["id"])

	third := c.edit(t, failed, "redeliver").json(t, http.StatusAccepted)
	require.Equal(t, again["id"], third["redelivery_of"], "the last one is redelivered")
	require.Equal(t, http.StatusConflict, c.edit(t, failed, "redeliver").status, "one at a time")
	c.carried(t, third["delivery_id"].(string), status("succeeded"))
	require.Equal(t, http.StatusConflict, c.edit(t, failed, "cancel").status)
	require.Equal(t, http.StatusConflict, c.edit(t, failed, "retry-now").status)
}

func TestALongWaitIsShortenedOrEnded(t *testing.T) {
	p, _ := serving(t, "retry-now", map[string]string{"GODWIT_RETRY_SCHEDULE": "1h,1h,1h,1h"})
	retrying := func(c *stageClient, answer func(n int, r request) int) (r *receiver, deliveryID string) {
		r = newReceiver(t, answer)
		c.webhook(t, r.URL, nil)
		return r, c.delivery(t, c.post(t), status("retrying"))["id"].(string)
	}
	t.Run("retry-now", func(t *testing.T) {
		c := newStage(t, p)
		r, id := retrying(c, func(n int, _ request) int { return map[bool]int{true: 500, false: 200}[n < 3] })
		for n := 2; n <= 3; n++ {
			c.carried(t, id, func(d map[string]any) bool { return d["next_attempt_at"] != nil })
			c.edit(t, id, "retry-now").json(t, http.StatusAccepted)
			r.wait(t, n)
		}
		d := c.carried(t, id, status("succeeded"))
		require.Len(t, d["attempts"], 3)
		require.Equal(t, "dlv/"+id+"/3", d["workflow"].(map[string]any)["id"])
		require.Len(t, r.all(), 3)
	})
	t.Run("cancel", func(t *testing.T) {
		c := newStage(t, p)
		r, id := retrying(c, func(int, request) int { return http.StatusInternalServerError })
		d := c.edit(t, id, "cancel").json(t, http.StatusOK)
		require.Equal(t, "cancelled", d["status"])
		require.Equal(t, "cancelled_by_owner", d["reason"])
		require.Equal(t, http.StatusConflict, c.edit(t, id, "retry-now").status)
		require.Len(t, r.all(), 1)
	})
}

func TestMaxAge_EndsWhatWaitsAndWhatIsHeld(t *testing.T) {
	p, _ := serving(t, "max-age", map[string]string{"GODWIT_RETRY_SCHEDULE": "1h,1h,1h,1h"})
	c := newStage(t, p)
	failing, off := newReceiver(t, func(int, request) int { return http.StatusInternalServerError }), newReceiver(t, nil)
	waits := c.webhook(t, failing.URL, map[string]any{"max_age": 3})
	held := c.webhook(t, off.URL, map[string]any{"max_age": 3, "enabled": false})
	event := c.post(t)
	for _, w := range []map[string]any{waits, held} {
		var found []any
		eventually(t, func() (bool, string) {
			found = c.get(t, "/v1/deliveries?status=cancelled&webhook_id="+w["id"].(string))["data"].([]any)
			return len(found) == 1, "nothing has expired"
		})
		d := found[0].(map[string]any)
		require.Equal(t, event, d["event_id"])
		require.Equal(t, "expired", d["reason"])
	}
	require.Len(t, failing.all(), 1)
	c.send(t, http.MethodPost, "/v1/webhooks/"+held["id"].(string)+"/enable", nil).json(t, http.StatusOK)
	require.Len(t, off.all(), 1, "the probe alone")
}

func TestATestArrivesAsAnyEvent(t *testing.T) {
	p, _ := serving(t, "test-event", nil)
	c := newStage(t, p)
	r, other := newReceiver(t, nil), newReceiver(t, nil)
	w := c.webhook(t, r.URL, map[string]any{"rules": []any{map[string]any{"events": []string{"TODO_MOVED"}, "filter": "false"}}})
	c.webhook(t, other.URL, map[string]any{"rules": []any{map[string]any{"events": []string{"*"}}}})
	path := "/v1/webhooks/" + w["id"].(string) + "/test"
	sent := c.send(t, http.MethodPost, path, nil).json(t, http.StatusAccepted)
	d := c.carried(t, sent["delivery_id"].(string), status("succeeded"))
	require.Equal(t, c.prefix+"p", d["project_id"])
	got := r.wait(t, 1)[0]
	require.Equal(t, "TODO_MOVED", got.header.Get("Godwit-Event"))
	require.Equal(t, d["event_id"], got.header.Get("webhook-id"))
	var body struct {
		Data struct{ Previous, Current map[string]any }
	}
	require.NoError(t, json.Unmarshal(got.body, &body))
	var example map[string]any
	for _, row := range c.get(t, "/v1/event-types")["data"].([]any) {
		if row := row.(map[string]any); row["name"] == "TODO_MOVED" {
			example = row["example"].(map[string]any)
		}
	}
	require.Equal(t, example["previous"], any(body.Data.Previous))
	require.Equal(t, example["current"], any(body.Data.Current))
	require.Equal(t, http.StatusUnprocessableEntity, c.send(t, http.MethodPost, path, map[string]any{"type": "NONE"}).status)
	c.send(t, http.MethodPost, "/v1/webhooks/"+w["id"].(string)+"/disable", nil).json(t, http.StatusOK)
	c.send(t, http.MethodPost, path, nil).json(t, http.StatusAccepted)
	r.wait(t, 2) // also while it is off
	require.Empty(t, other.all(), "to this webhook alone")
}

// failing is a webhook whose receiver was away for many events, and is well now.
type failing struct {
	*stageClient
	*receiver
	webhook string
	since   time.Time
	n       int
}

// failedOnes makes n failed deliveries at once: what would take hours is written
// into the database.
func failedOnes(t testing.TB, c *stageClient, url string, n int, answer func(n int, r request) int) *failing {
	t.Helper()
	f := &failing{stageClient: c, receiver: newReceiver(t, answer), since: time.Now().Add(-time.Minute), n: n}
	f.webhook = c.webhook(t, f.URL+"/canary", nil)["id"].(string)
	c.send(t, http.MethodPost, "/v1/webhooks/"+f.webhook+"/disable", nil).json(t, http.StatusOK)
	var events []any
	for i := range n {
		events = append(events, map[string]any{"id": fmt.Sprintf("%se%d", c.prefix, i), "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "canary"}})
	}
	c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": events}).json(t, http.StatusAccepted)
	require.Equal(t, n, query(t, url, fmt.Sprintf(`
		WITH failed AS (UPDATE deliveries SET status = 'failed', reason = 'exhausted', finished_at = now() WHERE webhook_id = '%s' AND status = 'held' RETURNING id)
		SELECT count(*) FROM failed`, f.webhook)))
	return f
}

// redeliver asks for all of it to be sent again.
func (f *failing) redeliver(t testing.TB, fields map[string]any) reply {
	t.Helper()
	body := map[string]any{"since": f.since.Format(time.RFC3339Nano)}
	for name, value := range fields {
		body[name] = value
	}
	return f.send(t, http.MethodPost, "/v1/webhooks/"+f.webhook+"/redeliver", body)
}

// begin switches the webhook on and begins a redelivery, and gives its path.
func (f *failing) begin(t testing.TB) string {
	t.Helper()
	f.send(t, http.MethodPost, "/v1/webhooks/"+f.webhook+"/enable", nil).json(t, http.StatusOK)
	got := f.redeliver(t, nil).json(t, http.StatusAccepted)
	require.EqualValues(t, f.n, got["count"])
	return "/v1/webhooks/" + f.webhook + "/redeliveries/" + got["redelivery_id"].(string)
}

// reaches waits for the progress of a redelivery.
func (f *failing) reaches(t testing.TB, path string, until func(map[string]any) bool) map[string]any {
	t.Helper()
	var got map[string]any
	eventually(t, func() (bool, string) {
		got = f.get(t, path)
		text, _ := json.Marshal(got)
		return until(got), string(text)
	})
	return got
}

// events counts the requests for each event, probes apart.
func (f *failing) events() map[string]int {
	out := make(map[string]int)
	for _, req := range f.all() {
		if req.header.Get("Godwit-Event") != "WEBHOOK_HEALTH_CHECK" {
			out[req.header.Get("webhook-id")]++
		}
	}
	return out
}

func TestManyAreRedeliveredEachOnce(t *testing.T) {
	p, url := serving(t, "redeliver-many", nil)
	f := failedOnes(t, newStage(t, p), url, 300, nil)
	require.Equal(t, http.StatusConflict, f.redeliver(t, nil).status, "the webhook is switched off")
	dry := f.redeliver(t, map[string]any{"dry_run": true}).json(t, http.StatusOK)
	require.EqualValues(t, 300, dry["count"])
	require.Nil(t, dry["redelivery_id"])
	require.Zero(t, query(t, url, `SELECT count(*) FROM redeliveries`), "a dry run writes nothing")

	path := f.begin(t)
	got := f.reaches(t, path, status("completed"))
	for field, want := range map[string]int{"count": 300, "released": 300, "succeeded": 300, "failed": 0, "pending": 0} {
		require.EqualValues(t, want, got[field], field)
	}
	require.Len(t, f.events(), 300)
	for event, n := range f.events() {
		require.Equal(t, 1, n, event)
	}
	require.EqualValues(t, 0, f.redeliver(t, map[string]any{"dry_run": true}).json(t, http.StatusOK)["count"], "nothing is left")
	require.Len(t, f.get(t, "/v1/webhooks/"+f.webhook+"/redeliveries")["data"], 1)
}

func TestRedeliver_IsCancelledInTheMiddle(t *testing.T) {
	p, url := serving(t, "redeliver-cancel", nil)
	f := failedOnes(t, newStage(t, p), url, 300, nil)
	path := f.begin(t)
	f.reaches(t, path, func(r map[string]any) bool { return r["released"].(float64) > 0 })
	for range 2 {
		require.Equal(t, http.StatusNoContent, f.send(t, http.MethodDelete, path, nil).status)
	}
	got := f.reaches(t, path, func(r map[string]any) bool { return r["pending"].(float64) == 0 })
	require.Equal(t, "cancelled", got["status"])
	require.Less(t, got["released"], 300.0)
	require.Equal(t, got["released"], got["succeeded"], "what was let go goes on")
	require.EqualValues(t, len(f.events()), got["released"])
}

func TestRedeliver_GoesOnAfterAKill(t *testing.T) {
	p, url := serving(t, "redeliver-kill", nil)
	f := failedOnes(t, newStage(t, p), url, 300, nil)
	path := f.begin(t)
	eventually(t, func() (bool, string) { return len(f.events()) >= 70, "too few requests" })
	p.kill(t)
	require.Less(t, len(f.events()), 300, "killed in the middle")
	startServe(t, p.env)
	eventually(t, func() (bool, string) { return len(f.events()) == 300, fmt.Sprint(len(f.events()), " events") })
	got := f.reaches(t, path, status("completed"))
	require.EqualValues(t, 300, got["succeeded"])
	twice := 0
	for event, n := range f.events() {
		require.LessOrEqual(t, n, 2, event)
		twice += n - 1
	}
	require.LessOrEqual(t, twice, query(t, url, `SELECT count(*) FROM attempts WHERE outcome = 'lost'`), "only what was on its way may come twice")
	require.Equal(t, 300, query(t, url, `SELECT count(*) FROM deliveries WHERE redelivery_of IS NOT NULL`))
}
