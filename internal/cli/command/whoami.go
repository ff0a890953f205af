package command

import (
	"net/http"

	"github.com/spf13/cobra"
)

func whoamiCommand(f *frame) *cobra.Command {
	c := f.command("whoami", "Say whom the key stands for, and where", func(c *cobra.Command, _ []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		var who object
		if err := api.Call(c.Context(), http.MethodGet, "/v1/session", nil, &who); err != nil {
			return err
		}
		return f.document(c, who, func(p *printer) {
			p.pairs(object{fields: map[string]any{"url": api.URL}}, []column{{"Godwit", "url"}})
			p.pairs(who, whoColumns)
		})
	})
	c.Long = `Says whom the key stands for, and where. A key of the role publisher may publish
events alone: for it the answer is exit code 3.`
	c.Example = "  godwit whoami\n  godwit whoami --json"
	return c
}

var whoColumns = []column{{"Role  ", "role"}, {"User  ", "user_id"}, {"Name  ", "user.name"}, {"Email ", "user.email"}}
