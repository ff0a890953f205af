package mail

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"godwit/internal/hook"
)

const (
	// subjectName keeps a subject on one line of most mailboxes.
	subjectName = 50
	bodyName    = 120
)

// letter is what a message says, before it has a form.
type letter struct {
	Subject string
	Hello   string
	What    string
	Facts   []fact
	Rest    []string
	Link    string
}

// fact is one line of the overview. In the body, foreign text is in these and
// the greeting alone: within a sentence a name from right to left would
// scramble what follows it.
type fact struct{ Label, Value string }

// add appends a fact that is known.
func (l *letter) add(label, value string) {
	if value != "" {
		l.Facts = append(l.Facts, fact{label, value})
	}
}

// write puts a notice into words. An unknown kind is a permanent error.
func (m *Mailer) write(n Notice) (letter, error) {
	name := `"` + firstOf(line(n.WebhookName, subjectName), line(n.WebhookID, subjectName), "without a name") + `"`
	l := letter{Hello: "Hello,"}
	if to := line(n.ToName, bodyName); to != "" {
		l.Hello = "Hello " + to + ","
	}
	switch n.Kind {
	case Deactivated:
		n.deactivated(&l, name)
	case Recovered:
		n.recovered(&l, name)
	case GaveUp:
		n.gaveUp(&l, name)
	case Gone:
		n.gone(&l, name)
	default:
		return l, permanent(fmt.Errorf("there is no mail of kind %q", n.Kind))
	}
	m.overview(&l, n)
	return l, nil
}

func (n Notice) deactivated(l *letter, name string) {
	l.Subject = "Webhook " + name + " is switched off"
	l.What = "Events could not be delivered to one of your webhooks, again and again. Godwit has switched this webhook off."
	l.Rest = []string{
		n.kept(),
		n.next(),
		"You can also switch the webhook on yourself when the receiver works again: open the webhook and switch it on there. " +
			"Godwit then tests the receiver first.",
	}
}

func (n Notice) recovered(l *letter, name string) {
	l.Subject = "Webhook " + name + " works again"
	l.What = "Good news: the receiver of one of your webhooks answers again. Godwit has switched this webhook on."
	released := "No events were waiting for it."
	if n.Held > 0 {
		released = fmt.Sprintf("Nothing was lost: %s for it, and Godwit is delivering what it kept now.", was(n.Held))
	}
	l.Rest = []string{released, "There is nothing that you have to do."}
}

func (n Notice) gaveUp(l *letter, name string) {
	l.Subject = "Webhook " + name + " stays off and needs you"
	l.What = "Godwit has tested the receiver of one of your webhooks many times, and it never answered as it should. " +
		"Godwit has stopped testing it, and this webhook stays off."
	l.Rest = []string{
		n.kept() + " Please don't wait too long: events are not kept for ever.",
		"Godwit does nothing more by itself. When the receiver works again, " +
			"open the webhook and switch it on there. Godwit tests the receiver and then delivers what is held.",
	}
}

func (n Notice) gone(l *letter, name string) {
	l.Subject = "Webhook " + name + " is switched off: its receiver is gone"
	l.What = "The receiver of one of your webhooks said that it is gone for good and wants no more events. " +
		"Godwit has switched this webhook off."
	l.Rest = []string{
		n.kept() + " Please don't wait too long: events are not kept for ever.",
		"Godwit does nothing more by itself. If the receiver is not gone, have it put right, " +
			"then open the webhook and switch it on there. Godwit tests the receiver and then delivers what is held. " +
			"If you need the webhook no longer, you can delete it.",
	}
}

// kept says what becomes of the events of a webhook that is off.
func (n Notice) kept() string {
	if n.Held <= 0 {
		return "Nothing is lost: new events for this webhook are held."
	}
	return fmt.Sprintf("Nothing is lost: %s for this webhook, and new ones will be held too.", is(n.Held))
}

// next says what Godwit does about a webhook that it has just switched off.
func (n Notice) next() string {
	if n.NextProbe.IsZero() {
		return "Godwit does not test the receiver by itself, so this webhook stays off until you switch it on."
	}
	until := ""
	if !n.Until.IsZero() {
		until = ", and keeps testing it until " + when(n.Until)
	}
	return fmt.Sprintf("Godwit tests the receiver again on %s%s. As soon as a test succeeds, it switches the webhook on and delivers what is held.",
		when(n.NextProbe), until)
}

// overview says which webhook the letter is about, and where it is.
func (m *Mailer) overview(l *letter, n Notice) {
	l.add("Webhook", line(n.WebhookName, bodyName))
	l.add("Sends to", host(n.Host))
	label, cause := "Off since", "Cause"
	if n.Kind == Recovered {
		label, cause = "Was off since", "The cause was"
	}
	if !n.Since.IsZero() {
		l.add(label, when(n.Since))
	}
	if n.Reason != "" && n.Kind != Gone { // a Gone says it all by itself
		l.add(cause, hook.Words(n.Reason))
	}
	if l.Link = m.link(n.WebhookID); l.Link == "" {
		l.add("Its ID", line(n.WebhookID, bodyName))
	}
}

// link is the webhook's page; "" when there is none.
func (m *Mailer) link(webhookID string) string {
	if m.public == nil || webhookID == "" {
		return ""
	}
	return m.public.JoinPath("webhooks", url.PathEscape(webhookID)).String()
}

// host lets nothing through that may hold a path, a query or a password.
func host(s string) string {
	if strings.ContainsAny(s, "/?#@\\") {
		return ""
	}
	return line(s, 255)
}

func is(held int) string {
	if held == 1 {
		return "1 event is held"
	}
	return fmt.Sprintf("%d events are held", held)
}

func was(held int) string {
	if held == 1 {
		return "1 event was held"
	}
	return fmt.Sprintf("%d events were held", held)
}

// when writes a time out, in UTC: where the owner is isn't known.
func when(t time.Time) string { return t.UTC().Format("Monday, 2 January 2006, 15:04 UTC") }
