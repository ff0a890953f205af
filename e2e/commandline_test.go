package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// commandLine runs bin/godwit as one person does.
type commandLine struct {
	env   []string
	stdin string
}

// commands gives the command line of a person with a key; "" = without one.
func commands(t testing.TB, p *process, key string) *commandLine {
	t.Helper()
	c := &commandLine{env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GODWIT_URL=" + p.url()}}
	if key != "" {
		c.env = append(c.env, "GODWIT_KEY="+key)
	}
	return c
}

// run gives what a command wrote, and its exit code.
func (c *commandLine) run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built(t, "godwit"), args...)
	cmd.Env, cmd.Stdin = c.env, strings.NewReader(c.stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// start starts a command that goes on.
func (c *commandLine) start(t testing.TB, args ...string) *process {
	t.Helper()
	env := map[string]string{}
	for _, one := range c.env {
		name, value, _ := strings.Cut(one, "=")
		env[name] = value
	}
	return run(t, exec.Command(built(t, "godwit"), args...), env)
}

// newest waits for a request and gives the newest.
func (r *receiver) newest() request {
	<-r.arrived
	all := r.all()
	return all[len(all)-1]
}

// ok gives what a command wrote that must succeed.
func (c *commandLine) ok(t testing.TB, args ...string) string {
	t.Helper()
	out, said, code := c.run(t, args...)
	require.Zero(t, code, "%v: %s%s", args, out, said)
	return out
}

// objects gives the objects that a command wrote, one a line.
func (c *commandLine) objects(t testing.TB, args ...string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(c.ok(t, append(args, "--json")...)) {
		var one map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &one), line)
		all = append(all, one)
	}
	return all
}

// object gives the one document that a command wrote.
func (c *commandLine) object(t testing.TB, args ...string) map[string]any {
	t.Helper()
	all := c.objects(t, args...)
	require.Len(t, all, 1)
	return all[0]
}

// fails expects an exit code and words on standard error, and nothing as data.
func (c *commandLine) fails(t testing.TB, code int, words string, args ...string) {
	t.Helper()
	out, said, got := c.run(t, args...)
	require.Equal(t, code, got, "%v: %s%s", args, out, said)
	require.Contains(t, said, words)
	require.Empty(t, out)
}

// userKey makes a key of the stage's user.
func (c *stageClient) userKey(t testing.TB) string {
	t.Helper()
	return c.keyOf(t, map[string]any{"name": "cli", "role": "user", "user_id": c.prefix + "u"})
}

func (c *stageClient) keyOf(t testing.TB, form map[string]any) string {
	t.Helper()
	return c.send(t, http.MethodPost, "/v1/api-keys", form).json(t, http.StatusCreated)["key"].(string)
}

// TestCommandLine_MakesNothingTwice: of a command whose answer was lost the second try is
// answered as the first one.
func TestCommandLine_MakesNothingTwice(t *testing.T) {
	p := sharedStack(t).standalone
	c := newStage(t, p)
	person := commands(t, p, adminKey)
	person.env = append(person.env, "GODWIT_URL="+lossy(t, p.url()))
	made := person.ok(t, "webhooks", "create", "--owner", c.prefix+"u", "--name", "once", "--url", "http://127.0.0.1:1/", "--events", "TODO_*", "--json")
	require.Contains(t, made, `"secret"`)
	all := c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"].([]any)
	require.Len(t, all, 1)

	id := all[0].(map[string]any)["id"].(string)
	person.ok(t, "webhooks", "delete", id, "--yes")
	require.Empty(t, c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"])
	commands(t, p, adminKey).fails(t, 4, "request id", "webhooks", "delete", id, "--yes")
}
