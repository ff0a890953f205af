package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

const (
	user     = "godwit"
	password = "s3cr:t/p@ss"
)

// office is a real SMTP server on loopback. What is set before open says how it
// behaves.
type office struct {
	tls          *tls.Config
	tlsFromStart bool
	methods      []string // of AUTH
	utf8         bool
	at           map[string]error // what a step answers: mail, rcpt, data, auth
	hang         chan struct{}    // what data waits for

	address  string
	received chan parcel
}

// parcel is what an office took over.
type parcel struct {
	from, to, user string
	encrypted      bool
	utf8           bool
	content        string
}

// open starts the office; it closes with the test.
func (o *office) open(t *testing.T) *office {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o.address, o.received = listener.Addr().String(), make(chan parcel, 10)
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &counter{office: o, conn: c}, nil
	}))
	s.Domain, s.TLSConfig, s.AllowInsecureAuth, s.EnableSMTPUTF8 = "mail.test", o.tls, true, o.utf8
	s.ErrorLog = log.New(io.Discard, "", 0)
	if o.tlsFromStart {
		listener = tls.NewListener(listener, o.tls)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, <-done)
	})
	return o
}

// counter is one session.
type counter struct {
	office *office
	conn   *smtp.Conn
	parcel parcel
}

func (c *counter) AuthMechanisms() []string { return c.office.methods }

func (c *counter) Auth(method string) (sasl.Server, error) {
	check := func(_, name, secret string) error {
		if err := c.office.at["auth"]; err != nil {
			return err
		}
		if name != user || secret != password {
			return smtp.ErrAuthFailed
		}
		c.parcel.user = name
		return nil
	}
	if method == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(check), nil
}

func (c *counter) Mail(from string, o *smtp.MailOptions) error {
	c.parcel.from, c.parcel.utf8 = from, o.UTF8
	return c.office.at["mail"]
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.parcel.to = to
	return c.office.at["rcpt"]
}

func (c *counter) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if c.office.hang != nil {
		<-c.office.hang
	}
	if err := c.office.at["data"]; err != nil {
		return err
	}
	_, c.parcel.encrypted = c.conn.TLSConnectionState()
	c.parcel.content = string(content)
	c.office.received <- c.parcel
	return nil
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

// loginServer is AUTH LOGIN, which go-sasl has for clients alone.
type loginServer struct {
	check func(identity, name, secret string) error
	asked int
	name  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.name = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check("", l.name, string(response))
	}
}

// certified makes a certificate for mail.test, and the pool that trusts it.
func certified(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, DNSNames: []string{"mail.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}
