package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// maxKey bounds what is read as a key.
const maxKey = 4 << 10

func loginCommand(f *frame) *cobra.Command {
	var key string
	c := f.command("login", "Sign in: get a key by the web app, or keep one", func(c *cobra.Command, _ []string) error {
		return f.login(c, key)
	})
	c.Flags().StringVar(&key, "key", "", "an API key that you have; - reads it from standard input, which keeps it out of the shell's history")
	c.Long = `Shows a code and the address of a page of the web app. Once you let the command line in
there, it gets a key of yours that is valid for 90 days. With --key it keeps a key that
you have: an administrator makes one by godwit keys create, and make up prints an admin's.

The key and the address of the installation are kept in a profile of
~/.config/godwit/config.toml, which its owner alone can read (mode 0600).`
	c.Example = "  godwit login --url https://godwit.example.com\n  godwit login --url https://godwit.example.com --key - < key.txt\n  godwit login --profile test --url http://127.0.0.1:8080 --key -"
	return c
}

func (f *frame) login(c *cobra.Command, key string) error {
	profiles, err := f.profiles()
	if err != nil {
		return err
	}
	name := cmp.Or(f.flags.Profile, cli.DefaultProfile)
	if !c.Flags().Changed("key") {
		return f.connect(c, profiles, name)
	}
	if key, err = readKey(c, key); err != nil {
		return err
	}
	api := &cli.Client{URL: f.loginURL(profiles.All[name]), Key: key}
	if err := api.Check(); err != nil {
		return err
	}
	return f.keep(c, account{profiles, name, api, ""})
}

// account is a key that is to be kept in a profile.
type account struct {
	profiles *cli.Profiles
	name     string
	api      *cli.Client
	keyID    string // of a key that login has made
}

// keep tries a key, and keeps it.
func (f *frame) keep(c *cobra.Command, a account) error {
	who, err := whoIs(c, a.api)
	if err != nil {
		return err
	}
	a.profiles.All[a.name] = cli.Profile{URL: a.api.URL, Key: a.api.Key, KeyID: a.keyID}
	if err := a.profiles.Save(); err != nil {
		return err
	}
	f.note(c, fmt.Sprintf("Kept as the profile %s in %s.", a.name, a.profiles.Path))
	return f.document(c, who, func(p *printer) { p.pairs(who, whoColumns) })
}

// profiles reads the file of profiles.
func (f *frame) profiles() (*cli.Profiles, error) {
	path, err := cli.ProfilesPath(os.Getenv)
	if err != nil {
		return nil, err
	}
	return cli.ReadProfiles(path)
}

// loginURL is where to sign in: what the command line or the environment say, else
// where the profile was.
func (f *frame) loginURL(profile cli.Profile) string {
	return strings.TrimRight(cmp.Or(f.flags.URL, os.Getenv("GODWIT_URL"), profile.URL, cli.DefaultURL), "/")
}

// readKey gives the key of the flag --key.
func readKey(c *cobra.Command, key string) (string, error) {
	if key == "-" {
		raw, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxKey))
		if err != nil {
			return "", err
		}
		key = strings.TrimSpace(string(raw))
	}
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", misused{errors.New("give an API key: --key KEY, or --key - and the key alone on standard input")}
	}
	return key, nil
}

// whoIs asks whom a key stands for. A publisher's key may not ask, which tells as much.
func whoIs(c *cobra.Command, api *cli.Client) (who object, err error) {
	err = api.Call(c.Context(), http.MethodGet, "/v1/session", nil, &who)
	var refusal *cli.Failure
	if errors.As(err, &refusal) && refusal.Status == http.StatusForbidden {
		who, err = object{fields: map[string]any{"role": "publisher"}}, nil
	}
	if err == nil {
		who.fields["url"] = api.URL
		who.raw = nil
	}
	return who, err
}

var whoColumns = []column{{"Godwit", "url"}, {"Role", "role"}, {"User", "user_id"}, {"Name", "user.name"}, {"Email", "user.email"}, {"Until", "expires_at"}}

func whoamiCommand(f *frame) *cobra.Command {
	c := f.command("whoami", "Say whom the key stands for, and where", func(c *cobra.Command, _ []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		who, err := whoIs(c, api)
		if err != nil {
			return err
		}
		return f.document(c, who, func(p *printer) { p.pairs(who, whoColumns) })
	})
	c.Example = "  godwit whoami\n  godwit whoami --json --profile test"
	return c
}

func logoutCommand(f *frame) *cobra.Command {
	c := f.command("logout", "Forget the key of a profile", func(c *cobra.Command, _ []string) error {
		profiles, err := f.profiles()
		if err != nil {
			return err
		}
		name := cmp.Or(f.flags.Profile, cli.DefaultProfile)
		profile, there := profiles.All[name]
		if !there {
			return &cli.Failure{Code: cli.ExitNotFound, What: fmt.Sprintf("there is no profile %q in %s", name, profiles.Path)}
		}
		if profile.KeyID != "" {
			f.revoke(c, profile)
		}
		delete(profiles.All, name)
		if err := profiles.Save(); err != nil {
			return err
		}
		f.note(c, "Forgot the profile "+name+".")
		if !f.json {
			return nil
		}
		return writeJSON(c.OutOrStdout(), map[string]any{"profile": name, "forgotten": true})
	})
	c.Long = "Removes a profile. A key that godwit login had made for it is revoked, too; any other\nkey stays valid."
	c.Example = "  godwit logout\n  godwit logout --profile test"
	return c
}

// revoke ends a key that login had made. Where that fails the key is still forgotten. 401
// says that it is no key any more: it ended before, or the answer to the first call was
// lost.
func (f *frame) revoke(c *cobra.Command, profile cli.Profile) {
	api := &cli.Client{URL: profile.URL, Key: profile.Key, Waits: waits}
	err := api.Call(c.Context(), http.MethodDelete, "/v1/api-keys/"+profile.KeyID, nil, nil)
	var refusal *cli.Failure
	if err != nil && !(errors.As(err, &refusal) && refusal.Status == http.StatusUnauthorized) {
		f.note(c, "warning: the key "+profile.KeyID+" could not be revoked: "+err.Error())
	}
}
