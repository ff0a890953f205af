package e2e_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
)

// TestADeliveryWhoseWorkflowIsGoneIsCarriedOn ends workflows behind Godwit's
// back: by terminating one by hand, and by pointing Godwit at a Temporal that
// knows none of them, as after a wipe. The time after which it looks is not
// waited for but made to have passed.
func TestADeliveryWhoseWorkflowIsGoneIsCarriedOn(t *testing.T) {
	s := sharedStack(t)
	url := s.migrated(t)
	env := serveEnv(t, url, s.temporal(), "lost")
	env["GODWIT_RETRY_SCHEDULE"] = "1h,1h,1h,1h"
	p := startServe(t, env)
	c := newStage(t, p)
	var well atomic.Bool
	r := newReceiver(t, func(int, request) int { return map[bool]int{true: 200, false: 500}[well.Load()] })
	c.webhook(t, r.URL, nil)
	waiting := func(d map[string]any) bool { return d["next_attempt_at"] != nil }
	due := func() {
		pgtest.Exec(t, url, `UPDATE deliveries SET dispatch_at = now(), next_attempt_at = now() WHERE status = 'retrying'`)
	}

	first := c.post(t)
	d := c.delivery(t, first, waiting)
	temporal := temporalOf(t, s.temporal(), "lost")
	id := d["workflow"].(map[string]any)["id"].(string)
	require.NoError(t, temporal.TerminateWorkflow(context.Background(), id, "", "by hand"))
	well.Store(true)
	due()
	d = c.delivery(t, first, status("succeeded"))
	require.Equal(t, id+"/2", d["workflow"].(map[string]any)["id"])
	require.Len(t, d["attempts"], 2)

	well.Store(false)
	second := c.post(t)
	c.delivery(t, second, waiting)
	p.stop(t)
	env["GODWIT_TEMPORAL_NAMESPACE"] = "wiped"
	startServe(t, env)
	well.Store(true)
	due()
	require.Len(t, c.delivery(t, second, status("succeeded"))["attempts"], 2)
}

func TestRetryAfterMovesTheNextAttempt(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1800")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c.webhook(t, r.URL, nil)
	d := c.delivery(t, c.post(t), func(d map[string]any) bool { return d["next_attempt_at"] != nil })
	require.Equal(t, "status_429", d["attempts"].([]any)[0].(map[string]any)["reason"])
	require.Equal(t, "put_off", d["attempts"].([]any)[0].(map[string]any)["outcome"])
	require.Zero(t, d["attempt_count"])
	require.InDelta(t, 1800, parseTime(t, d["next_attempt_at"]).Sub(parseTime(t, d["created_at"])).Seconds(), 60)
}
