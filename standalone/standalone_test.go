package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"godwit/internal/config"
	"godwit/internal/localpg"
)

// asStandalone makes this test binary play the program itself.
const asStandalone = "TEST_BE_STANDALONE"

func TestMain(m *testing.M) {
	if os.Getenv(asStandalone) != "" {
		os.Exit(run(nil, os.Environ(), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const (
	patience  = 2 * time.Minute
	stopLimit = 15 * time.Second // the contract's
)

// program is a started godwit-standalone with ports of its own.
type program struct {
	cmd    *exec.Cmd
	dir    string
	api    string
	ui     string
	ops    string
	front  string
	stderr *bytes.Buffer

	mu     sync.Mutex
	stdout strings.Builder
	ready  chan struct{}
	exited chan struct{}
}

// launchProgram starts the program on dir; more variables win over its own.
func launchProgram(t *testing.T, dir string, more ...string) *program {
	t.Helper()
	addrs := freeAddrs(t, 4)
	p := &program{
		dir: dir, api: addrs[0], ops: addrs[1], front: addrs[2], ui: addrs[3],
		stderr: new(bytes.Buffer), ready: make(chan struct{}), exited: make(chan struct{}),
	}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), asStandalone + "=1", "GODWIT_DATA_DIR=" + dir,
		"GODWIT_LISTEN_ADDR=" + p.api, "GODWIT_OPS_ADDR=" + p.ops,
		"GODWIT_STANDALONE_TEMPORAL_ADDR=" + p.front, "GODWIT_STANDALONE_UI_ADDR=" + p.ui,
	}, more...)
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go p.read(stdout)
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *program) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		p.mu.Lock()
		p.stdout.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		if lines.Text() == "ready" {
			close(p.ready)
		}
	}
	_ = p.cmd.Wait() // how it ended is asked of ProcessState
	close(p.exited)
}

func (p *program) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
}

// started is launchProgram and the wait for the line ready.
func started(t *testing.T, dir string, more ...string) *program {
	t.Helper()
	p := launchProgram(t, dir, more...)
	select {
	case <-p.ready:
	case <-p.exited:
		t.Fatalf("it ended before it was ready:\n%s\n%s", p.output(), p.stderr)
	case <-time.After(patience):
		t.Fatalf("it did not get ready:\n%s", p.output())
	}
	return p
}

// end waits for the program to be gone and gives its exit code.
func (p *program) end(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(within):
		t.Fatalf("it still runs:\n%s", p.output())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *program) stop(t *testing.T, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(sig))
	require.Equal(t, 0, p.end(t, stopLimit), p.stderr.String())
}

// postmaster is the pid of the program's Postgres.
func (p *program) postmaster(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "postgres", "data", "postmaster.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	require.NoError(t, err)
	return pid
}

// call asks the API with the kept admin key.
func (p *program) call(t *testing.T, method, path, body string) int {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(p.dir, "admin-key"))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.api+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	req.Header.Set("Content-Type", "application/json")
	return status(t, req)
}

func get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return status(t, req)
}

