package command

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

func deliveriesCommand(f *frame) *cobra.Command {
	return Group("deliveries", "List, show, follow, repeat and cancel deliveries",
		deliveriesList(f), deliveriesShow(f), deliveriesTail(f), deliveriesRedeliver(f), deliveriesRetry(f), deliveriesCancel(f), deliveriesCurl(f))
}

var deliveryColumns = []column{{"ID", "id"}, {"MADE", "created_at"}, {"TYPE", "event_type"}, {"WEBHOOK", "webhook_id"}, {"STATUS", "status"},
	{"REASON", "reason"}, {"ATTEMPTS", "attempt_count"}, {"ANSWER", "last_attempt.status_code"}, {"NEXT", "next_attempt_at"}}

// deliveryFlags say which deliveries.
type deliveryFlags struct {
	span
	webhook, event, eventType, project, kind string
	status, reason, code                     []string
}

func (d *deliveryFlags) addTo(c *cobra.Command) {
	d.span.addTo(c)
	flags := c.Flags()
	flags.StringVar(&d.webhook, "webhook", "", "webhook")
	flags.StringVar(&d.event, "event", "", "event")
	flags.StringVar(&d.eventType, "type", "", "event type")
	flags.StringVar(&d.project, "project", "", "project")
	flags.StringVar(&d.kind, "kind", "", "published, test, combination or operational")
	flags.StringSliceVar(&d.status, "status", nil, "pending, retrying, succeeded, failed, held or cancelled")
	flags.StringSliceVar(&d.reason, "reason", nil, "why it failed, such as status_5xx or timeout_headers")
	flags.StringSliceVar(&d.code, "status-code", nil, "the last answer, such as 500 or 5xx")
}

func (d *deliveryFlags) query() (url.Values, error) {
	since, until, err := d.read()
	return url.Values{"webhook_id": {d.webhook}, "event_id": {d.event}, "event_type": {d.eventType}, "project_id": {d.project}, "kind": {d.kind},
		"status": d.status, "reason": d.reason, "status_code": d.code, "since": {since}, "until": {until}}, err
}

func deliveriesList(f *frame) *cobra.Command {
	l := listing{path: "/v1/deliveries", columns: deliveryColumns, empty: "There are no such deliveries."}
	var which deliveryFlags
	c := f.command("list", "List deliveries, the newest first", func(c *cobra.Command, _ []string) (err error) {
		if l.query, err = which.query(); err != nil {
			return err
		}
		return f.list(c, l)
	})
	l.addTo(c)
	which.addTo(c)
	c.Example = "  godwit deliveries list --status failed --since 2h\n  godwit deliveries list --webhook wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --all --json"
	return c
}

// deliveryPath is the path of a delivery in the API; more goes behind it.
func deliveryPath(id, more string) string { return "/v1/deliveries/" + url.PathEscape(id) + more }

func (f *frame) showDelivery(c *cobra.Command, d object) error {
	return f.document(c, d, func(p *printer) {
		p.pairs(d, []column{{"Id", "id"}, {"Event", "event_id"}, {"Type", "event_type"}, {"Kind", "kind"}, {"Project", "project_id"}, {"Webhook", "webhook_id"},
			{"Status", "status"}, {"Reason", "reason"}, {"Made", "created_at"}, {"Next attempt", "next_attempt_at"}, {"Redelivery of", "redelivery_of"}, {"Workflow", "workflow.url"}})
		if attempts := d.list("attempts"); len(attempts) > 0 {
			p.line()
			t := &table{printer: p, columns: []column{{"#", "number"}, {"STARTED", "started_at"}, {"OUTCOME", "outcome"}, {"ANSWER", "status_code"}, {"MS", "duration_ms"}, {"REASON", "reason"}, {"ERROR", "error"}}}
			t.rows(attempts)
		}
	})
}

func deliveriesShow(f *frame) *cobra.Command {
	c := f.command("show DELIVERY", "Show one delivery with every attempt", func(c *cobra.Command, args []string) error {
		d, err := f.call(c, http.MethodGet, deliveryPath(args[0], ""), nil)
		if err != nil {
			return err
		}
		return f.showDelivery(c, d)
	})
	c.Example = "  godwit deliveries show dlv_0c4q1h7k2m3n5p6r8s9t0v1w2x"
	return c
}

