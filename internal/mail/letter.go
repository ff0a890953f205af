package mail

import (
	"fmt"
	"net/url"
	"strings"

	"godwit/internal/hook"
)

const (
	// subjectName keeps a subject on one line of most mailboxes.
	subjectName = 50
	bodyName    = 120
)

// letter is what a message says, before it has a form.
type letter struct {
	Language string
	Subject  string
	Hello    string
	What     string
	Facts    []fact
	Rest     []string
	Link     string
	Open     string // what the link says
	Footer   string
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

// write puts a notice into words of its language. An unknown kind is a permanent error.
func (m *Mailer) write(n Notice) (letter, error) {
	t := tongueOf(n.Language)
	said, ok := t.kinds[n.Kind]
	if !ok {
		return letter{}, permanent(fmt.Errorf("there is no mail of kind %q", n.Kind))
	}
	name := `"` + firstOf(line(n.WebhookName, subjectName), line(n.WebhookID, subjectName), t.nameless) + `"`
	l := letter{Language: t.code, Hello: t.hello + ",", Open: t.open, Footer: t.footer, Subject: fmt.Sprintf(said.subject, name), What: said.what}
	if to := line(n.ToName, bodyName); to != "" {
		l.Hello = t.hello + " " + to + ","
	}
	switch n.Kind {
	case Deactivated:
		l.Rest = []string{t.kept(n.Held), t.next(n)}
	case Recovered:
		l.Rest = []string{t.released(n.Held)}
	default:
		l.Rest = []string{t.kept(n.Held) + " " + t.dontWait}
	}
	l.Rest = append(l.Rest, said.last)
	m.overview(&l, n, t)
	return l, nil
}

// next says whether the receiver is tested again, and when.
func (t *tongue) next(n Notice) string {
	if n.NextProbe.IsZero() {
		return t.noProbe
	}
	until := ""
	if !n.Until.IsZero() {
		until = fmt.Sprintf(t.until, t.when(n.Until))
	}
	return fmt.Sprintf(t.probe, t.when(n.NextProbe), until)
}

func (m *Mailer) overview(l *letter, n Notice, t *tongue) {
	l.add("Webhook", line(n.WebhookName, bodyName))
	l.add(t.sendsTo, host(n.Host))
	since, cause := t.offSince, t.cause
	if n.Kind == Recovered {
		since, cause = t.wasOffSince, t.causeWas
	}
	if !n.Since.IsZero() {
		l.add(since, t.when(n.Since))
	}
	if n.Reason != "" && n.Kind != Gone { // a Gone says it all by itself
		l.add(cause, hook.WordsIn(t.code, n.Reason))
		if n.Kind != Recovered {
			l.add(t.toDo, hook.Advice(t.code, n.Reason))
		}
	}
	if l.Link = m.link(n.WebhookID); l.Link == "" {
		l.add(t.itsID, line(n.WebhookID, bodyName))
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
