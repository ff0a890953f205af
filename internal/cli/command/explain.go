package command

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

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
		p.line("Not sent. " + verdict(found))
	}
	for _, rule := range found.list("rules") {
		sign := "✗"
		if rule.text("matched") == "yes" {
			sign = "✓"
		}
		p.line(fmt.Sprintf("  %s rule %d: %s", sign, rule.number("rule")+1, verdict(rule)))
	}
}

// verdicts are sentences for the codes of the API's answer. {…} stands for a value of it.
var verdicts = map[string]string{
	"matched":       "It matched.",
	"event_type":    "This rule is not about {event_type}.",
	"not_events":    "This rule leaves out {event_type}.",
	"project":       "This rule does not reach the project {project_id}.",
	"membership":    "{owner_id} is not a member of {project_id}, or was not then.",
	"filter_false":  "The condition was not met.",
	"filter_error":  "The condition could not be worked out: {detail}.",
	"disabled":      "It matched and is kept until the webhook is on.",
	"not_created":   "The webhook or the rule is newer than the event.",
	"itself":        "A webhook is not told of itself.",
	"rules_changed": "It matched a rule that was changed since.",
	"no_key":        "The event has no value at {path} that the parts could share.",
	"judging":       "The condition takes long and is still being worked out.",
	"window_open":   "It waits for the other parts.",
	"window_closed": "The other parts did not come in time.",
	"none_of":       "It stopped the combination.",
	"expunged":      "The contents of the event were removed, so the condition can't be asked.",
}

// verdict is the sentence of an answer, or of one of its rules.
func verdict(of object) string {
	sentence, known := verdicts[of.text("code")]
	if !known {
		return of.text("reason")
	}
	return placeholder.ReplaceAllStringFunc(sentence, func(name string) string { return of.text("params." + name[1:len(name)-1]) })
}

var placeholder = regexp.MustCompile(`\{\w+\}`)