func deliveriesRedeliver(f *frame) *cobra.Command {
	var wait waitFlags
	c := f.command("redeliver DELIVERY", "Send the event of a finished delivery again", func(c *cobra.Command, args []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		var d object
		if err := api.Call(c.Context(), http.MethodPost, deliveryPath(args[0], "/redeliver"), nil, &d); err != nil {
			return err
		}
		if !wait.wait {
			return f.showDelivery(c, d)
		}
		if d, err = awaitDelivery(c.Context(), api, d.text("id"), wait.timeout); err != nil {
			return err
		}
		if err := f.showDelivery(c, d); err != nil {
			return err
		}
		return allSucceeded([]object{d})
	})
	wait.addTo(c)
	c.Example = "  godwit deliveries redeliver dlv_0c4q1h7k2m3n5p6r8s9t0v1w2x --wait"
	return c
}

func deliveriesRetry(f *frame) *cobra.Command {
	c := f.command("retry-now DELIVERY", "Make the next attempt of a delivery at once", func(c *cobra.Command, args []string) error {
		d, err := f.call(c, http.MethodPost, deliveryPath(args[0], "/retry-now"), nil)
		if err != nil {
			return err
		}
		return f.showDelivery(c, d)
	})
	c.Example = "  godwit deliveries retry-now dlv_0c4q1h7k2m3n5p6r8s9t0v1w2x"
	return c
}

func deliveriesCancel(f *frame) *cobra.Command {
	c := f.command("cancel DELIVERY", "Cancel a delivery that is not finished", func(c *cobra.Command, args []string) error {
		if err := f.confirmed(c, "Cancel the delivery "+args[0]+"?"); err != nil {
			return err
		}
		d, err := f.call(c, http.MethodPost, deliveryPath(args[0], "/cancel"), nil)
		if err != nil {
			return err
		}
		return f.showDelivery(c, d)
	})
	yes(c)
	c.Example = "  godwit deliveries cancel dlv_0c4q1h7k2m3n5p6r8s9t0v1w2x --yes"
	return c
}

func deliveriesCurl(f *frame) *cobra.Command {
	var sign bool
	var to string
	c := f.command("curl DELIVERY", "Print the request of a delivery as a command for curl", func(c *cobra.Command, args []string) error {
		more := "/request"
		if sign {
			more += "?sign=true"
		}
		r, err := f.call(c, http.MethodGet, deliveryPath(args[0], more), nil)
		if err != nil {
			return err
		}
		if r.text("truncated") == "yes" {
			f.note(c, "warning: the body is too long to be shown as a whole")
		}
		return f.document(c, r, func(p *printer) { p.line(curlOf(r, to)) })
	})
	c.Flags().BoolVar(&sign, "sign", false, "sign it afresh, so that a receiver takes it; this is noted in the audit log")
	c.Flags().StringVar(&to, "to", "", "another address in the place of the webhook's, such as http://localhost:3000/hook")
	c.Example = "  godwit deliveries curl dlv_0c4q1h7k2m3n5p6r8s9t0v1w2x --sign --to http://localhost:3000/hook"
	return c
}

// curlOf writes a request as a command of a shell.
func curlOf(r object, to string) string {
	body, _ := r.at("body").(string)
	at, _ := r.at("url").(string)
	if to != "" {
		at = to
	}
	parts := []string{"curl -sS -X POST " + cli.Quote(at)}
	headers, _ := r.at("headers").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		parts = append(parts, "-H "+cli.Quote(fmt.Sprintf("%s: %v", name, headers[name])))
	}
	if r.text("encoding") == "base64" {
		return "printf %s " + cli.Quote(body) + " | base64 -d | " + strings.Join(append(parts, "--data-binary @-"), " \\\n  ")
	}
	// A body that begins with @ would be taken for the name of a file; JSON does not.
	return strings.Join(append(parts, "--data-binary "+cli.Quote(body)), " \\\n  ")
}
