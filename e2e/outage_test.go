package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
)

// gate is a TCP proxy that can be shut: its connections end and new ones are
// refused at once. It can also hold what comes, as a frozen server does.
type gate struct {
	listener net.Listener
	mu       sync.Mutex
	target   string
	open     bool
	conns    []net.Conn
	// flow is locked for writing while the gate holds what comes.
	flow sync.RWMutex
}

func newGate(t testing.TB, target string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{listener: l, target: target}
	go g.accept()
	t.Cleanup(func() { l.Close(); g.set(false) })
	return g
}

func (g *gate) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.pass(conn)
	}
}

func (g *gate) pass(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		conn.Close()
		return
	}
	target, err := net.Dial("tcp", g.target)
	if err != nil {
		conn.Close()
		return
	}
	g.conns = append(g.conns, conn, target)
	for _, pair := range [][2]net.Conn{{conn, target}, {target, conn}} {
		go func() {
			_, _ = io.Copy(held{pair[0], &g.flow}, pair[1]) // ends with either side
			pair[0].Close()
		}()
	}
}

// held writes when nothing holds the flow.
type held struct {
	net.Conn
	flow *sync.RWMutex
}

func (h held) Write(p []byte) (int, error) {
	h.flow.RLock()
	defer h.flow.RUnlock()
	return h.Conn.Write(p)
}

// leadTo has new connections go elsewhere.
func (g *gate) leadTo(target string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = target
}

// set opens or shuts the gate.
func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
	if !open {
		for _, c := range g.conns {
			c.Close()
		}
		g.conns = nil
	}
}

// firesOnce has both parts of a combination come, which fires.
func firesOnce(t testing.TB, p *process) {
	t.Helper()
	c := combine(t, newStage(t, p), nil)
	parts := []string{c.happens(t, "TODO_CREATED", "t1"), c.happens(t, "TODO_ASSIGNEE_ADDED", "t1")}
	require.Equal(t, [][]string{parts}, c.fired(t, 1))
}

// TestFirstAttempts_NeedNoTemporal starts a process, and starts it again, while
// Temporal is away: what comes is delivered at once, and combinations fire. When Temporal
// is there the retries go on, and every delivery has had its workflow.
func TestFirstAttempts_NeedNoTemporal(t *testing.T) {
	s := sharedStack(t)
	g := newGate(t, s.temporal())
	url := s.migrated(t)
	env := serveEnv(t, url, g.listener.Addr().String(), "outage")
	file := filepath.Join(s.dir, "data", "temporal.pem") // the link is for the frontend's own port
	env["GODWIT_TEMPORAL_TLS_CA"], env["GODWIT_TEMPORAL_TLS_CERT"], env["GODWIT_TEMPORAL_TLS_KEY"], env["GODWIT_TEMPORAL_TLS_SERVER_NAME"] = file, file, file, "localhost"
	start := func() *process {
		p := launch(t, "godwit", env, "serve")
		t.Cleanup(func() { p.stop(t) })
		eventually(t, func() (bool, string) { return reachable(p.url()), "no API yet" })
		return p
	}
	first := start()
	c, sick := newStage(t, first), newStage(t, first)
	r := newReceiver(t, nil)
	failing := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 500, false: 200}[n <= 2] })
	c.webhook(t, r.URL, nil)
	sick.webhook(t, failing.URL, nil)
	post := func(n int) {
		for range n {
			c.delivery(t, c.post(t), status("succeeded"))
		}
	}
	post(20)
	first.stop(t)
	p := start()
	post(20)
	firesOnce(t, p)
	retried := sick.post(t)
	sick.delivery(t, retried, status("retrying"))
	code, body := readyz(p)
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Regexp(t, `^temporal: .*events are accepted and first attempts are made`, body)

	g.set(true)
	require.Len(t, sick.delivery(t, retried, status("succeeded"))["attempts"], 3)
	eventually(t, func() (bool, string) { code, body := readyz(p); return code == http.StatusOK, body })
	g.set(false)
	post(20)
	requireNotReady(t, p, "temporal")
	g.set(true)
	eventually(t, func() (bool, string) {
		left := query(t, url, `SELECT count(*) FROM deliveries WHERE dispatch_at IS NOT NULL OR run_id IS NULL`)
		return left == 0, fmt.Sprintf("%d deliveries without a workflow", left)
	})
	temporal := temporalOf(t, s.temporal(), "outage")
	eventually(t, func() (bool, string) {
		running, err := temporal.CountWorkflow(context.Background(), &workflowservice.CountWorkflowExecutionsRequest{Query: `ExecutionStatus = 'Running'`})
		return err == nil && running.Count == 0, fmt.Sprint(running, err)
	})
	require.Len(t, r.ids(), 60)
	require.Len(t, r.all(), 60, "each once")
}

func reachable(url string) bool {
	resp, err := http.Get(url + "/openapi.json")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// readyz asks for readiness: the status and what is missing.
func readyz(p *process) (int, string) {
	resp, err := http.Get(p.opsURL() + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

func requireNotReady(t testing.TB, p *process, missing string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		code, body := readyz(p)
		return code == http.StatusServiceUnavailable && strings.Contains(body, missing+":"), body
	})
}

func TestReadyzNamesWhatIsMissing(t *testing.T) {
	s := sharedStack(t)
	g := newGate(t, strings.Split(strings.Split(s.postgres.URL("x"), "@")[1], "/")[0])
	url := s.database(t)
	behind := strings.Replace(url, g.target, g.listener.Addr().String(), 1)
	p := launch(t, "godwit", serveEnv(t, behind, s.temporal(), "readyz"), "serve")
	t.Cleanup(func() { p.stop(t) })

	requireNotReady(t, p, "postgres")
	_, body := readyz(p)
	require.NotContains(t, body, "password")
	g.set(true)
	eventually(t, func() (bool, string) {
		_, body := readyz(p)
		return strings.Contains(body, "godwit migrate up"), body
	})
	out, code := runCommand(t, map[string]string{"GODWIT_DATABASE_URL": url}, "migrate", "up")
	require.Zero(t, code, out)
	eventually(t, func() (bool, string) {
		code, body := readyz(p)
		return code == http.StatusOK, body
	})
	_, exit := runCommand(t, p.env, "healthcheck")
	require.Zero(t, exit)
	g.set(false)
	requireNotReady(t, p, "postgres")
	_, exit = runCommand(t, p.env, "healthcheck")
	require.Equal(t, 1, exit)
}

func TestRolesWorkTogether(t *testing.T) {
	s := sharedStack(t)
	url := s.migrated(t)
	api := startServe(t, serveEnv(t, url, s.temporal(), "roles"), "--role", "api")
	startServe(t, serveEnv(t, url, s.temporal(), "roles"), "--role", "worker")
	startServe(t, serveEnv(t, url, s.temporal(), "roles"), "--role", "worker")
	c := newStage(t, api)
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	want := make(map[string]int)
	for range 30 {
		want[c.post(t)] = 1
	}
	for id := range want {
		c.delivery(t, id, status("succeeded"))
	}
	require.Equal(t, want, r.ids())
}
