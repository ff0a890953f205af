package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// audience is the receivers of a stage. Each of everyone gets every event: one is
// quick, one slow, one refuses some events at first, one is off until its backlog is
// drained, and one is gone until what failed is sent again. Beside them is one of a
// combination.
type audience struct {
	c        *stageClient
	good     *receiver
	everyone map[string]*receiver
	pairs    *receiver
	sleeping string // the webhook that is off
	gone     string // the webhook whose receiver is gone
	back     atomic.Bool
	mu       sync.Mutex
	refused  map[string]int // by the receiver's name and webhook-id
}

func newAudience(t testing.TB, c *stageClient) *audience {
	a := &audience{c: c, good: newReceiver(t, nil), refused: map[string]int{}}
	a.everyone = map[string]*receiver{
		"good": a.good, "off": newReceiver(t, nil),
		"slow": newReceiver(t, func(int, request) int {
			<-time.After(50 * time.Millisecond)
			return http.StatusOK
		}),
		"flaky": newReceiver(t, a.refuse("flaky", http.StatusInternalServerError, func(n, refused int) bool { return n%7 == 0 && refused == 0 })),
		"gone":  newReceiver(t, a.refuse("gone", http.StatusGone, func(int, int) bool { return !a.back.Load() })),
	}
	for _, name := range []string{"good", "slow", "flaky"} {
		c.webhook(t, a.everyone[name].URL, nil)
	}
	a.sleeping = c.webhook(t, a.everyone["off"].URL, map[string]any{"enabled": false})["id"].(string)
	a.gone = c.webhook(t, a.everyone["gone"].URL, nil)["id"].(string)
	a.pairs = combine(t, c, map[string]any{"same": "current.pair"}).receiver
	return a
}

// refuse answers with a status to the n-th request when it is so, which it counts by its
// webhook-id.
func (a *audience) refuse(name string, status int, so func(n, refused int) bool) func(int, request) int {
	return func(n int, r request) int {
		a.mu.Lock()
		defer a.mu.Unlock()
		id := name + r.header.Get("webhook-id")
		if !so(n, a.refused[id]) {
			return http.StatusOK
		}
		if r.header.Get("Godwit-Event") != "WEBHOOK_HEALTH_CHECK" {
			a.refused[id]++
		}
		return status
	}
}

// wake begins to drain the one backlog and to send again what failed of the other.
func (a *audience) wake(t testing.TB) {
	a.back.Store(true)
	for _, id := range []string{a.sleeping, a.gone} {
		a.c.send(t, http.MethodPost, "/v1/webhooks/"+id+"/enable", nil).json(t, http.StatusOK)
	}
	again := map[string]any{"since": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}
	a.c.send(t, http.MethodPost, "/v1/webhooks/"+a.gone+"/redeliver", again).json(t, http.StatusAccepted)
}

// count adds to a proof what has arrived of the events, and of as many pairs.
func (a *audience) count(ids []string, pairs int, into *proof) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, r := range a.everyone {
		got := r.ids()
		for _, id := range ids {
			into.arrived(got[id] - a.refused[name+id])
		}
	}
	fired := a.pairs.ids()
	for _, n := range fired {
		into.arrived(n)
	}
	for range pairs - len(fired) {
		into.arrived(0)
	}
}

// publisher posts events until it is stopped. It goes to another API when one does
// not accept, with the same id, as a producer that wants to lose nothing does.
type publisher struct {
	h        *house
	c        *stageClient
	clients  http.Client
	mu       sync.Mutex
	accepted []string
	pairs    int
}

func newPublisher(h *house, c *stageClient) *publisher {
	return &publisher{h: h, c: c, clients: http.Client{Timeout: 10 * time.Second}}
}

// publish posts events, so many a second, until done is closed. Every fourth has
// another one that makes a pair with it.
func (p *publisher) publish(done <-chan struct{}, perSecond int) {
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	room := make(chan struct{}, 64) // requests under way at once
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-done:
			return
		}
		id := fmt.Sprintf("%s%d-%d", p.c.prefix, time.Now().UnixNano(), n)
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			if p.insist(id, "TODO_CREATED", n) && n%4 == 0 && p.insist(id+"-b", "TODO_ASSIGNEE_ADDED", n) {
				p.mu.Lock()
				p.pairs++
				p.mu.Unlock()
			}
		})
	}
}

// insist posts one event until it is accepted, and says whether it ever was. Those of
// pairs alone open a window of the combination: of the others there would be more at a
// time than a webhook may have.
func (p *publisher) insist(id, eventType string, n int) bool {
	pair := ""
	if n%4 == 0 {
		pair = fmt.Sprintf(`,"pair":%d`, n)
	}
	body := fmt.Sprintf(`{"id":%q,"type":%q,"project_id":"%sp","current":{"n":%d%s}}`, id, eventType, p.c.prefix, n, pair)
	deadline := time.Now().Add(patience)
	for try := n; time.Now().Before(deadline); try++ {
		api := p.h.process([]string{"api 1", "api 2"}[try%2])
		req, err := http.NewRequest(http.MethodPost, api.url()+"/v1/events", strings.NewReader(body))
		if err != nil {
			return false
		}
		req.Header.Set("Authorization", "Bearer "+adminKey)
		req.Header.Set("Content-Type", "application/json")
		resp, err := p.clients.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusAccepted {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.accepted = append(p.accepted, id)
				return true
			}
		}
		<-time.After(100 * time.Millisecond)
	}
	return false
}

// preload accepts 100 events, and waits until those for the receiver that is gone have
// failed, as many as it refused, or are held.
func (a *audience) preload(p *publisher) {
	t := p.h.t
	for range 100 {
		p.accepted = append(p.accepted, a.c.post(t))
	}
	count := `SELECT count(*) FROM deliveries WHERE webhook_id = '` + a.gone + `' AND status `
	eventually(t, func() (bool, string) {
		failed, held := query(t, p.h.database, count+`= 'failed'`), query(t, p.h.database, count+`= 'held'`)
		return failed > 0 && failed == a.refusals("gone") && failed+held == 100, fmt.Sprint(failed, " failed, ", held, " held")
	})
}

// refusals counts what a receiver refused.
func (a *audience) refusals(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for id, times := range a.refused {
		if strings.HasPrefix(id, name) {
			n += times
		}
	}
	return n
}
