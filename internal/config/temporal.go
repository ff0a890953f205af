package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// TemporalSecured says whether a setting asks for TLS to Temporal.
func (c Config) TemporalSecured() bool {
	return c.TemporalTLSCA != "" || c.TemporalTLSCert != "" || c.TemporalTLSKey != "" || c.TemporalTLSServerName != "" || c.TemporalAPIKey != ""
}

// WithTemporalFile is c for the Temporal of a godwit-standalone: its certificate
// is everybody's, the server's, the clients' and their authority, and is in one
// file with its key.
func (c Config) WithTemporalFile(file string) Config {
	c.TemporalTLSCA, c.TemporalTLSCert, c.TemporalTLSKey, c.TemporalTLSServerName = file, file, file, "localhost"
	return c
}

// TemporalFileOf is where a godwit-standalone whose Temporal listens at address
// leaves a link to that file, for programs of the same user on this machine. It is
// empty for an address that is not a loopback one.
func TemporalFileOf(address string) string {
	at, err := netip.ParseAddrPort(strings.Replace(address, "localhost:", "127.0.0.1:", 1))
	if err != nil || !at.Addr().IsLoopback() {
		return ""
	}
	me, err := user.Current()
	if err != nil || me.HomeDir == "" {
		return ""
	}
	return filepath.Join(me.HomeDir, ".cache", "godwit", fmt.Sprintf("temporal-%d.pem", at.Port()))
}

// TemporalTLS makes what the connection to Temporal is secured with; nil = it is
// not, since nothing asks for it. An API key asks for it too: it must not be sent
// in the clear. Where no setting says anything, the link that a godwit-standalone
// has left does. Errors name the variable.
func (c Config) TemporalTLS() (*tls.Config, error) {
	if !c.TemporalSecured() {
		file := TemporalFileOf(c.TemporalAddress)
		if _, err := os.Stat(file); err != nil {
			return nil, nil
		}
		c = c.WithTemporalFile(file)
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TemporalTLSServerName}
	if c.TemporalTLSCA != "" {
		pem, err := os.ReadFile(c.TemporalTLSCA)
		if err != nil {
			return nil, unreadable("GODWIT_TEMPORAL_TLS_CA", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &VariableError{"GODWIT_TEMPORAL_TLS_CA", "must name a file with certificates in PEM; it holds none"}
		}
	}
	if c.TemporalTLSCert == "" {
		return secure, nil
	}
	if _, err := c.clientCertificate(); err != nil {
		return nil, err
	}
	// Read anew for each connection: a certificate is renewed more often than a
	// process is restarted.
	secure.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.clientCertificate() }
	return secure, nil
}

// clientCertificate is what this process shows to Temporal.
func (c Config) clientCertificate() (*tls.Certificate, error) {
	certificate, err := os.ReadFile(c.TemporalTLSCert)
	if err != nil {
		return nil, unreadable("GODWIT_TEMPORAL_TLS_CERT", err)
	}
	key, err := os.ReadFile(c.TemporalTLSKey)
	if err != nil {
		return nil, unreadable("GODWIT_TEMPORAL_TLS_KEY", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, &VariableError{"GODWIT_TEMPORAL_TLS_CERT", fmt.Sprintf("and GODWIT_TEMPORAL_TLS_KEY must name a certificate and its private key, both in PEM (%v)", err)}
	}
	return &pair, nil
}

func unreadable(name string, err error) error {
	return &VariableError{name, fmt.Sprintf("must name a file that can be read (%v)", err)}
}

// temporalRules are about the settings alone; TemporalTLS reads the files.
func (c Config) temporalRules() []rule {
	hidden := func(r rune) bool { return r <= ' ' || r > '~' }
	return []rule{
		{c.TemporalTLSCert != "" && c.TemporalTLSKey == "", "GODWIT_TEMPORAL_TLS_KEY", "must be set together with GODWIT_TEMPORAL_TLS_CERT: it names the certificate's private key"},
		{c.TemporalTLSKey != "" && c.TemporalTLSCert == "", "GODWIT_TEMPORAL_TLS_CERT", "must be set together with GODWIT_TEMPORAL_TLS_KEY: it names the key's certificate"},
		{strings.ContainsFunc(c.TemporalAPIKey, hidden), "GODWIT_TEMPORAL_API_KEY", "must be the key alone: visible ASCII characters without spaces"},
	}
}
