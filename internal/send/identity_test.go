package send

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func (a authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// client issues a client certificate and its key, in PEM.
func (a authority) client(t *testing.T, name string, change func(*x509.Certificate)) (certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: a.cert.SerialNumber, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

// versions are the ways in which a server may ask for a certificate: TLS 1.2
// does it in the handshake, 1.3 tells after it.
func versions() map[string]*tls.Config {
	out := map[string]*tls.Config{}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, protocol := range []string{"http/1.1", "h2"} {
			out[tls.VersionName(version)+" "+protocol] = &tls.Config{MinVersion: version, MaxVersion: version, NextProtos: []string{protocol}}
		}
	}
	return out
}

// serveMutualTLS answers with the name in the client's certificate.
func serveMutualTLS(t *testing.T, ca authority, config *tls.Config) string {
	config.Certificates = []tls.Certificate{ca.issue(t, unchanged)}
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool()
	server := serveTLS(t, config)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	})
	return server.URL
}

func TestClientCertificate_IsShownToWhoWantsIt(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for name, config := range versions() {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, Options{roots: ca.pool()})
			m := message(serveMutualTLS(t, ca, config))
			m.Webhook.CACertificate = ca.pem()
			send := func() hook.Result { return attempt(t, s, m) }

			// In TLS 1.3 the receiver's alert comes after the handshake, and races with the
			// request.
			refused := []hook.Reason{hook.ReasonTLS}
			if config.MinVersion == tls.VersionTLS13 {
				refused = append(refused, hook.ReasonReset)
			}
			result := send()
			require.Contains(t, refused, result.Reason)
			require.Regexp(t, "^the receiver (wants|asked for) a client certificate.*; set the webhook's client_certificate and client_key$", result.Error)

			m.Webhook.ClientCertificate, m.Webhook.ClientKey = other.client(t, "stranger", unchanged)
			result = send()
			require.Contains(t, refused, result.Reason)
			require.Regexp(t, "^the receiver (refused|asked for a client certificate, and closed the connection when it had) the webhook's", result.Error)

			m.Webhook.ClientCertificate, m.Webhook.ClientKey = ca.client(t, "Godwit", unchanged)
			result = send()
			require.Equal(t, hook.Success, result.Outcome, result.Error)
			require.Equal(t, "Godwit", string(result.ResponseBody))
		})
	}
}

// Webhooks never share a connection that was made with another certificate.
func TestClientCertificate_HasConnectionsOfItsOwn(t *testing.T) {
	ca := newAuthority(t)
	for name, config := range versions() {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, Options{})
			target := serveMutualTLS(t, ca, config)
			messages := map[string]Message{}
			for _, who := range []string{"first", "second"} {
				m := message(target)
				m.Webhook.ClientCertificate, m.Webhook.ClientKey = ca.client(t, who, unchanged)
				m.Webhook.CACertificate = ca.pem()
				messages[who] = m
			}
			for range 5 {
				for who, m := range messages {
					result := attempt(t, s, m)
					require.Equal(t, hook.Success, result.Outcome, result.Error)
					require.Equal(t, who, string(result.ResponseBody))
				}
			}
			require.Equal(t, 2, s.identities.kept.Len())
		})
	}
}

func TestCACertificate_TakesThePlaceOfTheSystems(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}})
	s := newSender(t, Options{roots: other.pool()})
	m := message(server.URL)
	result := attempt(t, s, m)
	require.Equal(t, hook.ReasonTLSUnknownAuthority, result.Reason)
	require.Contains(t, result.Error, "or the receiver does not send its intermediate certificate")
	m.Webhook.CACertificate = other.pem()
	require.Equal(t, hook.ReasonTLSUnknownAuthority, attempt(t, s, m).Reason)
	m.Webhook.CACertificate = other.pem() + "\n" + ca.pem()
	require.Equal(t, hook.Success, attempt(t, s, m).Outcome)
	m.Webhook.CACertificate = ""
	require.Equal(t, hook.ReasonTLSUnknownAuthority, attempt(t, s, m).Reason, "another webhook's authorities are not trusted")
}

// The pools of webhooks with certificates are bounded.
func TestIdentities_AreBounded(t *testing.T) {
	ca := newAuthority(t)
	s := newSender(t, Options{})
	for i := range maxIdentities + 10 {
		_, err := s.identities.transports(identity{authorities: ca.pem() + strings.Repeat("\n", i)})
		require.NoError(t, err)
	}
	require.Equal(t, maxIdentities, s.identities.kept.Len())
}

