package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	loopback = "127.0.0.1"
	// portTries bounds how often a free port may be lost to someone else
	// between its choice and its use.
	portTries = 5
	// readyPoll is how often the status of a starting server is read.
	readyPoll = 10 * time.Millisecond
)

// launch runs the server on a free port and waits until it takes connections.
func (c *cluster) launch(ctx context.Context, settings map[string]string) (*child, int, error) {
	for try := 1; ; try++ {
		port, err := freePort(ctx)
		if err != nil {
			return nil, 0, fmt.Errorf("find a port for postgres: %w", err)
		}
		server, err := c.run(ctx, port, settings)
		if err == nil {
			return server, port, nil
		}
		if try == portTries || !taken(ctx, port) {
			return nil, 0, fmt.Errorf("start postgres: %w (log: %s)", err, c.log())
		}
	}
}

func (c *cluster) run(ctx context.Context, port int, settings map[string]string) (*child, error) {
	log, err := c.freshLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := c.command("postgres", arguments(c.name(), port, settings)...)
	defer cmd.closeFiles()
	if err := cmd.passPath("-D", c.data()); err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	server, err := spawn(cmd)
	if err != nil {
		return nil, err
	}
	return server, c.awaitReady(ctx, server)
}

// awaitReady watches the status line that the server keeps in its pid file; that
// asks for no connection, so a long recovery leaves no trail of refused ones.
func (c *cluster) awaitReady(ctx context.Context, server *child) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		select {
		case <-server.exited:
			return c.whyEnded(server)
		case <-ctx.Done():
			server.signal(syscall.SIGQUIT)
			<-server.exited
			return ctx.Err()
		case <-tick.C:
			if c.ready(server) {
				return nil
			}
		}
	}
}

// ready reads the pid file: its first line is the process, its eighth the status.
func (c *cluster) ready(server *child) bool {
	text, err := os.ReadFile(c.pidFile())
	if err != nil {
		return false
	}
	lines := strings.Split(string(text), "\n")
	return len(lines) >= 8 && lines[0] == strconv.Itoa(server.cmd.Process.Pid) && strings.TrimSpace(lines[7]) == "ready"
}

func (c *cluster) whyEnded(server *child) error {
	text, err := os.ReadFile(c.log())
	if err != nil {
		return errors.Join(server.err, err)
	}
	return fmt.Errorf("%w: %s", server.err, lastWords(string(text)))
}

// freshLog starts the log anew and keeps that of the run before.
func (c *cluster) freshLog() (*os.File, error) {
	if err := os.Rename(c.log(), c.log()+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("put the old log aside: %w", err)
	}
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func taken(ctx context.Context, port int) bool {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return errors.Is(err, syscall.EADDRINUSE)
	}
	return l.Close() != nil
}
