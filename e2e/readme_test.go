package e2e_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestREADME_Walk runs each command of the walk in one shell, with other ports
// and another data directory than the defaults.
func TestREADME_Walk(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	require.Len(t, blocks, 7)
	require.Equal(t, "make up\n", blocks[0])

	data := filepath.Join(t.TempDir(), "data")
	env := standaloneEnv(t, data)
	delete(env, "GODWIT_ADMIN_KEY") // so that one is generated, as for a newcomer
	here := strings.NewReplacer(
		"127.0.0.1:8080", env["GODWIT_LISTEN_ADDR"], "127.0.0.1:9000", freePorts(t, 1)[0], ".godwit/", data+"/",
		"go run ./examples/receiver", buildReceiver(t), "bin/godwit replay", "GODWIT_TEMPORAL_ADDRESS="+env["GODWIT_STANDALONE_TEMPORAL_ADDR"]+" bin/godwit replay")
	startStandalone(t, env)

	reader := startReader(t)
	reader.types(here.Replace(blocks[1]), `"id":"una"`)
	reader.types(here.Replace(blocks[2])+"echo created", "created")
	reader.types(here.Replace(blocks[3]), "listening on")
	reader.types(here.Replace(blocks[4]), `verified "TODO_CREATED" id="first" attempt="1"`)
	reader.typesUntil(here.Replace(blocks[5]), "http://"+env["GODWIT_STANDALONE_UI_ADDR"]+"/namespaces/godwit/workflows/")
	reader.types(here.Replace(blocks[6]), "deterministic")
	require.Contains(t, reader.printed.String(), `"matched":1`)
	require.NotContains(t, reader.printed.String(), "whsec_", "the walk needs the secret in a variable only")
}

// reader is someone who types commands into a shell.
type reader struct {
	t       testing.TB
	keys    io.Writer
	printed *output
}

func startReader(t testing.TB) reader {
	t.Helper()
	r := reader{t, nil, newOutput()}
	cmd := exec.Command("bash", "-c", "exec 2>&1; exec bash -euo pipefail")
	cmd.Dir = ".."
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts in the background ends with it
	keys, err := cmd.StdinPipe()
	require.NoError(t, err)
	screen, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	r.keys = keys
	go r.printed.read(screen)
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // killed: its error says so
	})
	return r
}

// types runs a block of commands and waits for what it shows.
func (r reader) types(block, shows string) {
	r.t.Helper()
	_, err := io.WriteString(r.keys, block+"\n")
	require.NoError(r.t, err)
	eventually(r.t, func() (bool, string) { return strings.Contains(r.printed.String(), shows), r.printed.String() })
}

// typesUntil runs a block again until it shows something: a person would not be
// quicker than the outcome of a delivery.
func (r reader) typesUntil(block, shows string) {
	r.t.Helper()
	for n := 1; !strings.Contains(r.printed.String(), shows); n++ {
		end := fmt.Sprintf("read %d times", n)
		r.types(block+"echo "+end, end)
	}
}

// buildReceiver builds what `go run` would, so that a signal reaches it.
func buildReceiver(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "receiver")
	out, err := exec.Command("go", "build", "-o", binary, "../examples/receiver").CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}
