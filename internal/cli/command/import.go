package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// maxListing bounds the file of an import.
const maxListing = 16 << 20

// blueWebhook is a webhook as Blue's API lists it. The scope may be in the fields, in
// metadata, or in both.
type blueWebhook struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	URL        string   `json:"url"`
	Events     []string `json:"events"`
	ProjectIDs []string `json:"projectIds"`
	Metadata   struct {
		Events     []string `json:"events"`
		ProjectIDs []string `json:"projectIds"`
	} `json:"metadata"`
}

func webhooksImport(f *frame) *cobra.Command {
	var owner string
	var dryRun bool
	c := f.command("import FILE", "Make webhooks from a list of Blue's", func(c *cobra.Command, args []string) error {
		listed, err := readListing(c, args[0])
		if err != nil {
			return err
		}
		api, err := f.client(c)
		if err != nil {
			return err
		}
		i := importing{f, c, api, owner, dryRun, &table{printer: f.printer(c), columns: []column{{"KEY", "key"}, {"WEBHOOK", "id"}, {"NAME", "name"}, {"RESULT", "result"}, {"SECRET", "secret"}}}}
		return i.run(listed)
	})
	c.Flags().StringVar(&owner, "owner", "", "whose webhooks they will be; only with an admin's key")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "make none; say of each what is wrong with it")
	c.Long = `Makes a webhook for each of the file (- is standard input): the answer of Blue's query
webhooks as JSON, or its list alone. Each gets the key blue-ID, the format blue, the same
events and projects, and is switched off: send a test, then enable it. Projects have to
exist in Godwit under their ids in Blue.

One that was imported before is left as it is, so the command can be run again. One that
is refused does not stop the others; the exit code is 6 then. Secrets are shown this once.`
	c.Example = "  godwit webhooks import blue-webhooks.json --owner una --dry-run\n  godwit webhooks import blue-webhooks.json --owner una --json > imported.ndjson"
	return c
}

// readListing reads Blue's answer in any of the shapes in which it is kept.
func readListing(c *cobra.Command, name string) ([]blueWebhook, error) {
	in := c.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, misused{err}
		}
		defer file.Close()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxListing+1))
	if err != nil {
		return nil, misused{err}
	}
	if len(raw) > maxListing {
		return nil, &cli.Failure{Code: cli.ExitInvalid, What: "the file is larger than 16 MiB", Next: "split it"}
	}
	type page struct {
		Items []blueWebhook `json:"items"`
	}
	var answer struct {
		page
		Webhooks page `json:"webhooks"`
		Data     struct {
			Webhooks page `json:"webhooks"`
		} `json:"data"`
	}
	var listed []blueWebhook
	if err := json.Unmarshal(raw, &listed); err != nil {
		if err := json.Unmarshal(raw, &answer); err != nil {
			return nil, &cli.Failure{Code: cli.ExitInvalid, What: "the file is no list of webhooks", Why: err.Error(), Next: `it is what Blue answers to the query webhooks: {"data":{"webhooks":{"items":[…]}}}, or the list alone`}
		}
		listed = append(append(answer.Items, answer.Webhooks.Items...), answer.Data.Webhooks.Items...)
	}
	if len(listed) == 0 {
		return nil, &cli.Failure{Code: cli.ExitInvalid, What: "the file has no webhooks", Next: `it is what Blue answers to the query webhooks: {"data":{"webhooks":{"items":[…]}}}, or the list alone`}
	}
	for i, w := range listed {
		if w.ID == "" || w.URL == "" {
			return nil, &cli.Failure{Code: cli.ExitInvalid, What: fmt.Sprintf("webhook %d of the file has no id or no url", i+1), Next: "ask Blue for id, name, url, events and projectIds of each"}
		}
	}
	return listed, nil
}

// importing makes webhooks of a list.
type importing struct {
	*frame
	c      *cobra.Command
	api    *cli.Client
	owner  string
	dryRun bool
	table  *table
}

func (i importing) run(listed []blueWebhook) error {
	refused := 0
	for _, w := range listed {
		row, err := i.one(w)
		var failed *cli.Failure
		switch {
		case errors.As(err, &failed) && failed.Code == cli.ExitInvalid:
			refused++
			row["result"] = "refused"
			fmt.Fprintf(i.c.ErrOrStderr(), "%s: %s\n", textOf(row["key"]), cleanLines(failed.Error()))
		case err != nil:
			return err
		}
		if i.json {
			err = writeJSON(i.c.OutOrStdout(), row)
		} else {
			i.table.rows([]object{{fields: row}})
			err = i.table.err
		}
		if err != nil {
			return err
		}
	}
	if refused > 0 {
		return &cli.Failure{Code: cli.ExitInvalid, What: fmt.Sprintf("%d of %d webhooks were refused", refused, len(listed)), Next: "what is wrong is named above; mend it and run the command again"}
	}
	return nil
}

// one makes one webhook, unless it is there.
func (i importing) one(w blueWebhook) (map[string]any, error) {
	key := "blue-" + w.ID
	row := map[string]any{"key": key, "name": w.name(), "result": "created"}
	path := "/v1/webhooks/by-key/" + url.PathEscape(key)
	query := ""
	if i.owner != "" {
		query = "?owner_id=" + url.QueryEscape(i.owner)
	}
	var there, made object
	err := i.api.Call(i.c.Context(), http.MethodGet, path+query, nil, &there)
	var failed *cli.Failure
	if err == nil {
		row["id"], row["result"] = there.text("id"), "was there"
		return row, nil
	}
	if !errors.As(err, &failed) || failed.Code != cli.ExitNotFound {
		return row, err
	}
	if i.dryRun {
		return i.check(w, row)
	}
	if err := i.api.Call(i.c.Context(), http.MethodPut, path, w.form(i.owner), &made); err != nil {
		return row, err
	}
	row["id"], row["secret"] = made.text("id"), made.text("secret")
	return row, nil
}

// check asks what would be wrong with a webhook.
func (i importing) check(w blueWebhook, row map[string]any) (map[string]any, error) {
	var found object
	if err := i.api.Call(i.c.Context(), http.MethodPost, "/v1/webhooks/check", w.form(i.owner), &found); err != nil {
		return row, err
	}
	row["result"] = "would be created"
	if wrong := found.list("errors"); len(wrong) > 0 {
		failure := &cli.Failure{Code: cli.ExitInvalid, What: "it would be refused"}
		for _, one := range wrong {
			failure.Fields = append(failure.Fields, cli.Field{Pointer: one.text("pointer"), Detail: one.text("detail")})
		}
		return row, failure
	}
	return row, nil
}

func (w blueWebhook) name() string {
	if w.Name != "" {
		return w.Name
	}
	if u, err := url.Parse(w.URL); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return w.ID
}

// form is the webhook as Godwit makes it. In Blue an empty list stands for everything.
func (w blueWebhook) form(owner string) map[string]any {
	events, projects := w.Events, w.ProjectIDs
	if len(events) == 0 {
		events = w.Metadata.Events
	}
	if len(projects) == 0 {
		projects = w.Metadata.ProjectIDs
	}
	rule := map[string]any{"events": events}
	if len(events) == 0 {
		rule["events"] = []string{"*"}
	}
	if len(projects) > 0 {
		rule["projects"] = projects
	}
	form := map[string]any{"name": w.name(), "url": w.URL, "payload_format": "blue", "enabled": false, "rules": []any{rule}}
	if owner != "" {
		form["owner_id"] = owner
	}
	return form
}
