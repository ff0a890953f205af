package mail_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/mail"
)

const link = "https://godwit.example.org/base/webhooks/wh_01"

func TestDeactivatedReadsWell(t *testing.T) {
	p, m := send(t, notice())
	require.Equal(t, `Webhook "My first webhook" is switched off`, m.subject)
	require.Equal(t, `Hello Una,

Events could not be delivered to one of your webhooks, again and again. Godwit has switched this webhook off.

Webhook: My first webhook
Sends to: hooks.example.com
Off since: Monday, 2 March 2026, 13:05 UTC
Cause: The receiver was reached but did not answer in time.
What to do: Answer at once and work afterwards; or raise the time limit.

Nothing is lost: 12 events are held for this webhook, and new ones will be held too.

Godwit tests the receiver again on Monday, 2 March 2026, 13:10 UTC, and keeps testing it until Thursday, 5 March 2026, 13:05 UTC. As soon as a test succeeds, it switches the webhook on and delivers what is held.

You can also switch the webhook on yourself when the receiver works again: open the webhook and switch it on there. Godwit then tests the receiver first.

Open the webhook: `+link+`

Godwit

You get this message because this webhook is yours.
`, m.text)
	require.Equal(t, "godwit@example.org", p.from)
	require.Equal(t, "una@example.com", p.to)
	require.Equal(t, 1, strings.Count(m.html, `<a href="`+link+`"`))
	require.Equal(t, 1, strings.Count(m.html, "://"), "one link, and nothing that is loaded")
	for _, sentence := range []string{"Monday, 2 March 2026, 13:05 UTC", "12 events are held", "did not answer in time", "hooks.example.com"} {
		require.Contains(t, m.html, sentence)
	}
}

func TestHeaders(t *testing.T) {
	_, m := send(t, notice())
	require.Equal(t, "auto-generated", m.header.Get("Auto-Submitted"))
	require.Equal(t, "<ntc_01@example.org>", m.header.Get("Message-Id"))
	require.Equal(t, `"Godwit" <godwit@example.org>`, m.header.Get("From"))
	require.Equal(t, `"Una" <una@example.com>`, m.header.Get("To"))
	date, err := m.header.Date()
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), date, time.Minute)
	for _, name := range []string{"Precedence", "List-Unsubscribe", "X-Mailer", "User-Agent", "Cc", "Bcc"} {
		require.NotContains(t, m.header, name)
	}
}

