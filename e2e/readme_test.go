package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestREADME walks the README's walk: each of its commands, in a shell, with
// other ports and another data directory than the defaults.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	require.Equal(t, "make up\n", blocks[0])
	require.Contains(t, blocks[1], "go run ./examples/receiver")

	data := filepath.Join(t.TempDir(), "data")
	env := standaloneEnv(t, data)
	delete(env, "GODWIT_ADMIN_KEY") // so that one is generated, as for a newcomer
	receiver := freePorts(t, 1)[0]
	here := strings.NewReplacer(
		"127.0.0.1:8080", env["GODWIT_LISTEN_ADDR"], "127.0.0.1:9000", receiver, ".godwit/", data+"/",
		"go run ./examples/receiver", "exec "+buildReceiver(t), "bin/godwit replay", "GODWIT_TEMPORAL_ADDRESS="+env["GODWIT_STANDALONE_TEMPORAL_ADDR"]+" bin/godwit replay")

	startStandalone(t, env)
	printed := startShell(t, here.Replace(blocks[1]), "listening")
	require.Len(t, blocks, 7)
	out := shell(t, here.Replace(strings.Join(blocks[2:5], "\n")))
	require.Contains(t, out, `"secret":"whsec_`)
	require.Contains(t, out, `"matched":1`)
	eventually(t, func() (bool, string) {
		return strings.Contains(printed(), "TODO_CREATED"), printed()
	})
	variables, _, _ := strings.Cut(blocks[2], "\n")
	lookUp := here.Replace(variables + "\n" + blocks[5])
	eventually(t, func() (bool, string) { // a person would not be so quick
		out = shell(t, lookUp)
		return strings.Contains(out, `"outcome":"success"`), out
	})
	require.Contains(t, out, "http://"+env["GODWIT_STANDALONE_UI_ADDR"]+"/namespaces/godwit/workflows/")
	require.Contains(t, shell(t, lookUp+here.Replace(blocks[6])), "deterministic")
}

// buildReceiver builds what `go run` would, so that a signal reaches it.
func buildReceiver(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "receiver")
	out, err := exec.Command("go", "build", "-o", binary, "../examples/receiver").CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// shell runs a script as a reader of the README would and gives what it printed.
func shell(t testing.TB, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// startShell runs a script until the test ends, from when it has printed the
// given word, and gives a function that tells what it has printed so far.
func startShell(t testing.TB, script, word string) func() string {
	t.Helper()
	o := newOutput()
	cmd := exec.Command("bash", "-c", "exec 2>&1\n"+script)
	cmd.Dir = ".."
	reader, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	go o.read(reader)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its error says so
	})
	eventually(t, func() (bool, string) { return strings.Contains(o.String(), word), o.String() })
	return o.String
}
