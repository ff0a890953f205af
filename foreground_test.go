package godwit_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// server stands for godwit-standalone: it says that it is ready, prints a line
// for each signal, and ends half a second after the first.
const server = `trap 'echo stopped; end=1' INT TERM
echo ready
until [ "$end" ]; do sleep 0.1; done
for i in 1 2 3 4 5; do sleep 0.1; done`

func TestMakePassesSignalsOn(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // scripts/foreground needs /proc; elsewhere a SIGINT to make alone is not passed on
	}
	script, err := filepath.Abs("scripts/foreground")
	require.NoError(t, err)
	rule := fmt.Sprintf("up:\n\t@exec %s bash -c \"$$SERVER\"\n", script)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for to, sign := range map[string]int{"make alone": 1, "the terminal's group": -1} {
			t.Run(signal.String()+" to "+to, func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), "make", "--file=-", "up")
				cmd.Env = append(cmd.Environ(), "SERVER="+server, "MAKEFLAGS=", "MAKELEVEL=")
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				cmd.WaitDelay = 10 * time.Second // else whatever make left behind holds the pipe forever
				in, err := cmd.StdinPipe()
				require.NoError(t, err)
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				kill := time.AfterFunc(10*time.Second, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
				defer kill.Stop()
				_, err = in.Write([]byte(rule))
				require.NoError(t, err)
				require.NoError(t, in.Close())

				lines := bufio.NewScanner(out)
				require.True(t, lines.Scan())
				require.Equal(t, "ready", lines.Text())
				require.NoError(t, syscall.Kill(sign*cmd.Process.Pid, signal))
				var after []string
				for lines.Scan() {
					after = append(after, lines.Text())
				}
				_ = cmd.Wait() // make reports the signal, which is no news
				require.True(t, kill.Stop(), "make waited for ever")
				stops := len(slices.DeleteFunc(after, func(line string) bool { return line != "stopped" }))
				if signal == syscall.SIGTERM && sign < 0 {
					// The command has it from the group and from make.
					require.LessOrEqual(t, stops, 2)
					stops = min(stops, 1)
				}
				require.Equal(t, 1, stops, "a second SIGINT often means: at once, without cleaning up")
			})
		}
	}
}
