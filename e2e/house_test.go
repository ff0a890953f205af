package e2e_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/localpg"
)

// house is the production shape: two processes of the role api and two of the role
// worker, on their own Postgres and on the shared Temporal, both behind gates.
type house struct {
	t         testing.TB
	dir       string
	program   string            // what migrates and serves, unless programs names another
	programs  map[string]string // by the process's name
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

var houses atomic.Uint32

// newHouse starts one of a program, with Postgres's data below dir.
func newHouse(t testing.TB, program, dir string) *house {
	t.Helper()
	h := &house{
		t: t, dir: filepath.Join(dir, "postgres"), program: program, programs: map[string]string{},
		env: map[string]map[string]string{}, processes: map[string]*process{},
	}
	h.base = newGate(t, "")
	h.startPostgres()
	t.Cleanup(func() { require.NoError(t, h.postgres.Stop(context.Background())) })
	require.NoError(t, h.postgres.EnsureDatabase(context.Background(), "godwit"))
	h.base.set(true)
	h.command(program, map[string]string{"GODWIT_DATABASE_URL": h.database}, "migrate", "up")

	s := sharedStack(t)
	h.temporal = newGate(t, s.temporal())
	h.temporal.set(true)
	file := filepath.Join(s.dir, "data", "temporal.pem") // the link is for the frontend's own port
	behind, err := url.Parse(h.postgres.URL("godwit"))
	require.NoError(t, err)
	behind.Host = h.base.listener.Addr().String()
	namespace := fmt.Sprintf("house-%d", houses.Add(1))
	for _, name := range households {
		env := serveEnv(t, behind.String(), h.temporal.listener.Addr().String(), namespace)
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

// command runs a command of a program, which has to succeed.
func (h *house) command(program string, env map[string]string, args ...string) {
	p := run(h.t, exec.Command(program, args...), env)
	<-p.exited
	<-p.output.ended
	require.Zero(h.t, p.cmd.ProcessState.ExitCode(), p.output.String())
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
	p := run(h.t, exec.Command(cmp.Or(h.programs[name], h.program), "serve", "--role", role), h.env[name])
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

// restart asks processes to stop and starts them, one after another.
func (h *house) restart(names ...string) {
	for _, name := range names {
		h.process(name).stop(h.t)
		h.start(name)
		h.process(name).waitFor(h.t, readyLog)
	}
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
