package mail

import (
	"context"
	"crypto/x509"
	"net"
)

// Redirect sends what is for m's server to address, and trusts roots besides
// the name of the server, which stays as it is.
func (m *Mailer) Redirect(address string, roots *x509.CertPool) {
	m.server.roots = roots
	m.server.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// Server is where m sends mail to.
func (m *Mailer) Server() (host, port string, tlsFromStart bool, user, password string) {
	s := m.server
	return s.host, s.port, s.tlsFromStart, s.user, s.password
}

// Line is the cleaning of foreign text.
func Line(s string, limit int) string { return line(s, limit) }
