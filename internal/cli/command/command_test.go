package command

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// godwit runs a command line and gives what it printed and its exit code.
func godwit(args ...string) (stdout, stderr string, code int) {
	var out, said bytes.Buffer
	server := &cobra.Command{Use: "serve", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return errors.New("it ran") }}
	root := Root(Program{Version: "v1.2.3", Server: []*cobra.Command{server}})
	root.SetArgs(args)
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(&said)
	c, err := root.ExecuteC()
	report(c, err, args)
	return out.String(), said.String(), ExitCode(c, err)
}

// TestRoot_SaysHowACommandIsMisused: exit code 2, and what is wrong on standard error.
func TestRoot_SaysHowACommandIsMisused(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for want, args := range map[string][]string{
		`unknown command "srve"`:                          {"srve"},
		"unknown flag: --jason":                           {"whoami", "--jason"},
		`"x" is more than it takes`:                       {"whoami", "x"},
		`is no address of Godwit`:                         {"whoami", "--url", "localhost:8080"},
		`has a user name, a query`:                        {"whoami", "--url", "http://u:p@localhost:8080"},
		`there is no profile "none"`:                      {"whoami", "--profile", "none"},
		"say where deliveries go":                         {"listen"},
		`{"error":{"exit_code":2,"what":"`:                {"whoami", "x", "--json"},
		`{"error":{"exit_code":2,"what":"unknown command`: {"srve", "--json"},
		`{"error":{"exit_code":2,"what":"unknown flag`:    {"whoami", "--jason", "--json"},
		`"" can't be WEBHOOK`:                             {"webhooks", "delete", "", "--yes"},
		`".." can't be DELIVERY`:                          {"deliveries", "show", ".."},
		"--expires-in must be at least 1s":                {"keys", "create", "--name", "n", "--expires-in", "-1h"},
	} {
		out, said, code := godwit(args...)
		require.Equal(t, 2, code, "%v: %s", args, said)
		require.Empty(t, out)
		require.Contains(t, said, want)
		require.NotContains(t, said, "u:p@")
	}
}

// TestRoot_LeavesTheServerItsOwnSettings: serve neither takes nor shows the flags of
// the client, and ends with 0 or 1.
func TestRoot_LeavesTheServerItsOwnSettings(t *testing.T) {
	for _, args := range [][]string{{"serve", "--json"}, {"--url", "http://x", "serve"}, {"serve", "x"}, {"serve"}} {
		_, said, code := godwit(args...)
		require.Equal(t, 1, code, said)
		require.Equal(t, len(args) == 1, strings.Contains(said, "it ran"), said)
	}
	out, _, code := godwit("serve", "--help")
	require.Zero(t, code)
	require.NotContains(t, out, "--profile")
}

func TestVersion_IsTextOrJSON(t *testing.T) {
	for want, args := range map[string][]string{"v1.2.3\n": {"version"}, "{\"version\":\"v1.2.3\"}\n": {"version", "--json"}} {
		out, said, code := godwit(args...)
		require.Equal(t, want, out)
		require.Empty(t, said)
		require.Zero(t, code)
	}
}

// TestRoot_ShowsAnExampleOfEachCommand: each says what it does, and how.
func TestRoot_ShowsAnExampleOfEachCommand(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" || c.Name() == "serve" || strings.HasPrefix(c.CommandPath(), "godwit completion") {
			return
		}
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.Contains(t, c.Example, c.CommandPath(), "an example of %s", c.CommandPath())
	}
	walk(Root(Program{Version: "v1.2.3"}))
}
