package mail_test

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/mail"
)

// message is what a mail program makes of a parcel.
type message struct {
	header       netmail.Header
	subject      string
	text, html   string
	contentTypes []string
}

// read takes a message apart as a mail program does.
func read(t *testing.T, content string) message {
	t.Helper()
	for _, l := range strings.Split(content, "\r\n") {
		require.NotContains(t, l, "\n", "a bare line feed")
		require.LessOrEqual(t, len(l), 998)
	}
	raw, err := netmail.ReadMessage(strings.NewReader(content))
	require.NoError(t, err)
	m := message{header: raw.Header}
	m.subject, err = new(mime.WordDecoder).DecodeHeader(raw.Header.Get("Subject"))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(raw.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(raw.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", part.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		m.contentTypes = append(m.contentTypes, part.Header.Get("Content-Type"))
		if len(m.contentTypes) == 1 {
			m.text = strings.ReplaceAll(string(body), "\r\n", "\n")
		} else {
			m.html = string(body)
		}
	}
	require.Equal(t, []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"}, m.contentTypes)
	return m
}

// notice is one that has every part.
func notice() mail.Notice {
	return mail.Notice{
		ID: "ntc_01", Kind: mail.Deactivated, To: "una@example.com", ToName: "Una",
		WebhookID: "wh_01", WebhookName: "My first webhook", Host: "hooks.example.com",
		Reason:    hook.ReasonTimeoutHeaders,
		Since:     time.Date(2026, 3, 2, 14, 5, 33, 0, time.FixedZone("CET", 3600)),
		Held:      12,
		NextProbe: time.Date(2026, 3, 2, 13, 10, 0, 0, time.UTC),
		Until:     time.Date(2026, 3, 5, 13, 5, 0, 0, time.UTC),
	}
}

// mailer sends to an office as if it were host, over the scheme and the user
// that url names.
func mailer(t *testing.T, url string) *mail.Mailer {
	t.Helper()
	m, err := mail.New(mail.Options{
		SMTPURL: url, From: "Godwit <godwit@example.org>", PublicURL: "https://godwit.example.org/base/", Timeout: 20 * time.Second,
	})
	require.NoError(t, err)
	return m
}

// send is what arrives of a notice.
func send(t *testing.T, n mail.Notice) (parcel, message) {
	t.Helper()
	o := (&office{}).open(t)
	m := mailer(t, "smtp://"+o.address)
	require.NoError(t, m.Send(t.Context(), n))
	p := <-o.received
	return p, read(t, p.content)
}
