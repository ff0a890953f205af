package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// leased counts the deliveries whose attempt is not yet taken for lost.
func leased(t testing.TB, database string) int {
	t.Helper()
	return query(t, database, `SELECT count(*) FROM deliveries WHERE dispatch_at > now()`)
}

// TestTrouble_AnOutageOfPostgresCostsNothing has receivers answer while Postgres
// is away, for longer than an attempt's lease: nothing is sent again. Requests are
// answered 503 in the meantime, /readyz says why, and the log stays short.
func TestTrouble_AnOutageOfPostgresCostsNothing(t *testing.T) {
	const events = 30
	s := sharedStack(t)
	database := s.migrated(t)
	g := newGate(t, strings.Split(strings.Split(s.postgres.URL("x"), "@")[1], "/")[0])
	g.set(true)
	behind := strings.Replace(database, g.target, g.listener.Addr().String(), 1)
	env := serveEnv(t, behind, s.temporal(), "trouble")
	env["GODWIT_PUBLISH_RATE"] = "0"
	env["GODWIT_DELIVERY_TIMEOUT"] = "5s"
	p := startServe(t, env)
	c, r, ids, answer := unanswered(t, p, events)

	g.set(false)
	close(answer)
	o := newOutage(p)
	refused, told := 0, false
	for leased(t, database) > 0 || refused <= 100 {
		got := c.send(t, http.MethodPost, "/v1/events", map[string]any{"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{}})
		require.Equal(t, http.StatusServiceUnavailable, got.status, string(got.raw))
		require.NotEmpty(t, got.header.Get("Retry-After"))
		refused++
		if code, body := readyz(p); refused%20 == 0 {
			require.Equal(t, http.StatusServiceUnavailable, code)
			told = told || strings.Contains(body, "requests: ")
			require.NotContains(t, body, "postgres://")
		}
	}
	require.True(t, told, "/readyz names the requests")
	o.requireFewLines(t, "see whether the database runs")

	g.set(true)
	for _, id := range ids {
		require.Len(t, c.delivery(t, id, status("succeeded"))["attempts"], 1)
	}
	for id, n := range r.ids() {
		require.Equal(t, 1, n, id)
	}
	require.Len(t, r.ids(), events)
	eventually(t, func() (bool, string) {
		code, body := readyz(p)
		return code == http.StatusOK, body
	})
}

// outage is what a process logs from now on.
type outage struct {
	p      *process
	before int
	began  time.Time
}

func newOutage(p *process) outage {
	return outage{p, len(strings.Split(p.output.String(), "\n")), time.Now()}
}

// requireFewLines looks at what was logged, apart from the record of each attempt:
// a sentence comes five times in ten seconds at most, and one of them says what to do.
func (o outage) requireFewLines(t *testing.T, todo string) {
	t.Helper()
	sentences, all := map[string]int{}, ""
	for _, line := range strings.Split(o.p.output.String(), "\n")[o.before:] {
		var said struct{ Msg string }
		if json.Unmarshal([]byte(line), &said) != nil || said.Msg == "delivery.attempted" {
			continue
		}
		sentences[said.Msg]++
		all += line + "\n"
	}
	for sentence, n := range sentences {
		require.LessOrEqual(t, n, 5*int(2+time.Since(o.began)/(10*time.Second)), "%s\n%s", sentence, all)
	}
	require.Less(t, len(sentences), 20, all)
	require.Contains(t, all, `"do":"`+todo)
}

// TestTrouble_AnOutageOfTemporalIsFewLines has hundreds of deliveries without a
// workflow, some of which are to be retried, until Temporal is back.
func TestTrouble_AnOutageOfTemporalIsFewLines(t *testing.T) {
	const events = 300
	s := sharedStack(t)
	g := newGate(t, s.temporal())
	g.set(true)
	env := serveEnv(t, s.migrated(t), g.listener.Addr().String(), "fewlines")
	env["GODWIT_PUBLISH_RATE"] = "0"
	file := filepath.Join(s.dir, "data", "temporal.pem") // the link is for the frontend's own port
	env["GODWIT_TEMPORAL_TLS_CA"], env["GODWIT_TEMPORAL_TLS_CERT"], env["GODWIT_TEMPORAL_TLS_KEY"], env["GODWIT_TEMPORAL_TLS_SERVER_NAME"] = file, file, file, "localhost"
	p := startServe(t, env)
	c := newStage(t, p)
	failing := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 500, false: 200}[n <= 20] })
	c.webhook(t, failing.URL, nil)
	o := newOutage(p)
	g.set(false)
	var ids []string
	for range events {
		ids = append(ids, c.post(t))
	}
	requireNotReady(t, p, "temporal")
	g.set(true)
	for _, id := range ids {
		c.delivery(t, id, status("succeeded"))
	}
	o.requireFewLines(t, "see whether Temporal runs")
}

