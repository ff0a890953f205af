package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// busyReceiver takes so many requests in each window of time, and answers 429
// with the rest of the window as Retry-After to all others, probes included.
type busyReceiver struct {
	*httptest.Server
	mu      sync.Mutex
	most    int
	window  time.Duration
	ends    time.Time
	left    int
	taken   map[string]int
	refused int
}

func newBusyReceiver(t testing.TB, most int, window time.Duration) *busyReceiver {
	t.Helper()
	r := &busyReceiver{most: most, window: window, taken: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *busyReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.After(r.ends) {
		r.ends, r.left = now.Add(r.window), r.most
	}
	if r.left == 0 {
		r.refused++
		w.Header().Set("Retry-After", strconv.FormatFloat(r.ends.Sub(now).Seconds(), 'f', 3, 64))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	r.left--
	r.taken[req.Header.Get("webhook-id")]++
	w.WriteHeader(http.StatusNoContent)
}

func (r *busyReceiver) counts() (taken, refused int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.taken), r.refused
}

// TestOverload_IsNotDeath is a receiver that takes half of what it is sent, as
// one that takes 5 in 10 s of an event a second, five times as fast.
func TestOverload_IsNotDeath(t *testing.T) {
	c, p := startRecovering(t, "overload", shortly, "1s,1s")
	r := newBusyReceiver(t, 5, 2*time.Second)
	w := c.webhook(t, r.URL, nil)
	began := time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	const n = 40
	var ids []string
	for range n {
		<-tick.C
		ids = append(ids, c.post(t))
	}
	c.becomes(t, w, func(w map[string]any) bool { return w["pace_per_second"] != nil }) // a pause may be over by now
	for _, id := range ids {
		d := c.delivery(t, id, status("succeeded"))
		require.EqualValues(t, 1, d["attempt_count"])
		attempts := d["attempts"].([]any)
		for i, a := range attempts {
			want := map[bool]string{true: "success", false: "put_off"}[i == len(attempts)-1]
			require.Equal(t, []any{1.0, want}, []any{a.(map[string]any)["number"], a.(map[string]any)["outcome"]})
		}
	}
	taken, refused := r.counts()
	require.Equal(t, n, taken)
	url := p.env["GODWIT_DATABASE_URL"]
	require.Zero(t, query(t, url, `SELECT count(*) FROM transitions`))
	require.Equal(t, n, query(t, url, `SELECT sum(attempts - unused) FROM deliveries`), "no attempt is burned")
	require.Equal(t, refused, query(t, url, `SELECT sum(unused) FROM deliveries`))
	t.Logf("%d events in %s: %d times 429, none of them an attempt", n, time.Since(began).Round(time.Second), refused)
}

// TestLiveness_OneBadEventSwitchesNothingOff has a receiver that refuses one
// event always, and probes too, while it takes all others.
func TestLiveness_OneBadEventSwitchesNothingOff(t *testing.T) {
	c, p := startRecovering(t, "onebad", "500ms,500ms,500ms,500ms", "1s,1s")
	var bad string
	var mu sync.Mutex
	r := newReceiver(t, func(_ int, req request) int {
		mu.Lock()
		defer mu.Unlock()
		if req.header.Get("Godwit-Event") == "WEBHOOK_HEALTH_CHECK" || req.header.Get("webhook-id") == bad {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	w := c.webhook(t, r.URL, nil)
	mu.Lock()
	bad = c.post(t)
	mu.Unlock()
	good := 0
	eventually(t, func() (bool, string) {
		c.delivery(t, c.post(t), status("succeeded"))
		good++
		d := c.delivery(t, bad, func(map[string]any) bool { return true })
		return d["status"] == "failed", fmt.Sprint(d)
	})
	c.delivery(t, c.post(t), status("succeeded"))
	got := c.show(t, w)
	require.Equal(t, []any{true, "HEALTHY"}, []any{got["enabled"], got["status"]})
	url := p.env["GODWIT_DATABASE_URL"]
	require.Zero(t, query(t, url, `SELECT count(*) FROM transitions`))
	require.Zero(t, query(t, url, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	t.Logf("%d good events beside a bad one", good+1)
}

// TestHealth_OneOfAHundredDelaysNobody sends the same events to a receiver that
// fails one of a hundred requests and to one that never does.
func TestHealth_OneOfAHundredDelaysNobody(t *testing.T) {
	c, p := startRecovering(t, "onepercent", "5s,30s,2m,10m", "1m")
	flaky, quiet := newTimed(t, 100), newTimed(t, 0)
	c.webhook(t, flaky.URL, nil)
	c.webhook(t, quiet.URL, nil)
	const n = 1000
	posted := make(map[string]time.Time, n)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range n {
		<-tick.C
		at := time.Now()
		posted[c.post(t)] = at
	}
	with, without := flaky.delays(t, posted), quiet.delays(t, posted)
	transitions := query(t, p.env["GODWIT_DATABASE_URL"], `SELECT count(*) FROM transitions`)
	t.Logf("first attempts, p50 and p99: %s and %s beside 1 %% of 500s, %s and %s without; %d transitions",
		with[n/2], with[n*99/100], without[n/2], without[n*99/100], transitions)
	require.Zero(t, transitions)
	require.Less(t, with[n*99/100], without[n*99/100]+time.Second, "the others wait for nobody")
}

// timed is a receiver that keeps when each first attempt arrived.
type timed struct {
	*receiver
	mu      sync.Mutex
	arrived map[string]time.Time
}

// newTimed starts one that fails one of so many requests; 0 = none.
func newTimed(t testing.TB, oneOf int) *timed {
	r := &timed{arrived: map[string]time.Time{}}
	r.receiver = newReceiver(t, func(n int, req request) int {
		r.mu.Lock()
		defer r.mu.Unlock()
		if req.header.Get("Godwit-Attempt") == "1" {
			r.arrived[req.header.Get("webhook-id")] = time.Now()
		}
		if oneOf > 0 && n%oneOf == 0 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	return r
}

// delays gives how long each event took to arrive, the shortest first.
func (r *timed) delays(t testing.TB, posted map[string]time.Time) []time.Duration {
	t.Helper()
	var out []time.Duration
	eventually(t, func() (bool, string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.arrived) == len(posted), fmt.Sprintf("%d arrived", len(r.arrived))
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range posted {
		out = append(out, r.arrived[id].Sub(at))
	}
	slices.Sort(out)
	return out
}
