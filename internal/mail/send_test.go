package mail_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"godwit/internal/mail"
)

// signedIn is a URL with the user and the password of every office.
func signedIn(scheme, host string) string {
	return (&url.URL{Scheme: scheme, Host: host, User: url.UserPassword(user, password)}).String()
}

func TestSignIn(t *testing.T) {
	config, roots := certified(t)
	for _, method := range []string{"PLAIN", "LOGIN"} {
		for name, o := range map[string]*office{
			"loopback without TLS": {},
			"STARTTLS":             {tls: config},
			"TLS from the start":   {tls: config, tlsFromStart: true},
		} {
			t.Run(method+" "+name, func(t *testing.T) {
				o.methods = []string{"EXTERNAL", method}
				o.open(t)
				scheme, host := "smtp", "mail.test"
				if o.tls == nil {
					host = "127.0.0.1"
				}
				if o.tlsFromStart {
					scheme = "smtps"
				}
				m := mailer(t, signedIn(scheme, host))
				m.Redirect(o.address, roots)
				require.NoError(t, m.Send(t.Context(), notice()))
				p := <-o.received
				require.Equal(t, user, p.user)
				require.Equal(t, o.tls != nil, p.encrypted)
				read(t, p.content)
			})
		}
	}
}

func TestSTARTTLSIsUsedWithoutAUser(t *testing.T) {
	config, roots := certified(t)
	o := (&office{tls: config}).open(t)
	m := mailer(t, "smtp://mail.test")
	m.Redirect(o.address, roots)
	require.NoError(t, m.Send(t.Context(), notice()))
	require.True(t, (<-o.received).encrypted)
}

func TestCertificatesAreVerified(t *testing.T) {
	config, roots := certified(t)
	for _, c := range []struct {
		name, url string
		roots     *x509.CertPool
	}{
		{"of nobody known", signedIn("smtp", "mail.test"), x509.NewCertPool()},
		{"of nobody known, and no user", "smtp://mail.test", x509.NewCertPool()},
		{"of nobody known, from the start", signedIn("smtps", "mail.test"), x509.NewCertPool()},
		{"for another name", signedIn("smtp", "other.test"), roots},
		{"on loopback", "smtp://127.0.0.1", x509.NewCertPool()},
	} {
		o := (&office{tls: config, tlsFromStart: strings.HasPrefix(c.url, "smtps"), methods: []string{"PLAIN"}}).open(t)
		m := mailer(t, c.url)
		m.Redirect(o.address, c.roots)
		err := m.Send(t.Context(), notice())
		require.ErrorContains(t, err, "certificate", c.name)
		require.False(t, mail.Permanent(err), "its operator can cure it")
		require.Empty(t, o.received)
	}
}

func TestPasswordIsNotSentInTheClear(t *testing.T) {
	o := (&office{methods: []string{"PLAIN", "LOGIN"}}).open(t)
	m := mailer(t, signedIn("smtp", "mail.test"))
	m.Redirect(o.address, nil)
	err := m.Send(t.Context(), notice())
	require.ErrorContains(t, err, "STARTTLS")
	require.False(t, mail.Permanent(err))
	require.Empty(t, o.received)
}

func TestSignInFails(t *testing.T) {
	wrong := (&url.URL{Scheme: "smtp", Host: "127.0.0.1", User: url.UserPassword(user, "hunter2")}).String()
	parrot := &smtp.SMTPError{Code: 535, Message: "no: " + password}
	for _, c := range []struct {
		name, url, want string
		office          office
	}{
		{"wrong password", wrong, "535", office{methods: []string{"PLAIN"}}},
		{"wrong password of LOGIN", wrong, "535", office{methods: []string{"LOGIN"}}},
		{"a server that repeats it", signedIn("smtp", "127.0.0.1"), "535", office{methods: []string{"PLAIN"}, at: map[string]error{"auth": parrot}}},
		{"no AUTH", signedIn("smtp", "127.0.0.1"), "offers neither", office{}},
		{"no method that we know", signedIn("smtp", "127.0.0.1"), "offers neither", office{methods: []string{"XPLAIN"}}},
	} {
		o := c.office.open(t)
		m := mailer(t, c.url)
		m.Redirect(o.address, nil)
		err := m.Send(t.Context(), notice())
		require.ErrorContains(t, err, c.want, c.name)
		require.False(t, mail.Permanent(err), c.name)
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, err.Error(), password)
		require.Empty(t, o.received)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		step  string
		code  int
		final bool
	}{
		{"mail", 450, false}, {"mail", 550, false},
		{"rcpt", 421, false}, {"rcpt", 450, false}, {"rcpt", 452, false}, {"rcpt", 530, false},
		{"rcpt", 550, true}, {"rcpt", 551, true}, {"rcpt", 553, true},
		{"data", 451, false}, {"data", 552, true}, {"data", 554, true},
	} {
		said := &smtp.SMTPError{Code: c.code, EnhancedCode: smtp.EnhancedCode{c.code / 100, 1, 1}, Message: "because\nof\x1b this" + strings.Repeat(" and", 200)}
		o := (&office{at: map[string]error{c.step: said}}).open(t)
		err := mailer(t, "smtp://"+o.address).Send(t.Context(), notice())
		require.ErrorContains(t, err, fmt.Sprintf("answered %d", c.code), c.step)
		require.ErrorContains(t, err, "because", c.step)
		require.Equal(t, c.final, mail.Permanent(err), "%s %d", c.step, c.code)
		require.Less(t, len(err.Error()), 400)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "una@")
		require.Empty(t, o.received)
	}
	require.False(t, mail.Permanent(nil))
}

func TestServerThatIsDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	err = mailer(t, "smtp://"+listener.Addr().String()).Send(t.Context(), notice())
	require.ErrorContains(t, err, "reach the mail server")
	require.False(t, mail.Permanent(err))
}

// scripted is a server that says its lines one by one, each after a line of the
// client but the first, and then does nothing more: it closes, or keeps silent.
func scripted(t *testing.T, closes bool, lines ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for i, l := range lines {
			if i > 0 {
				if _, err := r.ReadString('\n'); err != nil {
					return
				}
			}
			fmt.Fprintf(conn, "%s\r\n", l)
		}
		if !closes {
			_, _ = io.Copy(io.Discard, r) // until the client goes
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String()
}

func TestServersThatHang(t *testing.T) {
	for name, lines := range map[string][]string{
		"before the greeting":  nil,
		"after the greeting":   {"220 mail.test"},
		"at STARTTLS":          {"220 mail.test", "250-mail.test\r\n250 STARTTLS", "220 go"},
		"at AUTH":              {"220 mail.test", "250-mail.test\r\n250 AUTH PLAIN"},
		"at the recipient":     {"220 mail.test", "250-mail.test\r\n250 AUTH PLAIN", "235 in", "250 ok"},
		"in a multi-line text": {"220 mail.test", "250-mail.test"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mail.New(mail.Options{SMTPURL: signedIn("smtp", scripted(t, false, lines...)), From: "godwit@example.org", Timeout: 150 * time.Millisecond})
			require.NoError(t, err)
			begun := time.Now()
			err = m.Send(t.Context(), notice())
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.False(t, mail.Permanent(err))
			require.Less(t, time.Since(begun), 10*time.Second)
		})
	}
}

func TestTLSServerThatHangs(t *testing.T) {
	m, err := mail.New(mail.Options{SMTPURL: "smtps://" + scripted(t, false), From: "godwit@example.org", Timeout: 150 * time.Millisecond})
	require.NoError(t, err)
	require.ErrorIs(t, m.Send(t.Context(), notice()), context.DeadlineExceeded)
}

func TestCallerGivesUp(t *testing.T) {
	o := (&office{hang: make(chan struct{})}).open(t)
	t.Cleanup(func() { close(o.hang) })
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, mailer(t, "smtp://"+o.address).Send(ctx, notice()), context.DeadlineExceeded)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, mailer(t, "smtp://"+o.address).Send(gone, notice()), context.Canceled)
}

func TestServersThatBreakOff(t *testing.T) {
	for name, lines := range map[string][]string{
		"at once":              nil,
		"busy":                 {"421 later"},
		"nobody is let in":     {"554 no"},
		"not a mail server":    {"HTTP/1.1 400 Bad Request"},
		"after the greeting":   {"220 mail.test"},
		"at AUTH":              {"220 mail.test", "250-mail.test\r\n250 AUTH PLAIN"},
		"a riddle at AUTH":     {"220 mail.test", "250-mail.test\r\n250 AUTH PLAIN", "334 !!"},
		"the end has no reply": {"220 mail.test", "250-mail.test\r\n250 AUTH PLAIN", "235 in", "250 ok", "250 ok", "354 go"},
	} {
		t.Run(name, func(t *testing.T) {
			err := mailer(t, signedIn("smtp", scripted(t, true, lines...))).Send(t.Context(), notice())
			require.Error(t, err)
			require.False(t, mail.Permanent(err))
			require.NotErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// TestTakenOverIsSent: a server that leaves without a word after it has the
// message must not be sent it again.
func TestTakenOverIsSent(t *testing.T) {
	require.NoError(t, mailer(t, "smtp://"+polite(t)).Send(t.Context(), notice()))
}

// polite takes a message over and closes.
func polite(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		fmt.Fprint(conn, "220 mail.test\r\n")
		for _, reply := range []string{"250 mail.test", "250 ok", "250 ok", "354 go"} {
			_, _ = r.ReadString('\n')
			fmt.Fprint(conn, reply+"\r\n")
		}
		for l := ""; l != ".\r\n" && err == nil; {
			l, err = r.ReadString('\n')
		}
		fmt.Fprint(conn, "250 taken\r\n")
	}()
	return listener.Addr().String()
}

func TestInternationalAddresses(t *testing.T) {
	o := (&office{utf8: true}).open(t)
	m := mailer(t, "smtp://"+o.address)
	for to, want := range map[string]parcel{
		"una@example.com":    {to: "una@example.com"},
		"una@bücher.example": {to: "una@xn--bcher-kva.example"},
		"üna@bücher.example": {to: "üna@xn--bcher-kva.example", utf8: true},
	} {
		n := notice()
		n.To = to
		require.NoError(t, m.Send(t.Context(), n), to)
		got := <-o.received
		require.Equal(t, want, parcel{to: got.to, utf8: got.utf8}, to)
	}

	n := notice()
	n.To = "üna@example.com"
	err := mailer(t, "smtp://"+(&office{}).open(t).address).Send(t.Context(), n)
	require.ErrorContains(t, err, "SMTPUTF8")
	require.True(t, mail.Permanent(err))
}
