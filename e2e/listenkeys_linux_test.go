package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what a person has, and what a command has.
func terminal(t testing.TB) (person, command *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = person.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	command, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = command.Close() })
	return person, command
}

// mode is how a terminal treats what is typed and written.
func mode(t testing.TB, f *os.File) unix.Termios {
	t.Helper()
	got, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return *got
}

// onTerminal starts godwit listen at a terminal.
func (c *stageClient) onTerminal(t testing.TB, person, command *os.File, to string) *process {
	t.Helper()
	cmd := exec.Command(built(t, "godwit"), "listen", "--forward-to", to, "--owner", c.prefix+"u", "--name", c.prefix+"laptop")
	cmd.Env = []string{"HOME=" + t.TempDir(), "TERM=xterm", "GODWIT_URL=" + c.base, "GODWIT_KEY=" + c.key}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = command, command, command
	p := &process{cmd: cmd, output: newOutput(), exited: make(chan struct{})}
	require.NoError(t, cmd.Start())
	go p.output.read(person)
	go func() { _ = cmd.Wait(); close(p.exited) }()
	p.waitFor(t, func(line string) bool { return strings.Contains(line, "Ready.") })
	return p
}

// TestListen_TakesKeysOnATerminal without a full screen, and leaves the terminal as it
// was.
func TestListen_TakesKeysOnATerminal(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	n := 0
	r := newReceiver(t, func(int, request) int {
		if n++; n == 1 {
			return http.StatusTeapot
		}
		return http.StatusOK
	})
	person, command := terminal(t)
	before := mode(t, command)
	l := c.onTerminal(t, person, command, r.URL+"/hook")
	press := func(keys string) {
		t.Helper()
		_, err := person.WriteString(keys)
		require.NoError(t, err)
	}
	says := func(words ...string) {
		for _, word := range words {
			l.waitFor(t, func(line string) bool { return strings.Contains(line, word) })
		}
	}
	press("d")
	says("Nothing has come yet.")
	first := c.post(t)
	says(first + " ")
	second := c.post(t)
	says(second + " ")
	press("\x1b[A")
	press("d")
	says("webhook-id: "+first, "answer 418 after", `"id":"r1"`)
	press("c")
	says("curl -sS -X POST '"+r.URL+"/hook' -H ", "\x1b]52;c;")
	press("o")
	says(c.base + "/deliveries/dlv_")
	press("r")
	says("Sent again: " + first)
	eventually(t, func() (bool, string) { n := r.arrivals(); return n[first] == 2, fmt.Sprint(n) })
	press("p")
	says("Paused")
	eventually(t, func() (bool, string) {
		got := c.delivery(t, c.post(t), func(d map[string]any) bool { return d["status"] == "held" || d["status"] == "succeeded" })
		return got["status"] == "held", fmt.Sprint(got["status"])
	})
	had := len(r.all())
	press("p")
	eventually(t, func() (bool, string) { return len(r.all()) > had, "what was held comes" })
	require.NotEqual(t, before.Lflag, mode(t, command).Lflag, "keys are taken one by one")
	press("q")
	<-l.exited
	require.Zero(t, l.cmd.ProcessState.ExitCode())
	require.Equal(t, before, mode(t, command))

	person, command = terminal(t)
	l = c.onTerminal(t, person, command, r.URL)
	press("\x03")
	<-l.exited
	require.Equal(t, 130, l.cmd.ProcessState.ExitCode())
	require.Equal(t, before, mode(t, command))
}
