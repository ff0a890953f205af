package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

func webhooksCommand(f *frame) *cobra.Command {
	return Group("webhooks", "List, make, change, test and delete webhooks",
		webhooksList(f), webhooksShow(f), webhooksCreate(f), webhooksUpdate(f), webhooksEnable(f), webhooksDisable(f),
		webhooksDelete(f), webhooksRotate(f), webhooksTest(f), webhooksHealth(f), webhooksPreview(f), webhooksImport(f))
}

func webhooksList(f *frame) *cobra.Command {
	l := listing{path: "/v1/webhooks", empty: "There are no webhooks; godwit webhooks create makes one.",
		columns: []column{{"ID", "id"}, {"NAME", "name"}, {"STATUS", "status"}, {"ENABLED", "enabled"}, {"EVENTS", "rules.events"}, {"URL", "url"}}}
	var status, enabled, owner, project, eventType, query string
	c := f.command("list", "List webhooks", func(c *cobra.Command, _ []string) error {
		l.query = url.Values{"status": {status}, "enabled": {enabled}, "owner_id": {owner}, "project_id": {project}, "event_type": {eventType}, "q": {query}}
		return f.list(c, l)
	})
	l.addTo(c)
	flags := c.Flags()
	flags.StringVar(&status, "status", "", "HEALTHY, DEGRADED or UNHEALTHY")
	flags.StringVar(&enabled, "enabled", "", "true or false")
	flags.StringVar(&owner, "owner", "", "those of one user; only with an admin's key")
	flags.StringVar(&project, "project", "", "those that name this project")
	flags.StringVar(&eventType, "type", "", "those whose rules name this event type")
	flags.StringVar(&query, "search", "", "part of the name or host, or the beginning of the id")
	c.Example = "  godwit webhooks list\n  godwit webhooks list --status UNHEALTHY --json"
	return c
}

// webhookColumns are what is shown of one webhook.
var webhookColumns = []column{{"Id", "id"}, {"Key", "key"}, {"Name", "name"}, {"URL", "url"}, {"Status", "status"}, {"Enabled", "enabled"},
	{"Switched off by", "disabled_reason"}, {"Paused until", "paused_until"}, {"Owner", "owner_id"}, {"Format", "payload_format"},
	{"Rules", "rules"}, {"Headers", "headers"}, {"Made", "created_at"}, {"Secret", "secret"}}

func (f *frame) showWebhook(c *cobra.Command, w object) error {
	return f.document(c, w, func(p *printer) { p.pairs(w, webhookColumns) })
}

func webhooksShow(f *frame) *cobra.Command {
	c := f.command("show WEBHOOK", "Show one webhook", func(c *cobra.Command, args []string) error {
		w, err := f.call(c, http.MethodGet, webhookPath(args[0]), nil)
		if err != nil {
			return err
		}
		return f.showWebhook(c, w)
	})
	c.Example = "  godwit webhooks show wh_0c4q1h7k2m3n5p6r8s9t0v1w2x"
	return c
}

// webhookPath is the path of a webhook in the API; more goes behind it.
func webhookPath(id string, more ...string) string {
	path := "/v1/webhooks/" + url.PathEscape(id)
	for _, one := range more {
		path += "/" + one
	}
	return path
}

// call makes one request, and gives the object of the answer.
func (f *frame) call(c *cobra.Command, method, path string, body any) (out object, err error) {
	api, err := f.client(c)
	if err != nil {
		return out, err
	}
	if method == http.MethodDelete {
		return out, api.Call(c.Context(), method, path, body, nil)
	}
	return out, api.Call(c.Context(), method, path, body, &out)
}

func webhooksEnable(f *frame) *cobra.Command {
	var noDrain bool
	c := f.command("enable WEBHOOK", "Probe a webhook, and switch it on if it answers", func(c *cobra.Command, args []string) error {
		w, err := f.call(c, http.MethodPost, webhookPath(args[0], "enable"), map[string]any{"drain": !noDrain})
		if failed := probeOf(err); failed != nil {
			const said = "The receiver did not answer the probe, so nothing was changed."
			if f.json {
				_ = writeJSON(c.ErrOrStderr(), map[string]any{"note": said, "attempt": failed}) // the error follows
				return refused{err}
			}
			p := &printer{out: c.ErrOrStderr()}
			p.line(said)
			p.pairs(object{fields: failed}, []column{{"Status", "status_code"}, {"Reason", "reason"}, {"Error", "error"}, {"Duration", "duration_ms"}})
			return refused{err}
		}
		if err != nil {
			return err
		}
		return f.showWebhook(c, w)
	})
	c.Flags().BoolVar(&noDrain, "no-drain", false, "don't send what was held in the meantime")
	c.Long = "Sends a probe to the webhook's URL, and switches the webhook on if it is answered.\nExit code 1: the probe failed, and nothing was changed."
	c.Example = "  godwit webhooks enable wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --no-drain"
	return c
}

// probeOf gives the attempt of a probe that failed; nil where err is of something else.
func probeOf(err error) map[string]any {
	var f *cli.Failure
	var problem struct{ Attempt map[string]any }
	if !errors.As(err, &f) || f.Status != http.StatusConflict || json.Unmarshal(f.Problem, &problem) != nil {
		return nil
	}
	return problem.Attempt
}

