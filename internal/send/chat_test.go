package send

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func chatOf(format hook.PayloadFormat, change func(*Message)) Message {
	m := Message{
		Webhook:    hook.Webhook{ID: "wh_1", PayloadFormat: format},
		Event:      hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", ProjectName: "Website", Current: []byte(`{"id":"r1","title":"Order the frames"}`)},
		Chat:       &hook.ChatWords{Language: hook.English, Title: "Record created"},
		DeliveryID: "dlv_1",
	}
	if change != nil {
		change(&m)
	}
	return m
}

func TestChat_SaysOneSentenceAndALink(t *testing.T) {
	const public = "https://godwit.example/hooks/"
	german := func(m *Message) { m.Chat = &hook.ChatWords{Language: hook.German, Title: "Datensatz angelegt"} }
	for _, one := range []struct {
		name   string
		format hook.PayloadFormat
		change func(*Message)
		want   string
	}{
		{"Slack", hook.FormatSlack, nil, `{"text":"*Record created*: Order the frames (Website) <https://godwit.example/hooks/deliveries/dlv_1|Open>"}`},
		{"Discord", hook.FormatDiscord, nil, `{"content":"**Record created**: Order the frames (Website)\u000a<https://godwit.example/hooks/deliveries/dlv_1>","allowed_mentions":{"parse":[]}}`},
		{"Teams", hook.FormatTeams, german, `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[{"type":"RichTextBlock","inlines":[{"type":"TextRun","weight":"Bolder","text":"Datensatz angelegt"},{"type":"TextRun","text":": Order the frames (Website)"}]}],"actions":[{"type":"Action.OpenUrl","title":"Öffnen","url":"https://godwit.example/hooks/deliveries/dlv_1"}]}}]}`},
		{"a link of the event's own", hook.FormatSlack, func(m *Message) { m.Event.Current = []byte(`{"name":"a & b","url":"https://app.example/r/1?a=1&b=2"}`) },
			`{"text":"*Record created*: a &amp; b (Website) <https://app.example/r/1?a=1&amp;b=2|Open>"}`},
		{"what is gone", hook.FormatSlack, func(m *Message) {
			m.Event.Previous, m.Event.Current = m.Event.Current, nil
			m.Chat = &hook.ChatWords{Language: hook.Polish, Title: "Usunięto rekord"}
		}, `{"text":"*Usunięto rekord*: Order the frames (Website) <https://godwit.example/hooks/deliveries/dlv_1|Otwórz>"}`},
		{"a test", hook.FormatSlack, func(m *Message) { m.Event.Kind = hook.KindTest }, `{"text":"*Test – Record created*: Order the frames (Website) <https://godwit.example/hooks/deliveries/dlv_1|Open>"}`},
		{"a combination", hook.FormatSlack, func(m *Message) {
			german(m)
			m.Event.Type, m.Event.Current = hook.CombinationType, []byte(`{"events":[]}`)
		}, `{"text":"*Mehreres zusammen* (Website) <https://godwit.example/hooks/deliveries/dlv_1|Öffnen>"}`},
		{"a type without a title", hook.FormatSlack, func(m *Message) { m.Chat.Title = "" }, `{"text":"*TODO_CREATED*: Order the frames (Website) <https://godwit.example/hooks/deliveries/dlv_1|Open>"}`},
		{"no words kept", hook.FormatSlack, func(m *Message) { m.Chat = nil }, `{"text":"*TODO_CREATED*: Order the frames (Website) <https://godwit.example/hooks/deliveries/dlv_1|Open>"}`},
		{"a health check", hook.FormatSlack, func(m *Message) { m.Event = hook.Event{ID: "e", Type: hook.HealthCheckType} }, `{"text":"*Check by Godwit: the connection works.*"}`},
	} {
		t.Run(one.name, func(t *testing.T) {
			contentType, body := chatOf(one.format, one.change).body(public)
			require.Equal(t, "application/json", contentType)
			require.Equal(t, one.want, string(body))
		})
	}
}

func TestChat_WithoutAPublicURLLinksOnlyWhereTheEventDoes(t *testing.T) {
	_, body := chatOf(hook.FormatSlack, nil).body("")
	require.Equal(t, `{"text":"*Record created*: Order the frames (Website)"}`, string(body))
}

// Whoever names a record must not be able to mention a channel, to hide where a link
// leads, to break the line or to make the message too long.
func TestChat_ShowsHostileNamesAsText(t *testing.T) {
	names := []string{
		"<!channel> <@U1> <https://evil.example|Open>", "@everyone [Open](https://evil.example) **x** `y` ||z||", "one\ntwo\r\n\u2028three\ttabs",
		"\u202egnp.exe", strings.Repeat("\U0001F468\u200d\U0001F469 ", 9000), strings.Repeat("*", 100_000), "\x00\x1b[31m", `"},"text":"x`, "",
	}
	links := []string{"javascript:alert(1)", "https://u:p@evil.example/", "//evil.example", "https://evil.example/|x>", "https://evil.example/\n", "https://e.example/" + strings.Repeat("x", 2000), "data:text/html,x", "https:///"}
	for i, name := range names {
		for _, format := range []hook.PayloadFormat{hook.FormatSlack, hook.FormatDiscord, hook.FormatTeams} {
			state, err := json.Marshal(map[string]any{"title": name, "url": links[i%len(links)], "name": 7})
			require.NoError(t, err)
			_, body := chatOf(format, func(m *Message) {
				m.Event.Current, m.Event.ProjectName, m.Chat.Title = state, name, name
			}).body("")
			require.True(t, json.Valid(body), "%s", body)
			var said struct {
				Text, Content string
				Mentions      struct{ Parse []string } `json:"allowed_mentions"`
			}
			require.NoError(t, json.Unmarshal(body, &said))
			require.NotContains(t, said.Text, "<")
			require.NotContains(t, said.Text+said.Content, "\n")
			require.NotContains(t, said.Text+said.Content, "\u202e")
			require.NotContains(t, said.Content, "](")
			require.LessOrEqual(t, utf8.RuneCountInString(said.Content), 2000)
			require.NotContains(t, string(body), "Action.OpenUrl")
		}
	}
	for _, link := range links {
		require.False(t, isLink(link), link)
	}
}
