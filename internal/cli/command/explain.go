package command

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func explainCommand(f *frame) *cobra.Command {
	c := f.command("explain WEBHOOK EVENT", "Say why an event did or did not go to a webhook", func(c *cobra.Command, args []string) error {
		found, err := f.call(c, http.MethodPost, webhookPath(args[0], "explain"), map[string]any{"event_id": args[1]})
		if err != nil {
			return err
		}
		err = f.document(c, found, func(p *printer) { showExplained(p, found) })
		if err == nil && found.text("matched") != "yes" {
			err = refused{errors.New("not sent")}
		}
		return err
	})
	c.Long = "Says for each rule whether it matches the event, and which clause does not.\nExit code 1: the event was not sent to the webhook."
	c.Example = "  godwit explain wh_0c4q1h7k2m3n5p6r8s9t0v1w2x evt_0c4q1h7k2m3n5p6r8s9t0v1w2x"
	return c
}

func showExplained(p *printer, found object) {
	if id := found.text("delivery_id"); found.text("matched") == "yes" && id != "" {
		p.line(fmt.Sprintf("Sent, as %s, which is %s.", id, p.paint(found.text("delivery_status"))))
	} else if found.text("matched") == "yes" {
		p.line("Sent.")
	} else {
		p.line("Not sent: " + found.text("reason"))
	}
	for _, rule := range found.list("rules") {
		sign := "✗"
		if rule.text("matched") == "yes" {
			sign = "✓"
		}
		p.line(fmt.Sprintf("  %s rule %d: %s", sign, rule.number("rule"), rule.text("reason")))
	}
}
