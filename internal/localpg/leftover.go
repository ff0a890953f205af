package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

// endLeftover stops a server that still runs although this process holds the
// cluster's lock: its parent was killed. A pid file that no server stands behind
// is removed, for its number may be another process's by now.
func (c *cluster) endLeftover(ctx context.Context) error {
	name := c.name()
	if name == "" {
		return nil
	}
	for _, step := range []struct {
		sig  syscall.Signal
		whom func(pids []int) []int
		wait time.Duration
	}{
		{syscall.SIGINT, c.postmaster, 5 * time.Second},
		{syscall.SIGQUIT, everyone, quitGrace},
		{syscall.SIGKILL, everyone, quitGrace},
	} {
		for _, pid := range step.whom(serversOf(name)) {
			_ = syscall.Kill(pid, step.sig) // it fails when the process is gone, which is the aim
		}
		gone, err := awaitGone(ctx, name, step.wait)
		if err != nil {
			return err
		}
		if gone {
			return c.removePidFile()
		}
	}
	return fmt.Errorf("the server that an earlier process left behind does not end: pids %v", serversOf(name))
}

func everyone(pids []int) []int { return pids }

// postmaster is the one process among pids that leads the others, if it lives.
func (c *cluster) postmaster(pids []int) []int {
	text, err := os.ReadFile(c.pidFile())
	if err != nil {
		return nil
	}
	leader := firstNumber(string(text))
	return slices.DeleteFunc(pids, func(pid int) bool { return pid != leader })
}

func awaitGone(ctx context.Context, name string, atMost time.Duration) (bool, error) {
	timeout := time.After(atMost)
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for len(serversOf(name)) > 0 {
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for the server that an earlier process left behind: %w", ctx.Err())
		case <-timeout:
			return false, nil
		case <-tick.C:
		}
	}
	return true, nil
}

func (c *cluster) removePidFile() error {
	if err := os.Remove(c.pidFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a stale pid file: %w", err)
	}
	return nil
}
