package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// window is a shell in a terminal, which is tmux.
type window struct {
	socket string
	env    []string
}

// newWindow opens a window with the settings of a new user.
func newWindow(t testing.TB, env ...string) *window {
	t.Helper()
	_, err := exec.LookPath("tmux")
	require.NoError(t, err, "run `scripts/setup test` first")
	dir, err := os.MkdirTemp("", "tmux") // a test's own can be too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &window{filepath.Join(dir, "socket"), append(env, "PATH="+os.Getenv("PATH"), "HOME="+dir, "LC_ALL=C.UTF-8", "PS1=$ ", "ENV=")}
	w.tmux(t, "-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "30", "-c", dir, "sh")
	t.Cleanup(func() { w.tmux(t, "kill-server") })
	w.tmux(t, "set-option", "-s", "set-clipboard", "on")
	return w
}

func (w *window) tmux(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", w.socket}, args...)...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "tmux %v: %s", args, out)
	return string(out)
}

// press presses keys, which have the names that tmux gives them.
func (w *window) press(t testing.TB, keys ...string) {
	t.Helper()
	w.tmux(t, append([]string{"send-keys"}, keys...)...)
}

// types types a command.
func (w *window) types(t testing.TB, command string) {
	t.Helper()
	w.press(t, "-l", command)
	w.press(t, "Enter")
}

// shown is all that was written, with what has scrolled out of sight.
func (w *window) shown(t testing.TB) string {
	t.Helper()
	return w.tmux(t, "capture-pane", "-p", "-J", "-S", "-")
}

// shows waits until all words are written.
func (w *window) shows(t testing.TB, words ...string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		all := w.shown(t)
		for _, word := range words {
			if !strings.Contains(all, word) {
				return false, word + " is not in:\n" + all
			}
		}
		return true, ""
	})
}

// TestListen_TakesKeysOnATerminal without a full screen, so that a person can scroll
// back, and leaves the terminal as it was.
func TestListen_TakesKeysOnATerminal(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	n := 0
	r := newReceiver(t, func(int, request) int {
		if n++; n == 1 {
			return http.StatusTeapot
		}
		return http.StatusOK
	})
	w := newWindow(t, "GODWIT_URL="+c.base, "GODWIT_KEY="+c.key)
	// Without a PATH no browser is found.
	listen := fmt.Sprintf("PATH=/none %s listen --forward-to %s/hook --owner %su --name %slaptop", built(t, "godwit"), r.URL, c.prefix, c.prefix)
	w.types(t, "stty -g >before; "+listen+"; echo code $?")
	w.shows(t, "Ready.", "q quit")
	w.press(t, "d")
	w.shows(t, "Nothing has come yet.")
	first := c.post(t)
	w.shows(t, first+" ")
	second := c.post(t)
	w.shows(t, second+" ")
	w.press(t, "Up")
	w.shows(t, "▸ 1/2 ")
	w.press(t, "d")
	w.shows(t, "webhook-id: "+first, "answer 418 after", `"id":"r1"`)
	w.press(t, "c")
	w.shows(t, "curl -sS -X POST '"+r.URL+"/hook' -H ")
	require.Contains(t, w.tmux(t, "show-buffer"), "curl -sS -X POST '"+r.URL+"/hook' -H ", "it is on the clipboard")
	w.press(t, "o")
	w.shows(t, c.base+"/deliveries/dlv_")
	w.press(t, "r")
	w.shows(t, "Sent again: "+first)
	eventually(t, func() (bool, string) { n := r.arrivals(); return n[first] == 2, fmt.Sprint(n) })
	w.press(t, "p")
	w.shows(t, "Paused")
	eventually(t, func() (bool, string) {
		got := c.delivery(t, c.post(t), func(d map[string]any) bool { return d["status"] == "held" || d["status"] == "succeeded" })
		return got["status"] == "held", fmt.Sprint(got["status"])
	})
	had := len(r.all())
	w.press(t, "p")
	eventually(t, func() (bool, string) { return len(r.all()) > had, "what was held comes" })
	require.Equal(t, "0\n", w.tmux(t, "display-message", "-p", "#{alternate_on}"), "it is no full screen")
	w.press(t, "q")
	w.shows(t, "Listener removed.", "code 0")
	require.Contains(t, w.shown(t), "Ready.")

	w.types(t, "stty -g | cmp - before && "+listen+"; echo code $?")
	eventually(t, func() (bool, string) { all := w.shown(t); return strings.Count(all, "Ready.") == 2, all })
	w.press(t, "C-c")
	w.shows(t, "code 130")
	w.types(t, "stty -g | cmp - before && echo as before")
	w.shows(t, "\nas before")
}
