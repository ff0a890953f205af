package e2e_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStopDuringAnAttempt asks both binaries to stop while a receiver has not
// answered yet. The all-in-one process cuts the attempt off in time and sends it
// again after its next start; the production process waits for it.
func TestStopDuringAnAttempt(t *testing.T) {
	t.Parallel()
	t.Run("standalone", func(t *testing.T) {
		env := standaloneEnv(t, filepath.Join(t.TempDir(), "data"))
		env["GODWIT_DELIVERY_TIMEOUT"] = "10s" // longer than it has to stop
		p := startStandalone(t, env)
		c := newStage(t, p)
		r := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 0, false: 200}[n == 1] })
		c.webhook(t, r.URL, nil)
		eventID := c.post(t)
		r.wait(t, 1)
		p.stop(t)
		startStandalone(t, env)
		require.Len(t, c.delivery(t, eventID, status("succeeded"))["attempts"], 2)
	})
	t.Run("serve", func(t *testing.T) {
		s := sharedStack(t)
		env := serveEnv(t, s.migrated(t), s.temporal(), "stop")
		env["GODWIT_DELIVERY_TIMEOUT"] = "30s"
		p := startServe(t, env)
		c := newStage(t, p)
		r := newReceiver(t, nil)
		r.answer = func(int, request) int {
			<-r.release
			return 200
		}
		c.webhook(t, r.URL, nil)
		eventID := c.post(t)
		r.wait(t, 1)
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
		select {
		case <-p.exited:
			require.FailNow(t, "it did not wait for the attempt", p.output.String())
		case <-time.After(500 * time.Millisecond):
		}
		r.letGo()
		<-p.exited
		startServe(t, env)
		require.Len(t, c.delivery(t, eventID, status("succeeded"))["attempts"], 1)
	})
}
