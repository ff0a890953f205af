package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fault is what happens to the house while events come: it strikes, lasts, and is
// mended.
type fault struct {
	name   string
	strike func(*house)
	lasts  time.Duration
	mend   func(*house)
}

func nothing(*house) {}

// faults are all of the matrix; the quick ones are part of every run of the tests.
func faults() (all []fault, quick map[string]bool) {
	workers, apis := households[:2], households[2:]
	rolling := func(h *house) {
		for _, name := range households {
			h.process(name).stop(h.t)
			h.start(name)
			h.process(name).waitFor(h.t, readyLog)
		}
	}
	shut := func(g func(*house) *gate, open bool) func(*house) { return func(h *house) { g(h).set(open) } }
	base, temporal := func(h *house) *gate { return h.base }, func(h *house) *gate { return h.temporal }
	all = []fault{
		{"a worker is killed", func(h *house) { h.kill(workers[0]) }, 2 * time.Second, func(h *house) { h.start(workers[0]) }},
		{"both workers are killed", func(h *house) { h.kill(workers...) }, 2 * time.Second, func(h *house) { h.startAll(workers...) }},
		{"an API is killed", func(h *house) { h.kill(apis[0]) }, 2 * time.Second, func(h *house) { h.start(apis[0]) }},
		{"all four processes are killed", func(h *house) { h.kill(households...) }, 2 * time.Second, func(h *house) { h.startAll(households...) }},
		{"a worker is frozen for 20 s", func(h *house) { h.signal(workers[0], syscall.SIGSTOP) }, 20 * time.Second, func(h *house) { h.signal(workers[0], syscall.SIGCONT) }},
		{"an API is frozen for 5 s", func(h *house) { h.signal(apis[0], syscall.SIGSTOP) }, 5 * time.Second, func(h *house) { h.signal(apis[0], syscall.SIGCONT) }},
		{"every process is restarted, one after another", rolling, 0, nothing},
		{"Postgres ends at once and starts again", (*house).endPostgres, 2 * time.Second, (*house).startPostgres},
		{"Postgres can't be reached for 8 s", shut(base, false), 8 * time.Second, shut(base, true)},
		{"Postgres is frozen for 10 s", func(h *house) { h.base.flow.Lock() }, 10 * time.Second, func(h *house) { h.base.flow.Unlock() }},
		{"every session of Postgres is ended, five times", func(h *house) {
			for range 5 {
				h.endSessions()
			}
		}, 0, nothing},
		{"Temporal can't be reached for 10 s", shut(temporal, false), 10 * time.Second, shut(temporal, true)},
		{"Temporal is frozen for 10 s", func(h *house) { h.temporal.flow.Lock() }, 10 * time.Second, func(h *house) { h.temporal.flow.Unlock() }},
		{"Temporal is away while the workers are killed and started", func(h *house) {
			h.temporal.set(false)
			h.kill(workers...)
			h.startAll(workers...)
		}, 6 * time.Second, shut(temporal, true)},
		{"Postgres and Temporal can't be reached for 8 s", func(h *house) { h.base.set(false); h.temporal.set(false) }, 8 * time.Second,
			func(h *house) { h.base.set(true); h.temporal.set(true) }},
	}
	return all, map[string]bool{all[1].name: true, all[7].name: true}
}

// proof is what one fault did.
type proof struct {
	fault                             string
	accepted, due, lost, stuck, twice int
	interrupted                       int // attempts whose end nobody saw
	recovery                          time.Duration
}

// TestProofs_NothingIsLost has events come to the production shape, 40 a second for
// three receivers, and a backlog drain, while parts of it fail. Everything that was
// accepted arrives at every receiver; what arrives twice was on its way when it
// happened. With GODWIT_PROOFS=1 it goes through all faults and writes the table of
// docs/guarantees.md; else through two of them.
func TestProofs_NothingIsLost(t *testing.T) {
	t.Parallel()
	all, quick := faults()
	whole := os.Getenv("GODWIT_PROOFS") != ""
	h := newHouse(t)
	var proofs []proof
	for _, f := range all {
		if whole || quick[f.name] {
			p := h.prove(f)
			t.Logf("%+v", p)
			require.Zero(t, p.lost, "%+v", p)
			require.Zero(t, p.stuck, "%+v", p)
			require.LessOrEqual(t, p.twice, p.interrupted, "only what was on its way may come twice: %+v", p)
			proofs = append(proofs, p)
		}
	}
	if whole {
		writeProofs(t, proofs)
	}
}