func webhooksDisable(f *frame) *cobra.Command {
	var reason string
	c := f.command("disable WEBHOOK", "Switch a webhook off; what matches is held", func(c *cobra.Command, args []string) error {
		body := map[string]any{}
		if reason != "" {
			body["reason"] = reason
		}
		w, err := f.call(c, http.MethodPost, webhookPath(args[0], "disable"), body)
		if err != nil {
			return err
		}
		return f.showWebhook(c, w)
	})
	c.Flags().StringVar(&reason, "reason", "", "why, for those who read the webhook's history")
	c.Example = "  godwit webhooks disable wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --reason maintenance"
	return c
}

func webhooksDelete(f *frame) *cobra.Command {
	c := f.command("delete WEBHOOK", "Delete a webhook", func(c *cobra.Command, args []string) error {
		if err := f.confirmed(c, "Delete the webhook "+args[0]+"? What it did not deliver yet is cancelled."); err != nil {
			return err
		}
		if _, err := f.call(c, http.MethodDelete, webhookPath(args[0]), nil); err != nil {
			return err
		}
		return f.done(c, args[0], "deleted")
	})
	yes(c)
	c.Example = "  godwit webhooks delete wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --yes"
	return c
}

func webhooksRotate(f *frame) *cobra.Command {
	var overlap time.Duration
	var file string
	c := f.command("rotate-secret WEBHOOK", "Replace the signing secret of a webhook", func(c *cobra.Command, args []string) error {
		out, err := secretFile(file)
		if err != nil {
			return err
		}
		w, err := f.call(c, http.MethodPost, webhookPath(args[0], "rotate-secret"), map[string]any{"overlap_seconds": int(overlap.Seconds())})
		if err != nil {
			return errors.Join(err, out.discard())
		}
		if err := out.keep(&w); err != nil {
			return err
		}
		f.note(c, fmt.Sprintf("Until %s both secrets sign.", time.Now().Add(overlap).Format("2006-01-02 15:04:05")))
		return f.showWebhook(c, w)
	})
	c.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the old secret signs, too")
	c.Flags().StringVar(&file, "secret-file", "", "new file that the secret is written to (mode 0600), and printed nowhere")
	c.Example = "  godwit webhooks rotate-secret wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --overlap 1h --secret-file secret.txt"
	return c
}

func webhooksHealth(f *frame) *cobra.Command {
	var since string
	c := f.command("health WEBHOOK", "Show how a webhook has been doing", func(c *cobra.Command, args []string) error {
		from, err := moment("since", since, time.Now())
		if err != nil {
			return err
		}
		path := webhookPath(args[0], "health")
		if from != "" {
			path += "?" + url.Values{"since": {from}}.Encode()
		}
		h, err := f.call(c, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		return f.document(c, h, func(p *printer) {
			p.pairs(h, []column{{"Status", "status"}, {"Enabled", "enabled"}, {"Switched off by", "disabled_reason"}, {"Since", "since"}, {"Attempts", "attempts"},
				{"Succeeded", "succeeded"}, {"Failed", "failed"}, {"Success rate", "success_rate"}, {"Latency p50", "latency_ms.p50"}, {"Latency p95", "latency_ms.p95"},
				{"Paused until", "paused_until"}, {"Next probe", "next_probe_at"}})
			if changes := h.list("transitions"); len(changes) > 0 {
				p.line()
				t := &table{printer: p, columns: []column{{"AT", "at"}, {"FROM", "from_status"}, {"TO", "status"}, {"CAUSE", "cause"}, {"REASON", "reason"}, {"BY", "actor"}}}
				t.rows(changes)
			}
		})
	})
	c.Flags().StringVar(&since, "since", "", "how far back, such as 2h or 7d")
	c.Example = "  godwit webhooks health wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --since 7d"
	return c
}

func webhooksPreview(f *frame) *cobra.Command {
	var rules ruleFlags
	var since, owner string
	c := f.command("preview", "Say what rules would have matched; nothing is written", func(c *cobra.Command, _ []string) error {
		found, err := f.preview(c, rules, since, owner)
		if err != nil {
			return err
		}
		return f.document(c, found, func(p *printer) { showPreview(p, found) })
	})
	rules.addTo(c)
	c.Flags().StringVar(&since, "since", "", "how far back, such as 2h or 7d (default a day)")
	c.Flags().StringVar(&owner, "owner", "", "whose memberships count; only with an admin's key")
	c.Example = "  godwit webhooks preview --events 'TODO_*' --filter \"current.priority == 'high'\" --since 7d"
	return c
}

// preview asks what rules would have matched.
func (f *frame) preview(c *cobra.Command, flags ruleFlags, since, owner string) (object, error) {
	rules, err := flags.rules(c.InOrStdin())
	if err != nil {
		return object{}, err
	}
	body := map[string]any{"rules": rules}
	from, err := moment("since", since, time.Now())
	if err != nil {
		return object{}, err
	}
	for name, value := range map[string]string{"since": from, "owner_id": owner} {
		if value != "" {
			body[name] = value
		}
	}
	return f.call(c, http.MethodPost, "/v1/webhooks/preview", body)
}

func showPreview(p *printer, found object) {
	p.line(fmt.Sprintf("%d of %d events match since %s.", found.number("matched"), found.number("examined"), found.show("examined_since")))
	if examples := found.list("examples"); len(examples) > 0 {
		t := &table{printer: p, columns: []column{{"EVENT", "id"}, {"TYPE", "type"}, {"PROJECT", "project_id"}, {"ACCEPTED", "accepted_at"}}}
		t.rows(examples)
	}
	for _, failure := range found.list("filter_failures") {
		p.line(fmt.Sprintf("On %d the filter of rule %d fails: %s", failure.number("count"), failure.number("rule"), failure.text("detail")))
	}
}