func TestCheckIdentity(t *testing.T) {
	ca := newAuthority(t)
	now := time.Now()
	certificate, key := ca.client(t, "one", unchanged)
	otherCertificate, otherKey := ca.client(t, "two", unchanged)
	expired, expiredKey := ca.client(t, "old", func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })
	early, earlyKey := ca.client(t, "new", func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) })
	encrypted := "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	for name, tt := range map[string]struct {
		certificate, key, authority string
		want                        map[string]string // pointer: the beginning of its words
	}{
		"nothing":                 {"", "", "", nil},
		"a pair":                  {certificate, key, "", nil},
		"a chain":                 {certificate + "\n" + ca.pem(), key, "", nil},
		"an authority":            {"", "", ca.pem(), nil},
		"several authorities":     {certificate, key, ca.pem() + ca.pem(), nil},
		"no key":                  {certificate, "", "", map[string]string{"/client_key": "is missing"}},
		"no certificate":          {"", key, "", map[string]string{"/client_certificate": "is missing"}},
		"another key":             {certificate, otherKey, "", map[string]string{"/client_key": "can't be read, or does not belong"}},
		"another certificate":     {otherCertificate, key, "", map[string]string{"/client_key": "can't be read, or does not belong"}},
		"expired":                 {expired, expiredKey, expired, map[string]string{"/client_certificate": "has expired on", "/ca_certificate": "has expired on"}},
		"not yet valid":           {early, earlyKey, "", map[string]string{"/client_certificate": "is not valid before"}},
		"no PEM":                  {"x", "y", "z", map[string]string{"/client_certificate": "holds no certificate", "/client_key": "holds no private key", "/ca_certificate": "holds no certificate"}},
		"the key in both":         {key, key, key, map[string]string{"/client_certificate": "holds something other", "/ca_certificate": "holds something other"}},
		"the certificate in two":  {certificate, certificate, "", map[string]string{"/client_key": "holds no private key"}},
		"an encrypted key":        {certificate, encrypted, "", map[string]string{"/client_key": "is encrypted"}},
		"a key with a passphrase": {certificate, legacy, "", map[string]string{"/client_key": "is encrypted"}},
		"a broken certificate": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key, "",
			map[string]string{"/client_certificate": "holds a certificate that can't be read"}},
		"too long": {certificate + strings.Repeat("\n", MaxPEMBytes), key + strings.Repeat("\n", MaxPEMBytes), strings.Repeat("\n", MaxPEMBytes+1),
			map[string]string{"/client_certificate": "has more than 32768 bytes", "/client_key": "has more than 32768 bytes", "/ca_certificate": "has more than 32768 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckIdentity(hook.Webhook{ClientCertificate: tt.certificate, ClientKey: tt.key, CACertificate: tt.authority}, now)
			var known *hook.Error
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.True(t, errors.As(err, &known), fmt.Sprint(err))
			require.Len(t, known.Fields, len(tt.want), fmt.Sprint(known.Fields))
			for _, f := range known.Fields {
				require.True(t, strings.HasPrefix(f.Detail, tt.want[f.Pointer]), "%s %s", f.Pointer, f.Detail)
				require.NotEmpty(t, tt.want[f.Pointer])
			}
		})
	}
}

// The failures of a handshake have their own words.
func TestHandshake_FailuresAreToldApart(t *testing.T) {
	ca := newAuthority(t)
	s := newSender(t, Options{roots: ca.pool()})
	certs := []tls.Certificate{ca.issue(t, unchanged)}
	wrongUse := []tls.Certificate{ca.issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })}
	for words, config := range map[string]*tls.Config{
		"the receiver's TLS certificate is not one for a server of this name":                           {Certificates: wrongUse},
		"the receiver has no TLS version or cipher in common with Godwit, which needs TLS 1.2 or newer": {Certificates: certs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"the receiver wants a client certificate; set the webhook's client_certificate and client_key":  {Certificates: certs, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12},
	} {
		t.Run(words, func(t *testing.T) {
			result := attempt(t, s, message(serveTLS(t, config).URL))
			require.Equal(t, hook.ReasonTLS, result.Reason)
			require.Equal(t, words, result.Error)
		})
	}
	t.Run("no cipher", func(t *testing.T) {
		old := &tls.Config{Certificates: certs, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}
		result := attempt(t, s, message(serveTLS(t, old).URL))
		require.Equal(t, "the receiver has no TLS version or cipher in common with Godwit, which needs TLS 1.2 or newer", result.Error)
	})
}