// TestTrouble_AWorkerWithoutPostgresEnds asks a worker to stop that never reached
// its database.
func TestTrouble_AWorkerWithoutPostgresEnds(t *testing.T) {
	s := sharedStack(t)
	g := newGate(t, "127.0.0.1:1")
	env := serveEnv(t, "postgres://godwit:secret@"+g.listener.Addr().String()+"/godwit?sslmode=disable", s.temporal(), "nobase")
	p := launch(t, "godwit", env, "serve", "--role", "worker")
	t.Cleanup(func() { p.stop(t) })
	requireNotReady(t, p, "postgres")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.exited:
	case <-time.After(stopLimit):
		require.FailNow(t, "it goes on", p.output.String())
	}
}

// unanswered publishes n events, whose requests the receiver holds until answer is
// closed.
func unanswered(t *testing.T, p *process, n int) (c *stageClient, r *receiver, ids []string, answer chan struct{}) {
	t.Helper()
	c, answer = newStage(t, p), make(chan struct{})
	r = newReceiver(t, func(int, request) int { <-answer; return 200 })
	c.webhook(t, r.URL, nil)
	for range n {
		ids = append(ids, c.post(t))
	}
	r.wait(t, n)
	return c, r, ids, answer
}

// TestTrouble_AFrozenProcessLosesNoAnswers freezes a process over the end of its
// attempts and their leases, while the answers arrive.
func TestTrouble_AFrozenProcessLosesNoAnswers(t *testing.T) {
	const events = 20
	s := sharedStack(t)
	database := s.migrated(t)
	env := serveEnv(t, database, s.temporal(), "frozen")
	env["GODWIT_DELIVERY_TIMEOUT"] = "5s"
	p := startServe(t, env)
	c, r, ids, answer := unanswered(t, p, events)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	close(answer)
	eventually(t, func() (bool, string) { return leased(t, database) == 0, "the leases of the attempts go on" })
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
	for _, id := range ids {
		require.Len(t, c.delivery(t, id, status("succeeded"))["attempts"], 1)
	}
	require.Len(t, r.all(), events)
}

// TestTrouble_AStopInAClaimBurnsNothing asks workers to stop as soon as the first of
// what they have claimed is sent: what is not sent is given back, and sent once.
func TestTrouble_AStopInAClaimBurnsNothing(t *testing.T) {
	const events, stops = 400, 3
	s := sharedStack(t)
	database := s.migrated(t)
	c := newStage(t, startServe(t, serveEnv(t, database, s.temporal(), "stopped"), "--role", "api"))
	asked := make(chan struct{}, 1)
	r := newReceiver(t, func(int, request) int {
		select {
		case asked <- struct{}{}:
		default:
		}
		return 200
	})
	c.webhook(t, r.URL, nil)
	batch := make([]any, events)
	for i := range batch {
		batch[i] = map[string]any{"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": i}}
	}
	for range stops {
		c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": batch}).json(t, http.StatusAccepted)
		select {
		case <-asked:
		default:
		}
		p := launch(t, "godwit", serveEnv(t, database, s.temporal(), "stopped"), "serve", "--role", "worker")
		select {
		case <-asked:
		case <-time.After(startLimit):
			require.FailNow(t, "nothing is sent", p.output.String())
		}
		p.stop(t)
	}
	startServe(t, serveEnv(t, database, s.temporal(), "stopped"), "--role", "worker")
	eventually(t, func() (bool, string) {
		left := query(t, database, `SELECT count(*) FROM deliveries WHERE status <> 'succeeded'`)
		return left == 0, fmt.Sprint(left, " are left")
	})
	require.Zero(t, query(t, database, `SELECT count(*) FROM attempts WHERE outcome <> 'success'`))
	require.Equal(t, events*stops, query(t, database, `SELECT count(*) FROM attempts`))
	require.Len(t, r.ids(), events*stops)
	require.Len(t, r.all(), events*stops)
}