// audience is the receivers of a stage: one is quick, one slow, one refuses some
// events at first, and one is off until its backlog is drained.
type audience struct {
	good, slow, flaky, off *receiver
	sleeping               string // the webhook that is off
	mu                     sync.Mutex
	refused                map[string]int // by webhook-id, of flaky
}

func newAudience(t testing.TB, c *stageClient) *audience {
	a := &audience{refused: map[string]int{}}
	a.good, a.off = newReceiver(t, nil), newReceiver(t, nil)
	a.slow = newReceiver(t, func(int, request) int {
		<-time.After(50 * time.Millisecond)
		return http.StatusOK
	})
	a.flaky = newReceiver(t, func(n int, r request) int {
		id := r.header.Get("webhook-id")
		a.mu.Lock()
		defer a.mu.Unlock()
		if n%7 > 0 || a.refused[id] > 0 {
			return http.StatusOK
		}
		a.refused[id]++
		return http.StatusInternalServerError
	})
	for _, r := range []*receiver{a.good, a.slow, a.flaky} {
		c.webhook(t, r.URL, nil)
	}
	a.sleeping = c.webhook(t, a.off.URL, map[string]any{"enabled": false})["id"].(string)
	return a
}

// count adds to a proof what has arrived of the events.
func (a *audience) count(ids []string, into *proof) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range []*receiver{a.good, a.slow, a.flaky, a.off} {
		got := r.ids()
		for _, id := range ids {
			n := got[id]
			if r == a.flaky {
				n -= a.refused[id]
			}
			into.due++
			if n == 0 {
				into.lost++
			} else {
				into.twice += n - 1
			}
		}
	}
}

// prove lets a fault happen while events come and a backlog drains, and counts.
func (h *house) prove(f fault) proof {
	t := h.t
	const cutOff = `SELECT count(*) FROM attempts WHERE outcome = 'lost'`
	c := newStage(t, h.process("api 2"))
	a := newAudience(t, c)
	p := &publisher{h: h, c: c, clients: http.Client{Timeout: 10 * time.Second}}
	for range 100 {
		p.accepted = append(p.accepted, c.post(t))
	}
	before := query(t, h.database, cutOff)

	done, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); p.publish(done, 40) }()
	a.good.wait(t, 120)
	c.send(t, http.MethodPost, "/v1/webhooks/"+a.sleeping+"/enable", nil).json(t, http.StatusOK)
	f.strike(h)
	<-time.After(f.lasts)
	f.mend(h)
	mended := time.Now()
	h.awaitReady()
	a.good.wait(t, len(a.good.all())+40)
	close(done)
	<-ended

	out := proof{fault: f.name, accepted: len(p.accepted)}
	out.stuck = h.settle()
	out.recovery = time.Since(mended)
	a.count(p.accepted, &out)
	out.interrupted = query(t, h.database, cutOff) - before
	return out
}

// settle waits until every delivery has succeeded, and counts those that have not
// after two minutes.
func (h *house) settle() int {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	left := 0
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-tick.C {
		if left = query(h.t, h.database, `SELECT count(*) FROM deliveries WHERE status <> 'succeeded'`); left == 0 {
			break
		}
	}
	return left
}

const proofsPage = "../docs/guarantees.md"

// writeProofs puts the table between its marks in the page.
func writeProofs(t *testing.T, proofs []proof) {
	var table strings.Builder
	table.WriteString("| fault | accepted | deliveries | lost | stuck | arrived twice | attempts that were cut off | all delivered after |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range proofs {
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d | %d | %d | %.1f s |\n", p.fault, p.accepted, p.due, p.lost, p.stuck, p.twice, p.interrupted, p.recovery.Seconds())
	}
	page, err := os.ReadFile(proofsPage)
	require.NoError(t, err)
	marks := regexp.MustCompile(`(?s)\| fault \|.*?\n\n`)
	require.Regexp(t, marks, string(page))
	require.NoError(t, os.WriteFile(proofsPage, marks.ReplaceAllLiteral(page, []byte(table.String()+"\n")), 0o600))
}