func TestOtherKinds(t *testing.T) {
	for _, c := range []struct {
		kind     mail.Kind
		held     int
		subject  string
		contains []string
		lacks    []string
	}{
		{mail.Recovered, 1, `Webhook "My first webhook" works again`,
			[]string{"1 event was held", "Was off since: Monday", "The cause was: The receiver", "nothing that you have to do", link}, []string{"switch it on"}},
		{mail.Recovered, 0, `Webhook "My first webhook" works again`, []string{"No events were waiting"}, []string{"held"}},
		{mail.GaveUp, 1, `Webhook "My first webhook" stays off and needs you`,
			[]string{"1 event is held", "stopped testing", "Cause: The receiver", "nothing more by itself", "switch it on there", link}, []string{"tests the receiver again"}},
		{mail.Gone, 0, `Webhook "My first webhook" is switched off: its receiver is gone`,
			[]string{"new events for this webhook are held", "gone for good", "nothing more by itself", "switch it on there", link}, []string{"Cause", "tests the receiver again", "0 events"}},
	} {
		n := notice()
		n.Kind, n.Held = c.kind, c.held
		_, m := send(t, n)
		require.Equal(t, c.subject, m.subject)
		for _, words := range c.contains {
			require.Contains(t, m.text, words, c.kind)
		}
		for _, words := range c.lacks {
			require.NotContains(t, m.text, words, c.kind)
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	_, m := send(t, mail.Notice{ID: "n", Kind: mail.Deactivated, To: "una@example.com", WebhookID: "wh_01"})
	require.Equal(t, `Webhook "wh_01" is switched off`, m.subject)
	require.Contains(t, m.text, "Hello,\n")
	require.Contains(t, m.text, "does not test the receiver by itself")
	for _, words := range []string{"Webhook:", "Sends to", "since", "Cause", "until Monday", "0001"} {
		require.NotContains(t, m.text, words)
	}
}

func TestWithoutPublicURLThereIsNoLink(t *testing.T) {
	o := (&office{}).open(t)
	m, err := mail.New(mail.Options{SMTPURL: "smtp://" + o.address, From: "godwit@example.org"})
	require.NoError(t, err)
	require.NoError(t, m.Send(t.Context(), notice()))
	got := read(t, (<-o.received).content)
	require.NotContains(t, got.text, "://")
	require.NotContains(t, got.html, "<a ")
	require.Contains(t, got.text, "Its ID: wh_01")
}

func TestNamesCanDoNoHarm(t *testing.T) {
	n := notice()
	n.ToName = "Una\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script> \"Ü\" <eve@example.com>"
	n.WebhookName = "Übung \r\nBcc: eve@example.com\r\n\r\n<img src=x onerror=alert(1)> \u202efdp.exe\u2066 שלום \u2028 {{.Link}} " + strings.Repeat("x", 500)
	n.Host = "una:hunter2@hooks.example.com/secret?token=abc"
	p, m := send(t, n)
	require.Equal(t, "una@example.com", p.to)
	require.NotContains(t, m.header, "Bcc")
	to, err := m.header.AddressList("To")
	require.NoError(t, err)
	require.Len(t, to, 1)
	require.Equal(t, "una@example.com", to[0].Address)
	require.Contains(t, to[0].Name, "Una Bcc: eve@example.com")
	for _, text := range []string{m.subject, m.text, m.html} {
		require.True(t, utf8.ValidString(text))
		require.False(t, strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }))
		require.NotContains(t, text, "hunter2")
		require.NotContains(t, text, "token=abc")
	}
	require.LessOrEqual(t, utf8.RuneCountInString(m.subject), 50+len(`Webhook "" is switched off`))
	require.Contains(t, m.text, "שלום {{.Link}}")
	require.NotContains(t, m.html, "<script")
	require.NotContains(t, m.html, "<img")
	require.Contains(t, m.html, "&lt;img src=x")
	require.NotContains(t, m.text, "\nBcc")
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "",
		" \t a\r\nb \u2029c\u0085d ":          "a b c d",
		"\u200e\u202eabc\u202c\u061c":         "abc",
		"a\x00\x1b[31mb\x7f":                  "a[31mb",
		"\xff\xfe":                            "\ufffd\ufffd",
		"\u200b\ufeff":                        "",
		"👩\u200d💻 می\u200cخواهم":              "👩\u200d💻 می\u200cخواهم",
		"0123456789 0123456":                  "0123456789 0123456",
		"0123456789 01234567" /* too long */ : "0123456789 012345…",
		strings.Repeat("ü", 19):               strings.Repeat("ü", 17) + "…",
	} {
		require.Equal(t, want, mail.Line(in, 18), "%q", in)
	}
}

func TestMessageIDDependsOnTheNoticeAlone(t *testing.T) {
	ids := map[string]bool{}
	for _, id := range []string{"ntc_01", "dlv:1", "a b", "a>\r\nBcc: x", "ü", strings.Repeat("a", 200), "a..b"} {
		n := notice()
		n.ID = id
		_, first := send(t, n)
		n.Held = 99
		_, second := send(t, n)
		got := first.header.Get("Message-Id")
		require.Equal(t, got, second.header.Get("Message-Id"))
		require.Regexp(t, `^<[A-Za-z0-9_-]+@example\.org>$`, got)
		require.NotContains(t, ids, got)
		ids[got] = true
	}
}

func TestNoticesThatCanNeverBeSent(t *testing.T) {
	m := mailer(t, "smtp://127.0.0.1:1") // nobody is asked
	for name, spoil := range map[string]func(*mail.Notice){
		"ID":                  func(n *mail.Notice) { n.ID = "" },
		"kind":                func(n *mail.Notice) { n.Kind = "surprise" },
		"owner's address":     func(n *mail.Notice) { n.To = "una" },
		"address is not vali": func(n *mail.Notice) { n.To = "una@example.com\r\nRCPT TO:<eve@example.com>" },
		"domain":              func(n *mail.Notice) { n.To = "una@ex\u2028ample\u00a0.com" },
	} {
		n := notice()
		spoil(&n)
		err := m.Send(t.Context(), n)
		require.ErrorContains(t, err, name)
		require.True(t, mail.Permanent(err), name)
		require.NotContains(t, err.Error(), "una")
	}
}

func TestTheReasonIsInTheMailInPlainWords(t *testing.T) {
	o := (&office{}).open(t)
	m := mailer(t, "smtp://"+o.address)
	for _, r := range []hook.Reason{hook.ReasonDNS, hook.ReasonStatus4xx, hook.ReasonInternal, "new"} {
		n := notice()
		n.Reason = r
		require.NoError(t, m.Send(t.Context(), n))
		require.Contains(t, read(t, (<-o.received).content).text, "Cause: "+hook.Words(r)+"\n")
	}
}
