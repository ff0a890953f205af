package send

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode"

	"godwit/internal/hook"
)

// A chat message is one sentence, what happened to what and where, and a link. Its
// forms are those that the services publish for their incoming webhooks: Slack wants
// "text", Discord "content", and Teams a message with an Adaptive Card.

const (
	// maxPart bounds each part of a message, in characters: Discord takes 2,000 in all,
	// and every one may need a backslash.
	maxPart = 200
	// maxLink bounds a link of the event's own, in bytes.
	maxLink = 1024
)

// chatMessage is what a chat message says.
type chatMessage struct {
	title   string // what happened
	subject string // to what; may be empty
	place   string // where; may be empty
	link    string // may be empty
	open    string // the words of the link
}

// chatWords are what Godwit says in chat messages beside the titles of event types.
type chatWords struct{ open, test, combination, check string }

func chatWordsIn(language string) chatWords {
	switch language {
	case hook.German:
		return chatWords{"Öffnen", "Test", "Mehreres zusammen", "Prüfung durch Godwit: Die Verbindung steht."}
	case hook.Polish:
		return chatWords{"Otwórz", "Test", "Kilka zdarzeń razem", "Sprawdzenie przez Godwit: połączenie działa."}
	default:
		return chatWords{"Open", "Test", "Several things together", "Check by Godwit: the connection works."}
	}
}

// chat says m to people. public is the base of links to Godwit; empty = none.
func (m Message) chat(public string) chatMessage {
	var kept hook.ChatWords
	if m.Chat != nil {
		kept = *m.Chat
	}
	words := chatWordsIn(kept.Language)
	s := chatMessage{title: oneLine(kept.Title), place: oneLine(m.Event.ProjectName), open: words.open}
	switch {
	case m.Event.Type == hook.HealthCheckType:
		return chatMessage{title: words.check, open: words.open}
	case m.Event.Type == hook.CombinationType:
		s.title = words.combination
	case s.title == "":
		s.title = m.Event.Type
	}
	if m.Event.Kind == hook.KindTest {
		s.title = words.test + " – " + s.title
	}
	now, before := factsOf(m.Event.Current), factsOf(m.Event.Previous)
	for _, name := range []string{now.Title, now.Name, now.Text, before.Title, before.Name, before.Text} {
		if s.subject = oneLine(name); s.subject != "" {
			break
		}
	}
	for _, link := range []string{now.URL, before.URL} {
		if s.link == "" && isLink(link) {
			s.link = link
		}
	}
	if s.link == "" && public != "" {
		s.link = strings.TrimSuffix(public, "/") + "/deliveries/" + url.PathEscape(m.DeliveryID)
	}
	return s
}

// facts are the members of a state that people know a thing by.
type facts struct{ Title, Name, Text, URL string }

// factsOf reads those of a state that are text.
func factsOf(state json.RawMessage) (f facts) {
	var all map[string]json.RawMessage
	if json.Unmarshal(state, &all) != nil {
		return f
	}
	for name, to := range map[string]*string{"title": &f.Title, "name": &f.Name, "text": &f.Text, "url": &f.URL} {
		if json.Unmarshal(all[name], to) != nil {
			*to = ""
		}
	}
	return f
}

// isLink says whether people may be sent there.
func isLink(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(raw) <= maxLink &&
		!strings.ContainsFunc(raw, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune(`<>|"\`, r) || !unicode.IsPrint(r)
		})
}

// oneLine is a text without line breaks and without what changes how its neighbours
// are shown, cut to maxPart characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200d': // holds an emoji together
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxPart {
		return string(runes[:maxPart-1]) + "…"
	}
	return s
}

// text puts the parts together as title: subject (place). bold and escape write as the
// service reads it.
func (s chatMessage) text(bold, escape func(string) string) string {
	out := bold(escape(s.title))
	if s.subject != "" {
		out += ": " + escape(s.subject)
	}
	if s.place != "" {
		out += " (" + escape(s.place) + ")"
	}
	return out
}

// slackText escapes what Slack asks for: nothing in it is a link or a mention then.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func appendSlack(b []byte, s chatMessage) []byte {
	text := s.text(func(t string) string { return "*" + t + "*" }, slackText.Replace)
	if s.link != "" {
		text += " <" + strings.ReplaceAll(s.link, "&", "&amp;") + "|" + slackText.Replace(s.open) + ">"
	}
	return append(appendField(b, `{"text":`, text), '}')
}

// discordText escapes what Discord's Markdown knows: nothing in it is a link then.
// That nobody is mentioned is said beside it.
var discordText = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`, ">", `\>`, "<", `\<`,
	"[", `\[`, "]", `\]`, "(", `\(`, ")", `\)`, "#", `\#`, "-", `\-`, ":", `\:`)

func appendDiscord(b []byte, s chatMessage) []byte {
	text := s.text(func(t string) string { return "**" + t + "**" }, discordText.Replace)
	if s.link != "" {
		text += "\n<" + s.link + ">" // without a picture of the page
	}
	b = appendField(b, `{"content":`, text)
	return append(b, `,"allowed_mentions":{"parse":[]}}`...)
}

func appendTeams(b []byte, s chatMessage) []byte {
	rest := ""
	if s.subject != "" {
		rest += ": " + s.subject
	}
	if s.place != "" {
		rest += " (" + s.place + ")"
	}
	// A RichTextBlock shows its text as it is, without Markdown.
	b = append(b, `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{`...)
	b = append(b, `"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[{"type":"RichTextBlock","inlines":[`...)
	b = append(appendField(b, `{"type":"TextRun","weight":"Bolder","text":`, s.title), '}')
	if rest != "" {
		b = append(appendField(b, `,{"type":"TextRun","text":`, rest), '}')
	}
	b = append(b, `]}]`...)
	if s.link != "" {
		b = appendField(b, `,"actions":[{"type":"Action.OpenUrl","title":`, s.open)
		b = append(appendField(b, `,"url":`, s.link), `}]`...)
	}
	return append(b, `}}]}`...)
}
