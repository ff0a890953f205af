package command

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// redeliverFlags are the flags of godwit redeliver.
type redeliverFlags struct {
	*frame
	span
	statuses, types, reasons, codes []string
	dryRun, wait                    bool
	stop                            string
}

func redeliverCommand(frame *frame) *cobra.Command {
	r := redeliverFlags{frame: frame}
	c := frame.command("redeliver WEBHOOK", "Send many deliveries of a webhook again", func(c *cobra.Command, args []string) error {
		if r.stop != "" {
			if _, err := r.call(c, http.MethodDelete, webhookPath(args[0], "redeliveries", url.PathEscape(r.stop)), nil); err != nil {
				return err
			}
			return r.done(c, r.stop, "stopped")
		}
		return r.run(c, args[0])
	})
	r.span.addTo(c)
	flags := c.Flags()
	flags.StringSliceVar(&r.statuses, "status", nil, "failed, held or cancelled (default failed)")
	flags.StringSliceVar(&r.types, "type", nil, "event types")
	flags.StringSliceVar(&r.reasons, "reason", nil, "why they failed, such as status_5xx")
	flags.StringSliceVar(&r.codes, "status-code", nil, "their last answer, such as 500 or 5xx")
	flags.BoolVar(&r.dryRun, "dry-run", false, "only say how many there are")
	flags.BoolVar(&r.wait, "wait", false, "say how far it is, until its end; exit code 1 when not all succeed")
	flags.StringVar(&r.stop, "stop", "", "stop this redelivery (rdl_…) of the webhook, and do nothing else")
	yes(c)
	c.Long = `Sends deliveries that failed, are held or were cancelled again, those since --since. It
asks first on a terminal, and needs --yes elsewhere.

It goes on in Godwit when this command ends: --wait only looks on, and --stop ends it.`
	c.Example = "  godwit redeliver wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --since 2h --dry-run\n" +
		"  godwit redeliver wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --since 2h --status failed,held --yes --wait"
	return c
}

func (r *redeliverFlags) run(c *cobra.Command, webhook string) error {
	since, until, err := r.read()
	if err == nil && since == "" {
		err = misused{errors.New("say since when, such as --since 2h")}
	}
	if err != nil {
		return err
	}
	form := map[string]any{"since": since}
	if until != "" {
		form["until"] = until
	}
	for field, values := range map[string][]string{"statuses": r.statuses, "event_types": r.types, "reasons": r.reasons, "status_codes": r.codes} {
		if len(values) > 0 {
			form[field] = values
		}
	}
	form["dry_run"] = true
	found, err := r.call(c, http.MethodPost, webhookPath(webhook, "redeliver"), form)
	if err != nil {
		return err
	}
	if r.dryRun || found.number("count") == 0 {
		return r.document(c, found, func(p *printer) { p.line(fmt.Sprintf("%d deliveries would be sent again.", found.number("count"))) })
	}
	if err := r.confirmed(c, fmt.Sprintf("Send %d deliveries of %s again?", found.number("count"), webhook)); err != nil {
		return err
	}
	form["dry_run"] = false
	begun, err := r.call(c, http.MethodPost, webhookPath(webhook, "redeliver"), form)
	if err != nil || begun.text("redelivery_id") == "" {
		return err
	}
	stop := fmt.Sprintf("godwit redeliver %s --stop %s stops it.", webhook, begun.text("redelivery_id"))
	if !r.wait {
		r.note(c, stop)
		return r.document(c, begun, func(p *printer) {
			p.line(fmt.Sprintf("%s sends %d deliveries again.", begun.text("redelivery_id"), begun.number("count")))
		})
	}
	return r.watch(c, webhook, begun.text("redelivery_id"), stop)
}

// watch says how far a redelivery is until it ends.
func (r *redeliverFlags) watch(c *cobra.Command, webhook, id, stop string) error {
	api, err := r.client(c)
	if err != nil {
		return err
	}
	var now object
	said := ""
	for {
		now = object{}
		if err = api.Call(c.Context(), http.MethodGet, webhookPath(webhook, "redeliveries", url.PathEscape(id)), nil, &now); err != nil {
			break
		}
		if now.text("status") != "running" && now.number("pending") == 0 {
			break
		}
		if line := progress(now); line != said {
			r.note(c, line)
			said = line
		}
		if !pause(c.Context(), time.Second) {
			err = interrupted{}
			break
		}
	}
	if c.Context().Err() != nil {
		r.note(c, "It goes on. "+stop)
		return interrupted{}
	}
	if err != nil {
		return err
	}
	if err := r.document(c, now, func(p *printer) { p.line(now.text("id"), p.paint(now.text("status")), progress(now)) }); err != nil {
		return err
	}
	if now.number("failed")+now.number("cancelled") > 0 || now.text("status") != "completed" {
		return refused{&cli.Failure{Code: cli.ExitNo, What: "not all succeeded"}}
	}
	return nil
}

func progress(o object) string {
	done := o.number("succeeded") + o.number("failed") + o.number("cancelled")
	return fmt.Sprintf("%d of %d: %d succeeded, %d failed, %d cancelled", done, max(done, o.number("count")), o.number("succeeded"), o.number("failed"), o.number("cancelled"))
}
