package command

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func statsCommand(f *frame) *cobra.Command {
	var since string
	c := f.command("stats", "Show what happened lately, and what waits", func(c *cobra.Command, _ []string) error {
		from, err := moment("since", since, time.Now())
		if err != nil {
			return err
		}
		path := "/v1/stats"
		if from != "" {
			path += "?" + url.Values{"since": {from}}.Encode()
		}
		s, err := f.call(c, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		return f.document(c, s, func(p *printer) {
			p.pairs(s, []column{{"Since", "since"}, {"Events", "events"}, {"Deliveries succeeded", "deliveries.succeeded"}, {"… failed", "deliveries.failed"}, {"… cancelled", "deliveries.cancelled"},
				{"Attempts", "attempts.total"}, {"… succeeded", "attempts.succeeded"}, {"Success rate", "attempts.success_rate"},
				{"Waiting: new", "backlog.pending"}, {"… for another attempt", "backlog.retrying"}, {"… held", "backlog.held"}})
		})
	})
	c.Flags().StringVar(&since, "since", "", "how far back, such as 2h or 7d (default a day)")
	c.Example = "  godwit stats --since 7d"
	return c
}

func auditCommand(f *frame) *cobra.Command {
	l := listing{path: "/v1/audit-log", empty: "Nobody has changed anything of the kind.",
		columns: []column{{"AT", "at"}, {"ACTION", "action"}, {"KIND", "object.kind"}, {"OBJECT", "object.id"}, {"BY", "actor.id"}}}
	var when span
	var action, about, actor string
	c := f.command("audit", "List who changed what; with an admin's key", func(c *cobra.Command, _ []string) error {
		since, until, err := when.read()
		if err != nil {
			return err
		}
		l.query = url.Values{"action": {action}, "object_id": {about}, "actor": {actor}, "since": {since}, "until": {until}}
		return f.list(c, l)
	})
	l.addTo(c)
	when.addTo(c)
	c.Flags().StringVar(&action, "action", "", "such as webhook.deleted")
	c.Flags().StringVar(&about, "object", "", "id of what was changed")
	c.Flags().StringVar(&actor, "actor", "", "who did it")
	c.Example = "  godwit audit --since 7d --action webhook.deleted"
	return c
}

func eventTypesCommand(f *frame) *cobra.Command {
	return Group("event-types", "List, show and change event types", typesList(f), typesShow(f), typesPut(f))
}

func typesList(f *frame) *cobra.Command {
	l := listing{path: "/v1/event-types", columns: []column{{"NAME", "name"}, {"GROUP", "group"}, {"TITLE", "title"}, {"BUILT IN", "builtin"}}}
	var archived string
	c := f.command("list", "List the catalogue of event types", func(c *cobra.Command, _ []string) error {
		l.query = url.Values{"archived": {archived}}
		return f.list(c, l)
	})
	l.addTo(c)
	c.Flags().StringVar(&archived, "archived", "", "true or false")
	c.Example = "  godwit event-types list --all"
	return c
}

func (f *frame) showType(c *cobra.Command, t object) error {
	return f.document(c, t, func(p *printer) {
		p.pairs(t, []column{{"Name", "name"}, {"Group", "group"}, {"Title", "title"}, {"Description", "description"}, {"Built in", "builtin"}, {"Archived", "archived_at"}, {"Schema", "schema"}})
		for _, state := range []string{"previous", "current"} {
			if value := t.at("example." + state); value != nil {
				raw, _ := json.MarshalIndent(value, "", "  ") // of what was JSON
				p.line("\nExample of " + state + ":\n" + string(raw))
			}
		}
	})
}

func typesShow(f *frame) *cobra.Command {
	c := f.command("show TYPE", "Show one event type with its example", func(c *cobra.Command, args []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		t, err := findType(c.Context(), api, args[0])
		if err != nil {
			return err
		}
		return f.showType(c, t)
	})
	c.Example = "  godwit event-types show TODO_CREATED"
	return c
}

func typesPut(f *frame) *cobra.Command {
	var file, title, group, description string
	c := f.command("put TYPE", "Add or change an event type; with an admin's key", func(c *cobra.Command, args []string) error {
		form := map[string]any{}
		if file != "" {
			raw, err := readFile(file, c.InOrStdin())
			if err == nil && json.Unmarshal(raw, &form) != nil {
				err = fmt.Errorf("%s is no JSON object", file)
			}
			if err != nil {
				return misused{err}
			}
		}
		for field, value := range map[string]string{"title": title, "group": group, "description": description} {
			if value != "" {
				form[field] = value
			}
		}
		t, err := f.call(c, http.MethodPut, "/v1/event-types/"+url.PathEscape(args[0]), form)
		if err != nil {
			return err
		}
		return f.showType(c, t)
	})
	flags := c.Flags()
	flags.StringVar(&file, "file", "", "JSON file with the fields, such as schema and example; - is standard input")
	flags.StringVar(&title, "title", "", "title for people")
	flags.StringVar(&group, "group", "", "what it is listed under")
	flags.StringVar(&description, "description", "", "when it happens")
	c.Example = "  godwit event-types put INVOICE_PAID --group Invoices --title 'Invoice paid' --description 'A customer has paid an invoice'"
	return c
}

// openAPICommand is the command that prints the OpenAPI document: of this program, where it has
// one, else of the installation.
func openAPICommand(f *frame) *cobra.Command {
	c := f.command("openapi", "Print the OpenAPI document", func(c *cobra.Command, _ []string) error {
		if f.Document != nil {
			text, err := f.Document(f.Version)
			if err == nil {
				_, err = c.OutOrStdout().Write(text)
			}
			return err
		}
		api, err := f.open(c)
		if err != nil {
			return err
		}
		resp, err := api.Send(c.Context(), http.MethodGet, "/openapi.json", nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(c.OutOrStdout(), resp.Body)
		return err
	})
	c.Long = "Prints the OpenAPI document (JSON): that of this version, without calling anything. The\nsmall build, which has no server, asks the installation for its own."
	c.Example = "  godwit openapi > openapi.json"
	return c
}
