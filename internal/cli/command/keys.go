package command

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func keysCommand(f *frame) *cobra.Command {
	return Group("keys", "List, make and revoke API keys", keysList(f), keysCreate(f), keysRevoke(f))
}

func keysList(f *frame) *cobra.Command {
	l := listing{path: "/v1/api-keys", empty: "There are no keys.",
		columns: []column{{"ID", "id"}, {"NAME", "name"}, {"ROLE", "role"}, {"USER", "user_id"}, {"BEGINS WITH", "prefix"}, {"EXPIRES", "expires_at"}, {"LAST USED", "last_used_at"}}}
	c := f.command("list", "List API keys, your own or all, without the keys themselves", func(c *cobra.Command, _ []string) error { return f.list(c, l) })
	l.addTo(c)
	c.Example = "  godwit keys list"
	return c
}

func keysCreate(f *frame) *cobra.Command {
	var name, role, user string
	var expires time.Duration
	c := f.command("create", "Make an API key, which is shown this once", func(c *cobra.Command, _ []string) error {
		if c.Flags().Changed("expires-in") && expires < time.Second {
			return misused{errors.New("--expires-in must be at least 1s, such as 720h; without it the key does not expire")}
		}
		form := map[string]any{"name": name, "role": role}
		if user != "" {
			form["user_id"] = user
		}
		if expires > 0 {
			form["expires_at"] = time.Now().Add(expires).UTC().Format(time.RFC3339)
		}
		key, err := f.call(c, http.MethodPost, "/v1/api-keys", form)
		if err != nil {
			return err
		}
		return f.document(c, key, func(p *printer) {
			p.pairs(key, []column{{"Id", "id"}, {"Name", "name"}, {"Role", "role"}, {"User", "user_id"}, {"Expires", "expires_at"}, {"Key", "key"}})
		})
	})
	flags := c.Flags()
	flags.StringVar(&name, "name", "", "what uses the key")
	flags.StringVar(&role, "role", "user", "admin, publisher or user")
	flags.StringVar(&user, "user", "", "the user whom a key of the role user is bound to")
	flags.DurationVar(&expires, "expires-in", 0, "how long it is valid, such as 720h (default without an end; a year for a user's own)")
	_ = c.MarkFlagRequired("name") // which is there
	c.Long = "Makes a key, and shows it this once. With a user's key it is one of the same user, which\nis valid for a year at most; a user has at most 10."
	c.Example = "  godwit keys create --name laptop\n  godwit keys create --name crm --role publisher\n  godwit keys create --name laptop --user una --expires-in 720h"
	return c
}

func keysRevoke(f *frame) *cobra.Command {
	c := f.command("revoke KEY", "Revoke an API key, from now on", func(c *cobra.Command, args []string) error {
		if err := f.confirmed(c, "Revoke the key "+args[0]+"? What uses it is refused from now on."); err != nil {
			return err
		}
		if _, err := f.call(c, http.MethodDelete, "/v1/api-keys/"+url.PathEscape(args[0]), nil); err != nil {
			return err
		}
		return f.done(c, args[0], "revoked")
	})
	yes(c)
	c.Example = "  godwit keys revoke key_0c4q1h7k2m3n5p6r8s9t0v1w2x --yes"
	return c
}
