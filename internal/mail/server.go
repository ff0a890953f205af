package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// server is a mail server, and how to sign in to it. go-mail's own client is
// not used, since it keeps back the server's reply, extends its deadline as it
// goes, and leaves a connection open that failed early.
type server struct {
	host, port     string
	loopback       bool
	tlsFromStart   bool
	user, password string // both or neither
	roots          *x509.CertPool
	dial           func(ctx context.Context, network, address string) (net.Conn, error)
}

// deliver hands one message over. Its connection lives as long as ctx at most.
func (s server) deliver(ctx context.Context, e envelope) error {
	conn, err := s.dial(ctx, "tcp", net.JoinHostPort(s.host, s.port))
	if err != nil {
		return failed("reach the mail server", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := s.greet(ctx, conn)
	if err != nil {
		return err
	}
	if err := s.secure(client); err != nil {
		return err
	}
	if err := s.signIn(client); err != nil {
		return err
	}
	return handOver(client, e)
}

func (s server) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	name := ownName(conn)
	if s.tlsFromStart {
		secured := tls.Client(conn, s.tls())
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, failed("start TLS with the mail server", err)
		}
		conn = secured
	}
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return nil, failed("greet the mail server", err)
	}
	if err := client.Hello(name); err != nil {
		return nil, failed("greet the mail server", err)
	}
	return client, nil
}

// ownName is what this machine calls itself. Servers want a full name or an
// address, and some turn "localhost" away.
func ownName(conn net.Conn) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	addr, ok := conn.LocalAddr().(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case addr.IP.To4() != nil:
		return "[" + addr.IP.String() + "]"
	default:
		return "[IPv6:" + addr.IP.String() + "]"
	}
}

func (s server) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// secure starts TLS where the server offers it, and insists on it before a
// password goes over a network.
func (s server) secure(client *smtp.Client) error {
	if s.tlsFromStart {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); offered {
		if err := client.StartTLS(s.tls()); err != nil {
			return failed("start TLS with the mail server", err)
		}
		return nil
	}
	if s.user != "" && !s.loopback {
		return errors.New("the mail server offers no STARTTLS, and without it the password of GODWIT_SMTP_URL is not sent")
	}
	return nil
}

// signIn shows no text of the server: it may repeat what it was sent.
func (s server) signIn(client *smtp.Client) error {
	if s.user == "" {
		return nil
	}
	auth, err := s.auth(client)
	if err != nil {
		return err
	}
	err = client.Auth(auth)
	var broken net.Error
	switch reply := replied(err); {
	case err == nil:
		return nil
	case reply != nil:
		return fmt.Errorf("sign in to the mail server with the user and password of GODWIT_SMTP_URL: it answered %d", reply.Code)
	case errors.As(err, &broken), errors.Is(err, io.EOF):
		return failed("sign in to the mail server", err)
	default:
		return errors.New("sign in to the mail server: it did not keep to the protocol")
	}
}

// auth allows what secure has let through.
func (s server) auth(client *smtp.Client) (smtp.Auth, error) {
	_, offered := client.Extension("AUTH")
	methods := strings.Fields(strings.ToUpper(offered))
	switch {
	case slices.Contains(methods, "PLAIN"):
		return smtp.PlainAuth("", s.user, s.password, s.host, true), nil
	case slices.Contains(methods, "LOGIN"):
		return smtp.LoginAuth(s.user, s.password, s.host, true), nil
	default:
		return nil, errors.New("the mail server offers neither AUTH PLAIN nor AUTH LOGIN, but GODWIT_SMTP_URL has a user")
	}
}
