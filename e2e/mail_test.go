package e2e_test

import (
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	netmail "net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// mailServer is a real SMTP server on loopback that keeps what it takes over.
type mailServer struct {
	address string
	refuse  atomic.Bool // for now
	mu      sync.Mutex
	parcels []mailParcel
}

type mailParcel struct{ to, content string }

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.address = listener.Addr().String()
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	s.Domain, s.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, <-done)
	})
	return m
}

func (m *mailServer) all() []mailParcel {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]mailParcel(nil), m.parcels...)
}

// wait waits for the n-th mail.
func (m *mailServer) wait(t *testing.T, n int) mailParcel {
	t.Helper()
	eventually(t, func() (bool, string) { return len(m.all()) >= n, "too few mails" })
	require.Len(t, m.all(), n)
	return m.all()[n-1]
}

type mailSession struct {
	server *mailServer
	parcel mailParcel
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.parcel.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.refuse.Load() {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now, una@example.com"}
	}
	s.parcel.content = string(content)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.parcels = append(s.server.parcels, s.parcel)
	return nil
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

// read gives a mail's subject and its parts by their type.
func (p mailParcel) read(t *testing.T) (subject string, parts map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(p.content))
	require.NoError(t, err)
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts = map[string]string{}
	reader := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return subject, parts
		}
		require.NoError(t, err)
		text, err := io.ReadAll(part)
		require.NoError(t, err)
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		require.NoError(t, err)
		parts[kind] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

// mailing starts a Godwit that sends mail.
func mailing(t *testing.T, m *mailServer, namespace string) (p *process, database string) {
	t.Helper()
	s := sharedStack(t)
	database = s.migrated(t)
	env := serveEnv(t, database, s.temporal(), namespace)
	env["GODWIT_SMTP_URL"], env["GODWIT_MAIL_FROM"] = "smtp://"+m.address, "Godwit <godwit@mail.test>"
	env["GODWIT_PUBLIC_URL"] = "https://hooks.example.com/godwit"
	env["GODWIT_RECOVERY_SCHEDULE"] = "1s"
	return startServe(t, env), database
}

// elapse lets time pass for the notices of a database.
func elapse(t *testing.T, database, span string) {
	t.Helper()
	query(t, database, `WITH moved AS (UPDATE notices SET due_at = due_at - interval '`+span+`', sent_at = sent_at - interval '`+span+`' RETURNING id) SELECT count(*) FROM moved`)
}

func TestTheOwnerOfADeadWebhookGetsOneMail(t *testing.T) {
	m := newMailServer(t)
	p, database := mailing(t, m, "mail")
	c := newStage(t, p)
	var well atomic.Bool
	dead := newReceiver(t, func(int, request) int {
		if well.Load() {
			return http.StatusNoContent
		}
		return http.StatusInternalServerError
	})
	w := c.webhook(t, dead.URL+"/secret-path", map[string]any{"name": "Shop feed"})
	for range 3 {
		c.post(t)
	}
	enabled := func(want bool) {
		eventually(t, func() (bool, string) {
			return c.get(t, "/v1/webhooks/"+w["id"].(string))["enabled"] == want, fmt.Sprintf("enabled is not %t", want)
		})
	}
	enabled(false)
	got := m.wait(t, 1)
	require.Equal(t, "una@example.com", got.to)
	subject, parts := got.read(t)
	require.Equal(t, `Webhook "Shop feed" is switched off`, subject)
	require.Contains(t, parts, "text/plain")
	require.Contains(t, parts, "text/html")
	text := strings.Join(strings.Fields(strings.ReplaceAll(parts["text/plain"], "=\n", "")), " ")
	require.Contains(t, text, "https://hooks.example.com/godwit/webhooks/"+w["id"].(string))
	require.Contains(t, text, "Nothing is lost: ")
	require.Contains(t, text, "Godwit tests the receiver again on")
	require.NotContains(t, got.content, "secret-path")
	require.NotContains(t, p.output.String(), "una@example.com")

	require.Equal(t, 1, query(t, database, `SELECT count(*) FROM notices`))
	require.Len(t, m.all(), 1)

	well.Store(true)
	enabled(true)
	require.Equal(t, 1, query(t, database, `SELECT count(*) FROM notices WHERE kind = 'recovered' AND due_at > now() + interval '50 minutes'`))
	elapse(t, database, "1 hour")
	subject, _ = m.wait(t, 2).read(t)
	require.Equal(t, `Webhook "Shop feed" works again`, subject)
}

func TestMailWaitsForItsServer(t *testing.T) {
	m := newMailServer(t)
	m.refuse.Store(true)
	p, database := mailing(t, m, "mail-down")
	c := newStage(t, p)
	gone := newReceiver(t, func(int, request) int { return http.StatusGone })
	c.webhook(t, gone.URL, nil)
	c.post(t)
	eventually(t, func() (bool, string) {
		return query(t, database, `SELECT count(*) FROM notices WHERE tries = 1 AND error IS NOT NULL AND due_at > now() + interval '50 seconds'`) == 1, "not tried"
	})
	require.Empty(t, m.all())
	m.refuse.Store(false)
	elapse(t, database, "1 minute")
	subject, _ := m.wait(t, 1).read(t)
	require.Contains(t, subject, "its receiver is gone")
	eventually(t, func() (bool, string) {
		return query(t, database, `SELECT count(*) FROM notices WHERE sent_at IS NOT NULL AND due_at IS NULL AND error IS NULL`) == 1, "not noted"
	})
	require.NotContains(t, p.output.String(), "una@example.com")
}
