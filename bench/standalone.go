package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startPatience bounds a start: schemas of Temporal included, on a machine
	// that may be busy.
	startPatience = 2 * time.Minute
	// stopPromise is how long a stop may take by the contract.
	stopPromise = 15 * time.Second
)

// standalone is the product as its own process.
type standalone struct {
	address   string // of the API
	temporal  string // address of the embedded Temporal
	adminKey  string
	pid       int
	startTook time.Duration

	cmd    *exec.Cmd
	errors *tail
	exited chan struct{}
	err    error // how it ended; valid once exited is closed
	once   sync.Once
	ending chan struct{} // closed when it is to end
}

// startStandalone starts the binary with a data folder, on free ports of
// loopback, and returns when it says that it is ready.
func startStandalone(ctx context.Context, binary, dataDir string) (*standalone, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", binary, err)
	}
	ports, err := freeAddresses(ctx, 4)
	if err != nil {
		return nil, err
	}
	s := &standalone{
		address: ports[0], temporal: ports[2], adminKey: rand.Text(), cmd: exec.Command(path), errors: &tail{},
		exited: make(chan struct{}), ending: make(chan struct{}),
	}
	s.cmd.Dir = filepath.Dir(dataDir)
	s.cmd.Stderr = s.errors
	s.cmd.SysProcAttr = childAttributes()
	s.cmd.Env = append(foreignEnvironment(),
		"GODWIT_LISTEN_ADDR="+ports[0], "GODWIT_OPS_ADDR="+ports[1],
		"GODWIT_STANDALONE_TEMPORAL_ADDR="+ports[2], "GODWIT_STANDALONE_UI_ADDR="+ports[3],
		"GODWIT_DATA_DIR="+dataDir, "GODWIT_ADMIN_KEY="+s.adminKey, "GODWIT_LOG_LEVEL=error",
		"GODWIT_USER_WEBHOOKS=0", "GODWIT_USER_RULES=0", "GODWIT_COMPANY_EVENT_RATE=0", "GODWIT_COMPANY_BYTE_RATE=0")
	return s, s.start(ctx)
}

// foreignEnvironment is this process's without settings of the product, which
// would measure something else than the defaults.
func foreignEnvironment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "GODWIT_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

func (s *standalone) start(ctx context.Context) error {
	began := time.Now()
	out, in := io.Pipe()
	s.cmd.Stdout = in
	if err := s.spawn(in); err != nil {
		return err
	}
	ready := make(chan struct{})
	go readUntilReady(out, ready)
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	select {
	case <-ready:
		s.startTook = time.Since(began)
		return nil
	case <-s.exited:
		return fmt.Errorf("the standalone ended before it was ready: %w: %s", s.err, s.errors)
	case <-ctx.Done():
		_, err := s.stop()
		return errors.Join(fmt.Errorf("wait for the standalone to be ready: %w: %s", ctx.Err(), s.errors), err)
	}
}

// readUntilReady reads what the standalone prints, to the end: it must never
// wait for someone to read. ready is closed at the line that says so.
func readUntilReady(out io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(out)
	said := false
	for lines.Scan() {
		if !said && lines.Text() == "ready" {
			said = true
			close(ready)
		}
	}
	_, _ = io.Copy(io.Discard, out) // what follows a line that is too long
}

// watch tells died when the process ended although it was not to.
func (s *standalone) watch(died context.CancelCauseFunc) {
	select {
	case <-s.exited:
		died(fmt.Errorf("the standalone ended by itself: %w: %s", s.err, s.errors))
	case <-s.ending:
	}
}

// stop ends the process by SIGTERM and returns when it is gone, with how long
// that took. To have to kill it, or an exit code but 0, is an error.
func (s *standalone) stop() (time.Duration, error) {
	began := time.Now()
	s.once.Do(func() { close(s.ending) })
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it fails when the process has ended
	select {
	case <-s.exited:
	case <-time.After(stopPromise):
		_ = s.cmd.Process.Kill() // as above
		<-s.exited
		return time.Since(began), fmt.Errorf("the standalone did not stop within %s of SIGTERM and was killed: %s", stopPromise, s.errors)
	}
	if s.err != nil {
		return time.Since(began), fmt.Errorf("the standalone did not end well: %w: %s", s.err, s.errors)
	}
	return time.Since(began), nil
}

// freeAddresses picks ports of loopback that nobody listens on.
func freeAddresses(ctx context.Context, n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		l, err := listenSomewhere(ctx)
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // only at the end, so that no port is picked twice
		addresses[i] = l.Addr().String()
	}
	return addresses, nil
}

// listenSomewhere listens below the ports that the kernel gives out by itself
// (from 32768 on Linux): one of those may be someone's before it is used.
func listenSomewhere(ctx context.Context) (l net.Listener, err error) {
	for range 100 {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+mathrand.IntN(20_000)))
		if err == nil {
			break
		}
	}
	return l, err
}

// tail keeps the last bytes that were written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	const most = 2 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-most):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
