package localpg

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// command is a program of Postgres, to be run as the cluster's user.
type command struct {
	*exec.Cmd
}

func (c *cluster) command(program string, args ...string) command {
	cmd := exec.Command(c.bin.path(program), args...)
	cmd.Dir = "/"
	// A clean environment: PGDATA, PGPORT or a locale of the user's would get in.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = childAttributes()
	cmd.SysProcAttr.Credential = c.user
	return command{cmd}
}

// passPath appends the argument flag+path. A program that runs as another user
// may not be able to walk down to path (a clone below /root, say), so there it
// gets the open file and a name for it that needs no walk.
func (cmd command) passPath(flag, path string) error {
	if cmd.SysProcAttr.Credential != nil && runtime.GOOS == "linux" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open %s for %s: %w", path, cmd.Path, err)
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		// Descriptors 0 to 2 are taken; the extra files follow.
		path = fmt.Sprintf("/proc/self/fd/%d", 2+len(cmd.ExtraFiles))
	}
	cmd.Args = append(cmd.Args, flag+path)
	return nil
}

// closeFiles closes this process's own copies of what passPath opened.
func (cmd command) closeFiles() {
	for _, f := range cmd.ExtraFiles {
		_ = f.Close() // it was only read
	}
}

// child is a started program.
type child struct {
	cmd    command
	exited chan struct{}
	err    error // how it ended; valid once exited is closed
}

// spawn starts cmd. It keeps the thread that starts the program for as long as
// the program lives: the kernel's "your parent died" signal goes by the thread.
func spawn(cmd command) (*child, error) {
	c := &child{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return c, nil
}

func (c *child) signal(sig syscall.Signal) {
	_ = c.cmd.Process.Signal(sig) // it fails when the program has ended, which is fine
}

// lastWords picks the line of a program's output that says why it ended.
func lastWords(output string) string {
	last := "it said nothing"
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		last = line
		for _, mark := range []string{"FATAL:", "PANIC:", "error:"} {
			if _, why, found := strings.Cut(line, mark); found {
				return strings.TrimSpace(why)
			}
		}
	}
	return last
}
