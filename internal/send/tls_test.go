package send

import (
	"bytes"
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
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// authority signs the certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{cert, key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue makes a certificate for 127.0.0.1, as changed by change.
func (a authority) issue(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

func unchanged(*x509.Certificate) {}

// serveTLS answers 200 with the protocol as the body.
func serveTLS(t *testing.T, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.TLS = config
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestHTTP2(t *testing.T) {
	ca := newAuthority(t)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}})
	s := newSender(t, Options{roots: ca.pool()})
	m := message(server.URL)
	m.Webhook.Headers = map[string]string{"X-Api-Key": "k3y"}
	m.Event.Current = []byte(`{"a":"` + strings.Repeat("x", 250<<10) + `"}`)
	for range 3 {
		result := attempt(t, s, m)
		require.Equal(t, hook.Success, result.Outcome, result.Error)
		require.Equal(t, "HTTP/2.0", string(result.ResponseBody))
	}
}

func TestCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	tests := []struct {
		name string
		cert tls.Certificate
		want hook.Reason
	}{
		{"good", ca.issue(t, unchanged), ""},
		{"expired", ca.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), hook.ReasonTLSExpired},
		{"not yet valid", ca.issue(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), hook.ReasonTLSExpired},
		{"other address", ca.issue(t, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }), hook.ReasonTLSHostname},
		{"no address", ca.issue(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"a.example"} }), hook.ReasonTLSHostname},
		{"unknown authority", other.issue(t, unchanged), hook.ReasonTLSUnknownAuthority},
		{"self-signed", tls.Certificate{Certificate: [][]byte{selfSigned(t, other)}, PrivateKey: other.key}, hook.ReasonTLSUnknownAuthority},
		{"not for servers", ca.issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), hook.ReasonTLS},
	}
	s := newSender(t, Options{roots: ca.pool()})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}})
			result := attempt(t, s, message(server.URL))
			require.Equal(t, tt.want, result.Reason)
			require.NotContains(t, result.Error, "127.0.0")
		})
	}
}

// selfSigned gives a leaf for 127.0.0.1 that signs itself.
func selfSigned(t *testing.T, a authority) []byte {
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "me"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, a.key.Public(), a.key)
	require.NoError(t, err)
	return der
}

func TestHandshakes(t *testing.T) {
	ca := newAuthority(t)
	certs := []tls.Certificate{ca.issue(t, unchanged)}
	s := newSender(t, Options{roots: ca.pool()})
	require.Equal(t, uint16(tls.VersionTLS12), s.transports.kept.TLSClientConfig.MinVersion)

	t.Run("TLS 1.2", func(t *testing.T) {
		server := serveTLS(t, &tls.Config{Certificates: certs, MaxVersion: tls.VersionTLS12})
		require.Equal(t, hook.Success, attempt(t, s, message(server.URL)).Outcome)
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		server := serveTLS(t, &tls.Config{Certificates: certs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		require.Equal(t, hook.ReasonTLS, attempt(t, s, message(server.URL)).Reason)
	})
	t.Run("wants a client certificate", func(t *testing.T) {
		server := serveTLS(t, &tls.Config{Certificates: certs, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12})
		require.Equal(t, hook.ReasonTLS, attempt(t, s, message(server.URL)).Reason)
		// In TLS 1.3 its alert races with our request.
		server = serveTLS(t, &tls.Config{Certificates: certs, ClientAuth: tls.RequireAnyClientCert})
		require.Contains(t, []hook.Reason{hook.ReasonTLS, hook.ReasonReset}, attempt(t, s, message(server.URL)).Reason)
	})
	t.Run("speaks plain HTTP", func(t *testing.T) {
		r := listen(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1024))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		})
		require.Equal(t, hook.ReasonTLS, attempt(t, s, message(secure(r.url))).Reason)
	})
	t.Run("hangs up", func(t *testing.T) {
		r := listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1024)) })
		require.Equal(t, hook.ReasonTLS, attempt(t, s, message(secure(r.url))).Reason)
	})
	t.Run("is silent", func(t *testing.T) {
		result := attempt(t, s, hurried(secure(listen(t, hang).url)))
		require.Equal(t, hook.ReasonTLS, result.Reason)
		requireBrief(t, result)
	})
}

// patient leaves time for a handshake, which brief may not on a busy machine.
func patient(target string) Message {
	m := message(target)
	m.Webhook.Timeout = 2 * lull
	return m
}

func secure(plain string) string { return strings.Replace(plain, "http:", "https:", 1) }

// Closing a TLS connection writes to it, for which crypto/tls takes up to five
// seconds; a receiver that has stopped reading must not win those.
func TestTLSReceiverThatStopsReading(t *testing.T) {
	ca := newAuthority(t)
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}, NextProtos: []string{protocol}}
			r := listen(t, func(c net.Conn) {
				secured := tls.Server(c, config)
				if secured.HandshakeContext(t.Context()) == nil && protocol == "h2" {
					// SETTINGS with a window that lets the whole body come.
					_, _ = secured.Write([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff})
					_, _ = secured.Write([]byte{0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0})
				}
				<-t.Context().Done()
			})
			m := patient(secure(r.url))
			m.Event.Current = bytes.Repeat([]byte(" "), 16<<20)
			result := attempt(t, newSender(t, Options{roots: ca.pool()}), m)
			require.Equal(t, hook.ReasonTimeoutHeaders, result.Reason)
			requireBrief(t, result)
		})
	}
}

// Streams that an HTTP/2 server gives up count like broken connections.
func TestHTTP2Failures(t *testing.T) {
	ca := newAuthority(t)
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    hook.Reason
	}{
		"reset stream": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, hook.ReasonReset},
		"half a body": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, ""},
		"huge header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-A", strings.Repeat("a", 100<<10))
		}, hook.ReasonReset},
		"silent": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, hook.ReasonTimeoutHeaders},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}})
			server.Config.Handler = tt.handler
			result := attempt(t, newSender(t, Options{roots: ca.pool()}), patient(server.URL))
			require.Equal(t, tt.want, result.Reason)
			require.Less(t, result.Duration, 2*lull+slack)
		})
	}
}
