package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/localpg"
)

// house is the production shape: two processes of the role api and two of the role
// worker, on their own Postgres and on the shared Temporal, both behind gates.
type house struct {
	t         testing.TB
	dir       string
	postgres  *localpg.Server
	database  string // its URL past the gate
	base      *gate
	temporal  *gate
	env       map[string]map[string]string // by the process's name
	mu        sync.Mutex
	processes map[string]*process
}

// households names the processes, in the order of a rolling restart.
var households = []string{"worker 1", "worker 2", "api 1", "api 2"}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "postgres"), env: map[string]map[string]string{}, processes: map[string]*process{}}
	h.base = newGate(t, "")
	h.startPostgres()
	t.Cleanup(func() { require.NoError(t, h.postgres.Stop(context.Background())) })
	require.NoError(t, h.postgres.EnsureDatabase(context.Background(), "godwit"))
	h.base.set(true)
	out, code := runCommand(t, map[string]string{"GODWIT_DATABASE_URL": h.postgres.URL("godwit")}, "migrate", "up")
	require.Zero(t, code, out)

	s := sharedStack(t)
	h.temporal = newGate(t, s.temporal())
	h.temporal.set(true)
	file := filepath.Join(s.dir, "data", "temporal.pem") // the link is for the frontend's own port
	behind, err := url.Parse(h.postgres.URL("godwit"))
	require.NoError(t, err)
	behind.Host = h.base.listener.Addr().String()
	for _, name := range households {
		env := serveEnv(t, behind.String(), h.temporal.listener.Addr().String(), "house")
		env["GODWIT_TEMPORAL_TLS_CA"], env["GODWIT_TEMPORAL_TLS_CERT"], env["GODWIT_TEMPORAL_TLS_KEY"], env["GODWIT_TEMPORAL_TLS_SERVER_NAME"] = file, file, file, "localhost"
		env["GODWIT_PUBLISH_RATE"], env["GODWIT_MANAGEMENT_RATE"] = "0", "0"
		h.env[name] = env
		h.start(name)
	}
	for _, name := range households {
		h.process(name).waitFor(t, readyLog)
	}
	return h
}

func (h *house) startPostgres() {
	var err error
	h.postgres, err = localpg.Start(context.Background(), localpg.Options{Dir: h.dir, Stock: true})
	require.NoError(h.t, err)
	at, err := url.Parse(h.postgres.URL("godwit"))
	require.NoError(h.t, err)
	h.base.leadTo(at.Host)
	h.database = h.postgres.URL("godwit")
}

// endPostgres ends it at once, as an operator who is in a hurry does.
func (h *house) endPostgres() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.postgres.Stop(now) // it says that it was cut short, which is the aim
}

func (h *house) start(name string) {
	role, _, _ := strings.Cut(name, " ")
	p := launch(h.t, "godwit", h.env[name], "serve", "--role", role)
	h.t.Cleanup(func() { p.stop(h.t) })
	h.mu.Lock()
	defer h.mu.Unlock()
	h.processes[name] = p
}

func (h *house) process(name string) *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.processes[name]
}

func (h *house) kill(names ...string) {
	for _, name := range names {
		h.process(name).kill(h.t)
	}
}

func (h *house) startAll(names ...string) {
	for _, name := range names {
		h.start(name)
	}
}

func (h *house) signal(name string, signal syscall.Signal) {
	require.NoError(h.t, h.process(name).cmd.Process.Signal(signal))
}

// endSessions has Postgres end every session but its own.
func (h *house) endSessions() {
	query(h.t, h.database, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
}

// awaitReady waits until every process can do its work again.
func (h *house) awaitReady() {
	for _, name := range households {
		eventually(h.t, func() (bool, string) {
			code, body := readyz(h.process(name))
			return code == http.StatusOK, name + ": " + body
		})
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
}

// publish posts events, so many a second, until done is closed.
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
			p.insist(id, n)
		})
	}
}

// insist posts one event until it is accepted.
func (p *publisher) insist(id string, n int) {
	body := fmt.Sprintf(`{"id":%q,"type":"TODO_CREATED","project_id":"%sp","current":{"n":%d}}`, id, p.c.prefix, n)
	deadline := time.Now().Add(patience)
	for try := n; time.Now().Before(deadline); try++ {
		api := p.h.process([]string{"api 1", "api 2"}[try%2])
		req, err := http.NewRequest(http.MethodPost, api.url()+"/v1/events", strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+adminKey)
		req.Header.Set("Content-Type", "application/json")
		resp, err := p.clients.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusAccepted {
				p.mu.Lock()
				p.accepted = append(p.accepted, id)
				p.mu.Unlock()
				return
			}
		}
		<-time.After(100 * time.Millisecond)
	}
}
