//go:build !client

package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/cli/command"
	"godwit/internal/config"
)

// godwit runs a command line and gives what it printed and its error.
func godwit(args ...string) (string, error) {
	var out bytes.Buffer
	c := command.Root(program())
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.Execute()
	return out.String(), err
}

func TestCommand_RefusesWhatItDoesNotKnow(t *testing.T) {
	for line, args := range map[string][]string{
		`unknown command "srve" for "godwit"`:                              {"srve"},
		`godwit migrate has no command "upp": use one of up, down, status`: {"migrate", "upp"},
		`godwit migrate needs a command: use one of up, down, status`:      {"migrate"},
		`godwit secrets has no command "rekeyy": use one of rekey`:         {"secrets", "rekeyy"},
		`godwit secrets needs a command`:                                   {"secrets"},
		`"x" is more than it takes (godwit version --help)`:                {"version", "x"},
	} {
		out, err := godwit(args...)
		require.ErrorContains(t, err, line)
		require.Empty(t, out)
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		out, err := godwit(arg)
		require.NoError(t, err)
		require.Equal(t, version+"\n", out)
	}
}

func TestServe_HelpNamesEverySetting(t *testing.T) {
	out, err := godwit("serve", "--help")
	require.NoError(t, err)
	for _, s := range config.Settings() {
		require.Contains(t, out, s.Name)
		require.Contains(t, out, s.Help)
	}
}

func TestServe_NamesAllThatIsMissingAndWrong(t *testing.T) {
	t.Setenv("GODWIT_DATABASE_URL", "")
	t.Setenv("GODWIT_ADMIN_KEY", "")
	t.Setenv("GODWIT_ENCRYPTION_KEY", "bad")
	t.Setenv("GODWIT_DATA_DIR", "data")
	for role, names := range map[string][]string{
		"all":    {"GODWIT_DATABASE_URL", "GODWIT_ADMIN_KEY", "GODWIT_ENCRYPTION_KEY", "GODWIT_DATA_DIR"},
		"worker": {"GODWIT_DATABASE_URL", "GODWIT_ENCRYPTION_KEY", "GODWIT_DATA_DIR"},
	} {
		_, err := godwit("serve", "--role", role)
		var wrong config.Errors
		require.ErrorAs(t, err, &wrong)
		var got []string
		for _, one := range wrong {
			got = append(got, one.Name)
		}
		require.ElementsMatch(t, names, got)
	}
}
