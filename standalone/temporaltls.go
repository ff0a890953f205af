package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	temporal "go.temporal.io/server/common/config"

	"godwit/internal/config"
)

// The embedded Temporal takes whoever shows its certificate, and nobody else: its
// parts, its UI and the product. Others of the same user find it in the data dir.

const (
	temporalName = "localhost" // in the certificate
	// temporalCertificateLasts is for how long a certificate is made, and
	// temporalCertificateLeft what must be left of that at a start.
	temporalCertificateLasts = 10 * 365 * 24 * time.Hour
	temporalCertificateLeft  = 365 * 24 * time.Hour
)

// secureTemporal keeps a certificate in the data dir, has the product use it, and
// leaves a link to it for other programs of this user. unlink takes that away.
func (s *standalone) secureTemporal() (unlink func(), err error) {
	file := s.temporalFile()
	if !goodCertificate(file, time.Now()) {
		text, err := newCertificate(time.Now())
		if err != nil {
			return nil, fmt.Errorf("make Temporal's certificate: %w", err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, fmt.Errorf("keep Temporal's certificate: %w", err)
		}
	}
	s.cfg = s.cfg.WithTemporalFile(file)
	link := config.TemporalFileOf(s.cfg.TemporalAddress)
	if link == "" {
		return func() {}, nil
	}
	// Without the link, the other programs need to be given settings.
	_ = os.MkdirAll(filepath.Dir(link), 0o700)
	_ = os.Remove(link)
	_ = os.Symlink(file, link)
	return func() {
		if at, err := os.Readlink(link); err == nil && at == file {
			_ = os.Remove(link)
		}
	}, nil
}

func (s *standalone) temporalFile() string { return filepath.Join(s.own.DataDir, "temporal.pem") }

// temporalTLS is for connections among Temporal's parts and from outside alike.
func (s *standalone) temporalTLS() temporal.RootTLS {
	file := s.temporalFile()
	client := temporal.ClientTLS{ServerName: temporalName, RootCAFiles: []string{file}}
	group := temporal.GroupTLS{
		Server: temporal.ServerTLS{CertFile: file, KeyFile: file, ClientCAFiles: []string{file}, RequireClientAuth: true},
		Client: client,
	}
	return temporal.RootTLS{Internode: group, Frontend: group, SystemWorker: temporal.WorkerTLS{CertFile: file, KeyFile: file, Client: client}}
}

// newCertificate makes one that signs itself, and its key, both in PEM.
func newCertificate(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "Temporal of godwit-standalone"},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(temporalCertificateLasts),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        true, BasicConstraintsValid: true,
		DNSNames: []string{temporalName}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// goodCertificate says whether file holds one that lasts.
func goodCertificate(file string, now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(file, file)
	return err == nil && pair.Leaf != nil && pair.Leaf.NotAfter.After(now.Add(temporalCertificateLeft))
}
