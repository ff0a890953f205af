package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crew starts an API and two workers on their own database.
func crew(t *testing.T, namespace string) (*stageClient, [2]*process) {
	t.Helper()
	s := sharedStack(t)
	url := s.migrated(t)
	start := func(role string) *process {
		return startServe(t, serveEnv(t, url, s.temporal(), namespace), "--role", role)
	}
	api := start("api")
	return newStage(t, api), [2]*process{start("worker"), start("worker")}
}

// gauge counts what is under way.
type gauge struct{ now, most atomic.Int64 }

// busy takes its time.
func (g *gauge) busy(d time.Duration) {
	now := g.now.Add(1)
	defer g.now.Add(-1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); {
		most = g.most.Load()
	}
	<-time.After(d)
}

func TestTheCapIsNeverPassed(t *testing.T) {
	c, _ := crew(t, "cap")
	for _, attempts := range []int{1, 2} {
		t.Run(fmt.Sprintf("success at attempt %d", attempts), func(t *testing.T) {
			var g gauge
			r := newReceiver(t, func(_ int, req request) int {
				g.busy(50 * time.Millisecond)
				if req.header.Get("Godwit-Attempt") < fmt.Sprint(attempts) {
					return http.StatusInternalServerError
				}
				return http.StatusOK
			})
			w := c.webhook(t, r.URL, map[string]any{"max_in_flight": 2})
			defer c.send(t, http.MethodDelete, "/v1/webhooks/"+w["id"].(string), nil)
			var ids []string
			for range 30 {
				ids = append(ids, c.post(t))
			}
			for _, id := range ids {
				d := c.delivery(t, id, status("succeeded"))
				require.Len(t, d["attempts"], attempts, "waiting costs no attempt")
			}
			require.EqualValues(t, 2, g.most.Load())
			require.Len(t, r.all(), 30*attempts)
		})
	}
}

func TestTheRateIsKeptAndNobodyElseIsSlowed(t *testing.T) {
	c, _ := crew(t, "rate")
	const rate, n = 20, 60
	var mu sync.Mutex
	var times []time.Time
	limited := newReceiver(t, func(int, request) int {
		mu.Lock()
		defer mu.Unlock()
		times = append(times, time.Now())
		return http.StatusNoContent
	})
	free := newReceiver(t, nil)
	c.webhook(t, limited.URL, map[string]any{"rate_limit_per_second": rate})
	c.webhook(t, free.URL, nil)
	for range n {
		c.post(t)
	}
	free.wait(t, n)
	require.Less(t, len(limited.all()), n, "the queue is still long")
	began := time.Now()
	limited.wait(t, n)
	require.Less(t, time.Since(began), 6*time.Second, "the rate is used")
	for id, count := range limited.ids() {
		require.Equal(t, 1, count, id)
	}
	for _, req := range limited.all() {
		require.Equal(t, "1", req.header.Get("Godwit-Attempt"))
	}
	mu.Lock()
	defer mu.Unlock()
	most := 0
	for i, from := range times {
		within := 0
		for _, at := range times[i:] {
			if at.Sub(from) <= time.Second {
				within++
			}
		}
		most = max(most, within)
	}
	t.Logf("%d in the busiest second, %s for %d", most, times[n-1].Sub(times[0]), n)
	require.LessOrEqual(t, most, rate*11/10+1)
}

func TestAKilledWorkerLosesNoPlace(t *testing.T) {
	c, workers := crew(t, "places")
	var hanging atomic.Bool
	hanging.Store(true)
	r := newReceiver(t, func(int, request) int {
		return map[bool]int{true: 0, false: http.StatusOK}[hanging.Load()]
	})
	c.webhook(t, r.URL, map[string]any{"max_in_flight": 1})
	workers[0].stop(t)
	first := c.post(t)
	r.wait(t, 1)
	second := c.post(t)
	workers[1].kill(t)
	hanging.Store(false)
	startServe(t, workers[1].env, "--role", "worker")
	d := c.delivery(t, first, status("succeeded"))
	require.Equal(t, "lost", d["attempts"].([]any)[0].(map[string]any)["outcome"])
	require.Len(t, c.delivery(t, second, status("succeeded"))["attempts"], 1)
}

func TestRemovedLimitsLetTheQueueGo(t *testing.T) {
	c, _ := crew(t, "removed")
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, map[string]any{"rate_limit_per_second": 1})
	for range 30 {
		c.post(t)
	}
	c.send(t, http.MethodPatch, "/v1/webhooks/"+w["id"].(string), map[string]any{"rate_limit_per_second": nil}).json(t, http.StatusOK)
	began := time.Now()
	r.wait(t, 30)
	require.Less(t, time.Since(began), 15*time.Second)
}
