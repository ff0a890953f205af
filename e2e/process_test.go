package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// adminKey is the bootstrap key of every process here.
const adminKey = "e2e-admin-key-0123456789"

// startLimit bounds the start of a process on a busy machine; stopLimit is the
// contract's.
const (
	startLimit = 2 * time.Minute
	stopLimit  = 15 * time.Second
)

// process is a running binary of Godwit.
type process struct {
	cmd    *exec.Cmd
	env    map[string]string
	output *output
	exited chan struct{}
}

// output keeps what a process printed and tells who waits for a line.
type output struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{}
	// ended is closed when nothing more can come.
	ended chan struct{}
}

func newOutput() *output {
	return &output{more: make(chan struct{}), ended: make(chan struct{})}
}

func (o *output) read(r io.Reader) {
	defer close(o.ended)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		o.mu.Lock()
		o.lines = append(o.lines, scanner.Text())
		close(o.more)
		o.more = make(chan struct{})
		o.mu.Unlock()
	}
}

// seen says whether a line for which match holds was printed, and gives a
// channel that is closed when there is more to look at.
func (o *output) seen(match func(string) bool) (bool, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(o.lines, match), o.more
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines, "\n")
}

// launch starts a binary of bin/ with nothing but the given environment.
func launch(t testing.TB, binary string, env map[string]string, args ...string) *process {
	t.Helper()
	return run(t, exec.Command(built(t, binary), args...), env)
}

// built is the path of a binary of bin/.
func built(t testing.TB, binary string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "bin", binary))
	require.NoError(t, err)
	require.FileExists(t, path, "run `make build` first")
	return path
}

// run starts a command with nothing but the given environment.
func run(t testing.TB, cmd *exec.Cmd, env map[string]string) *process {
	t.Helper()
	p := &process{cmd: cmd, env: env, output: newOutput(), exited: make(chan struct{})}
	p.cmd.Env = append(p.cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), "TMPDIR="+os.TempDir())
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	require.NoError(t, p.cmd.Start())
	require.NoError(t, writer.Close())
	go p.output.read(reader)
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		close(p.exited)
	}()
	return p
}

// waitFor waits until a line for which match holds was printed.
func (p *process) waitFor(t testing.TB, match func(string) bool) {
	t.Helper()
	deadline := time.After(startLimit)
	for {
		ok, more := p.output.seen(match)
		if ok {
			return
		}
		select {
		case <-more:
		case <-p.exited:
			require.FailNow(t, "the process ended early", p.output.String())
		case <-deadline:
			require.FailNow(t, "the process printed no such line", p.output.String())
		}
	}
}

// kill ends the process as a power cut would.
func (p *process) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	<-p.exited
}

// stop asks the process to stop and expects it to do so in time and without error.
func (p *process) stop(t testing.TB) {
	t.Helper()
	select {
	case <-p.exited:
		return
	default:
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.exited:
		require.Zero(t, p.cmd.ProcessState.ExitCode(), p.output.String())
	case <-time.After(stopLimit):
		p.kill(t)
		require.FailNow(t, "the process did not stop in time", p.output.String())
	}
}

// standaloneEnv is the environment of a standalone on free ports with short
// waits between attempts.
func standaloneEnv(t testing.TB, dir string) map[string]string {
	t.Helper()
	ports := freePorts(t, 4)
	return map[string]string{
		"GODWIT_DATA_DIR": dir, "GODWIT_ADMIN_KEY": adminKey,
		"GODWIT_LISTEN_ADDR": ports[0], "GODWIT_OPS_ADDR": ports[1],
		"GODWIT_STANDALONE_TEMPORAL_ADDR": ports[2], "GODWIT_STANDALONE_UI_ADDR": ports[3],
		"GODWIT_RETRY_SCHEDULE": "100ms,200ms,300ms,400ms", "GODWIT_DELIVERY_TIMEOUT": "2s",
	}
}

// serveEnv is the environment of a `godwit serve` beside it, on the given
// database and its own Temporal namespace.
func serveEnv(t testing.TB, databaseURL, temporal, namespace string) map[string]string {
	t.Helper()
	ports := freePorts(t, 2)
	return map[string]string{
		"GODWIT_DATABASE_URL": databaseURL, "GODWIT_ADMIN_KEY": adminKey, "GODWIT_ENCRYPTION_KEY": strings.Repeat("A", 43) + "=",
		"GODWIT_LISTEN_ADDR": ports[0], "GODWIT_OPS_ADDR": ports[1],
		"GODWIT_TEMPORAL_ADDRESS": temporal, "GODWIT_TEMPORAL_NAMESPACE": namespace,
		"GODWIT_EGRESS_ALLOW": "127.0.0.0/8", "GODWIT_ALLOW_HTTP": "true",
		"GODWIT_RETRY_SCHEDULE": "100ms,200ms,300ms,400ms", "GODWIT_DELIVERY_TIMEOUT": "2s", "GODWIT_LOG_FORMAT": "json",
	}
}

// given holds the ports that freePorts gave out: a process that restarts finds its own
// free, whatever other tests start in that time.
var given sync.Map

// freePorts finds n free loopback addresses, below the ports that the kernel gives
// out by itself: one of those may be in use before the test uses it.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var out []string
	for range 100 * n {
		port := 10_000 + rand.IntN(20_000)
		if _, again := given.LoadOrStore(port, true); again {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // it is taken
		}
		defer l.Close()
		if out = append(out, l.Addr().String()); len(out) == n {
			return out
		}
	}
	require.Fail(t, "no free ports")
	return nil
}

// ready is the line that the standalone prints when /readyz is 200.
func ready(line string) bool { return line == "ready" }

// readyLog is the line that `godwit serve` logs then.
func readyLog(line string) bool { return strings.Contains(line, `"msg":"ready"`) }

// startStandalone starts a standalone in dir and waits until it is ready.
func startStandalone(t testing.TB, env map[string]string) *process {
	t.Helper()
	p := launch(t, "godwit-standalone", env)
	t.Cleanup(func() { p.stop(t) })
	p.waitFor(t, ready)
	return p
}

// startServe starts `godwit serve` and waits until it is ready.
func startServe(t testing.TB, env map[string]string, args ...string) *process {
	t.Helper()
	p := launch(t, "godwit", env, append([]string{"serve"}, args...)...)
	t.Cleanup(func() { p.stop(t) })
	p.waitFor(t, readyLog)
	return p
}

// runCommand runs a short command of bin/godwit and gives its output and exit code.
func runCommand(t testing.TB, env map[string]string, args ...string) (string, int) {
	t.Helper()
	p := launch(t, "godwit", env, args...)
	select {
	case <-p.exited:
	case <-time.After(startLimit):
		p.kill(t)
		require.FailNow(t, "the command did not end", p.output.String())
	}
	<-p.output.ended
	return p.output.String(), p.cmd.ProcessState.ExitCode()
}

// url is the base of the process's API.
func (p *process) url() string { return "http://" + p.env["GODWIT_LISTEN_ADDR"] }

// opsURL is the base of the process's operator endpoints.
func (p *process) opsURL() string { return fmt.Sprintf("http://%s", p.env["GODWIT_OPS_ADDR"]) }
