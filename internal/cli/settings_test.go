package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/cli"
)

const twoProfiles = `
[profile.default]
url = "https://a.example.com/"
key = "key-a"

[profile.b]
url = "https://b.example.com"
key = "key-b"
`

// withProfiles gives an environment whose home has a file of profiles.
func withProfiles(t *testing.T, text string) (file string, getenv func(string) string, env map[string]string) {
	t.Helper()
	env = map[string]string{"HOME": t.TempDir()}
	file = filepath.Join(env["HOME"], ".config", "godwit", "config.toml")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file, func(name string) string { return env[name] }, env
}

// TestResolve_TakesFlagsBeforeTheEnvironmentBeforeAProfile, and sends a profile's key
// to the profile's installation alone.
func TestResolve_TakesFlagsBeforeTheEnvironmentBeforeAProfile(t *testing.T) {
	for name, c := range map[string]struct {
		flags    cli.Flags
		url, key string // of the environment
		want     cli.Settings
	}{
		"default profile":         {cli.Flags{}, "", "", cli.Settings{URL: "https://a.example.com", Key: "key-a", Profile: "default"}},
		"named profile":           {cli.Flags{Profile: "b"}, "", "", cli.Settings{URL: "https://b.example.com", Key: "key-b", Profile: "b"}},
		"environment":             {cli.Flags{}, "https://e.example.com/", "key-e", cli.Settings{URL: "https://e.example.com", Key: "key-e"}},
		"environment's key":       {cli.Flags{}, "", "key-e", cli.Settings{URL: "https://a.example.com", Key: "key-e", Profile: "default"}},
		"another URL gets no key": {cli.Flags{}, "https://e.example.com", "", cli.Settings{URL: "https://e.example.com"}},
		"the same URL gets it":    {cli.Flags{}, "https://a.example.com", "", cli.Settings{URL: "https://a.example.com", Key: "key-a", Profile: "default"}},
		"flag":                    {cli.Flags{URL: "https://f.example.com/"}, "https://e.example.com", "key-e", cli.Settings{URL: "https://f.example.com", Key: "key-e"}},
		"flag gets no key":        {cli.Flags{URL: "https://f.example.com", Profile: "b"}, "", "", cli.Settings{URL: "https://f.example.com"}},
		"profile and environment": {cli.Flags{Profile: "b"}, "", "key-e", cli.Settings{URL: "https://b.example.com", Key: "key-e", Profile: "b",
			Warnings: []string{"GODWIT_KEY is set and goes before the profile b"}}},
	} {
		_, getenv, env := withProfiles(t, twoProfiles)
		env["GODWIT_URL"], env["GODWIT_KEY"] = c.url, c.key
		got, err := cli.Resolve(c.flags, getenv)
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
	got, err := cli.Resolve(cli.Flags{}, func(string) string { return "" })
	require.NoError(t, err)
	require.Equal(t, cli.DefaultURL, got.URL)
}

func TestResolve_RefusesProfilesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"[profile.default]\nurl = \"x\"\nkey_ = \"secret-1\"": "line 3: profile.default.key_ is not known",
		"[profile.default]\nkey = \"secret-1":                 "line 2, column",
		"key = \"secret-1\"":                                  "line 1: key is not known",
	} {
		_, getenv, _ := withProfiles(t, text)
		f := failure(t, func() error { _, err := cli.Resolve(cli.Flags{}, getenv); return err }())
		require.Equal(t, cli.ExitUsage, f.Code)
		require.Contains(t, f.Error(), want)
		require.NotContains(t, f.Error(), "secret-1")
	}
	_, getenv, _ := withProfiles(t, twoProfiles)
	_, err := cli.Resolve(cli.Flags{Profile: "c"}, getenv)
	require.Contains(t, failure(t, err).Error(), "use one of b, default")
}

// TestProfiles_AreTheirOwnersAlone: the file is 0600, what it held stays, and one that
// others may read is warned of.
func TestProfiles_AreTheirOwnersAlone(t *testing.T) {
	file, getenv, env := withProfiles(t, twoProfiles)
	require.NoError(t, os.Chmod(file, 0o644))
	got, err := cli.Resolve(cli.Flags{}, getenv)
	require.NoError(t, err)
	require.Len(t, got.Warnings, 1)
	require.Contains(t, got.Warnings[0], "chmod 600")

	env["XDG_CONFIG_HOME"] = filepath.Join(t.TempDir(), "settings")
	path, err := cli.ProfilesPath(getenv)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(path, env["XDG_CONFIG_HOME"]))
	for _, path := range []string{file, path} {
		p, err := cli.ReadProfiles(path)
		require.NoError(t, err)
		p.All["c"] = cli.Profile{URL: "https://c.example.com", Key: "key-c", KeyID: "key_1"}
		require.NoError(t, p.Save())
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		again, err := cli.ReadProfiles(path)
		require.NoError(t, err)
		require.Equal(t, p, again)
		left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		require.NoError(t, err)
		require.Len(t, left, 1, "nothing beside it")
	}
}

// TestReadProfiles_TakesTheGuidesFile reads the file that docs/cli.md shows.
func TestReadProfiles_TakesTheGuidesFile(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```toml\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, shown)
	path := filepath.Join(t.TempDir(), "config.toml")
	require.NoError(t, os.WriteFile(path, shown[1], 0o600))
	p, err := cli.ReadProfiles(path)
	require.NoError(t, err)
	require.Equal(t, map[string]cli.Profile{
		"default": {URL: "https://godwit.example.com", Key: "gw_…"}, "test": {URL: "http://127.0.0.1:8080", Key: "gw_…"},
	}, p.All)
}