func status(t *testing.T, req *http.Request) int {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// freeAddrs picks ports below those that the kernel gives to outgoing
// connections: one of these could take a port before the program listens on it.
func freeAddrs(t *testing.T, n int) []string {
	t.Helper()
	var held closers
	defer func() { held.close() }()
	var addrs []string
	for len(addrs) < n {
		addr := net.JoinHostPort(loopback, strconv.Itoa(20000+rand.IntN(10000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			held, addrs = append(held, l), append(addrs, addr)
		}
	}
	return addrs
}

// aStart is all that a start prints: warnings, the parts one after the other, and
// how to reach what runs.
var aStart = regexp.MustCompile(`^(warning: .+\n)*` +
	`postgres +ready in [0-9.]+s\ntemporal +ready in [0-9.]+s\ntemporal ui +ready in [0-9.]+s\ngodwit +ready in [0-9.]+s\n\n` +
	`(  (web app|API|Temporal UI|Temporal|ops|data|admin key|try) +\S.*\n){8}\nready\n$`)

// requireTidy looks at the output as a whole: no other line comes between, whoever
// wrote it.
func (p *program) requireTidy(t *testing.T) {
	t.Helper()
	require.Empty(t, p.stderr.String())
	require.Regexp(t, aStart, p.output())
}

var aKey = regexp.MustCompile(`gw_[a-z2-7]+_[a-z2-7]+`)

func TestFirstAndSecondStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first := started(t, dir)
	kept, err := os.ReadFile(filepath.Join(dir, "admin-key"))
	require.NoError(t, err)
	require.Contains(t, first.output(), strings.TrimSpace(string(kept)))
	require.Contains(t, first.output(), "warning: ")
	for _, url := range []string{
		"http://" + first.ops + "/readyz",
		"http://" + first.api + "/openapi.json",
		"http://" + first.ui + "/namespaces/godwit/workflows",
		"http://" + first.ui + "/api/v1/namespaces/godwit",
	} {
		require.Equal(t, http.StatusOK, get(t, url), url)
	}
	first.requireNoStrangers(t)
	first.requireTidy(t)
	require.Less(t, first.call(t, http.MethodPut, "/v1/companies/acme", `{"name":"Acme"}`), 300)
	postmaster := first.postmaster(t)
	first.stop(t, syscall.SIGTERM)
	require.ErrorIs(t, syscall.Kill(postmaster, 0), syscall.ESRCH, "Postgres is gone")

	second := started(t, dir)
	second.requireTidy(t)
	require.NotRegexp(t, aKey, second.output(), "the key is shown once")
	require.Contains(t, second.output(), filepath.Join(dir, "admin-key"))
	require.Equal(t, http.StatusOK, second.call(t, http.MethodGet, "/v1/companies/acme", ""))
	second.stop(t, syscall.SIGINT)
}

func TestAKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	first := started(t, dir)
	require.Less(t, first.call(t, http.MethodPut, "/v1/companies/acme", `{"name":"Acme"}`), 300)
	first.kill()

	second := started(t, dir)
	require.Equal(t, http.StatusOK, second.call(t, http.MethodGet, "/v1/companies/acme", ""))
	second.stop(t, syscall.SIGTERM)
}

func TestItEndsWhenPostgresDoes(t *testing.T) {
	p := started(t, t.TempDir())
	require.NoError(t, syscall.Kill(p.postmaster(t), syscall.SIGKILL))
	require.Equal(t, 1, p.end(t, stopLimit))
	require.Contains(t, p.stderr.String(), "godwit-standalone: postgres ended unexpectedly")
}

func TestAStopDuringTheStart(t *testing.T) {
	p := launchProgram(t, t.TempDir())
	require.Eventually(t, func() bool { return strings.Contains(p.output(), "postgres ") }, patience, time.Millisecond)
	postmaster := p.postmaster(t)
	p.stop(t, syscall.SIGTERM)
	require.ErrorIs(t, syscall.Kill(postmaster, 0), syscall.ESRCH, "Postgres is gone")
}

// TestServersThatRunAlready starts one beside a given Postgres, and another one
// beside the first one's Temporal as well.
func TestServersThatRunAlready(t *testing.T) {
	pg, err := localpg.Start(t.Context(), localpg.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop(context.Background())) })
	for _, name := range []string{"one", "two"} {
		require.NoError(t, pg.EnsureDatabase(t.Context(), name))
	}
	one := started(t, t.TempDir(), "GODWIT_DATABASE_URL="+pg.URL("one"))
	require.NoDirExists(t, filepath.Join(one.dir, "postgres"))
	require.Equal(t, http.StatusOK, get(t, "http://"+one.ui+"/api/v1/namespaces/godwit"))

	two := started(t, t.TempDir(), "GODWIT_DATABASE_URL="+pg.URL("two"), "GODWIT_TEMPORAL_ADDRESS="+one.front)
	require.NotContains(t, two.output(), "temporal ")
	require.Equal(t, http.StatusOK, get(t, "http://"+two.ops+"/readyz"))
	two.stop(t, syscall.SIGTERM)
	one.stop(t, syscall.SIGTERM)
}

// requireNoStrangers asks the embedded Temporal and its UI as someone who was
// not let in.
func (p *program) requireNoStrangers(t *testing.T) {
	t.Helper()
	file := filepath.Join(p.dir, "temporal.pem")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	link := config.TemporalFileOf(p.front)
	at, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, file, at)

	known, err := config.Config{TemporalAddress: p.front}.TemporalTLS()
	require.NoError(t, err)
	stranger := known.Clone()
	stranger.GetClientCertificate = nil
	other, err := newCertificate(time.Now())
	require.NoError(t, err)
	wrong := filepath.Join(t.TempDir(), "other.pem")
	require.NoError(t, os.WriteFile(wrong, other, 0o600))
	forged := known.Clone()
	forged.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(wrong, wrong)
		return &pair, err
	}
	for name, tc := range map[string]struct {
		tls *tls.Config
		in  bool
	}{"its user": {known, true}, "without TLS": {nil, false}, "without a certificate": {stranger, false}, "with another certificate": {forged, false}} {
		c, err := client.NewLazyClient(client.Options{HostPort: p.front, Namespace: "godwit", ConnectionOptions: client.ConnectionOptions{TLS: tc.tls}})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if !tc.in {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		}
		_, err = c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: "godwit"})
		require.Equal(t, tc.in, err == nil, "%s: %v", name, err)
		cancel()
		c.Close()
	}
	for url, host := range map[string]string{"http://" + p.ui + "/api/v1/namespaces/godwit": "", "http://" + p.ops + "/debug/pprof/cmdline": "localhost"} {
		for host, want := range map[string]int{host: 200, "rebound.example": 403, "127.0.0.1.rebound.example:8233": 403} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			require.NoError(t, err)
			req.Host = host
			require.Equal(t, want, status(t, req), "%s as %s", url, host)
		}
	}
}
