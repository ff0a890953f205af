package send

import (
	"crypto/tls"
	"crypto/x509"

	lru "github.com/hashicorp/golang-lru/v2"

	"godwit/internal/hook"
)

const (
	// maxIdentities bounds the pools of webhooks that have certificates of their
	// own; the one that was not used for longest is closed first.
	maxIdentities = 256
	// maxIdleOfIdentity bounds the open connections of one of them.
	maxIdleOfIdentity = 64
)

// identity is a webhook's own part of TLS. Webhooks that differ in it
// never share a connection.
type identity struct{ certificate, key, authorities string }

func identityOf(w hook.Webhook) identity {
	return identity{w.ClientCertificate, w.ClientKey, w.CACertificate}
}

// identities makes and keeps the transports of webhooks with certificates.
type identities struct {
	dial dialFunc
	kept *lru.Cache[identity, transports]
}

func newIdentities(dial dialFunc) *identities {
	// Its one error is a size below 1.
	kept, _ := lru.NewWithEvict(maxIdentities, func(_ identity, t transports) { t.kept.CloseIdleConnections() })
	return &identities{dial, kept}
}

// transports gives those of an identity.
func (s *identities) transports(of identity) (transports, error) {
	if t, ok := s.kept.Get(of); ok {
		return t, nil
	}
	certificate, roots, err := of.parse()
	if err != nil {
		return transports{}, err
	}
	t := newTransports(s.dial, newTLSConfig(certificate, roots))
	t.kept.MaxIdleConns, t.kept.MaxIdleConnsPerHost = maxIdleOfIdentity, maxIdleOfIdentity
	if before, raced, _ := s.kept.PeekOrAdd(of, t); raced {
		return before, nil
	}
	return t, nil
}

func (s *identities) close() { s.kept.Purge() }

// parse gives the client certificate and the authorities; nil = none, and those
// of the system.
func (i identity) parse() (*tls.Certificate, *x509.CertPool, error) {
	var certificate *tls.Certificate
	if i.certificate != "" {
		pair, err := tls.X509KeyPair([]byte(i.certificate), []byte(i.key))
		if err != nil {
			return nil, nil, err
		}
		certificate = &pair
	}
	if i.authorities == "" {
		return certificate, nil, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(i.authorities)) {
		return nil, nil, errNoCertificate
	}
	return certificate, roots, nil
}

// newTLSConfig shows certificate to receivers that ask for one, and trusts roots;
// nil = none, and the authorities of the system.
func newTLSConfig(certificate *tls.Certificate, roots *x509.CertPool) *tls.Config {
	shown := certificate != nil
	if !shown {
		certificate = &tls.Certificate{} // crypto/tls: "send none"
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    roots,
		GetClientCertificate: func(wanted *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if at, ok := wanted.Context().Value(progressKey{}).(*progress); ok {
				at.asked.Store(true)
				at.shown.Store(shown)
			}
			return certificate, nil
		},
	}
}
