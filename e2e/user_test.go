package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// nobody is the plain user that Debian and others have for such ends.
const nobody = 65534

// TestStandaloneAsRootAndAsAPlainUser runs the standalone below a folder that
// only its user may enter: as who runs the tests, and, if that is root, as a
// plain user too.
func TestStandaloneAsRootAndAsAPlainUser(t *testing.T) {
	t.Parallel()
	users := []int{os.Geteuid()}
	if os.Geteuid() == 0 {
		users = append(users, nobody)
	}
	for _, user := range users {
		home, err := os.MkdirTemp("", "godwit-user-")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(home)) })
		require.NoError(t, os.Chmod(home, 0o700))
		binary := filepath.Join(home, "godwit-standalone")
		out, err := exec.Command("cp", built(t, "godwit-standalone"), binary).CombinedOutput()
		require.NoError(t, err, string(out))
		cmd := exec.Command(binary)
		if user != os.Geteuid() {
			require.NoError(t, os.Chown(home, user, user))
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
		}
		cmd.Dir = home
		p := run(t, cmd, standaloneEnv(t, filepath.Join(home, "data")))
		t.Cleanup(func() { p.stop(t) })
		p.waitFor(t, ready)
		c := newStage(t, p)
		r := newReceiver(t, nil)
		c.webhook(t, r.URL, nil)
		c.delivery(t, c.post(t), status("succeeded"))
		p.stop(t)
	}
}
