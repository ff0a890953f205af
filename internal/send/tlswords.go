package send

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"reflect"

	"godwit/internal/hook"
)

// Alerts of TLS (RFC 8446 section 6.2) that tell what a receiver misses.
const (
	alertHandshakeFailure     tls.AlertError = 40
	alertProtocolVersion      tls.AlertError = 70
	alertInsufficientSecurity tls.AlertError = 71
	alertCertificateRequired  tls.AlertError = 116
)

// alertOf is the alert that the receiver ended the connection with, if it did.
// crypto/tls gives it as the error of a net.OpError, in its own type.
func alertOf(err error) (alert tls.AlertError, sent bool) {
	var operation *net.OpError
	if !errors.As(err, &operation) || operation.Op != "remote error" {
		return 0, false
	}
	if value := reflect.ValueOf(operation.Err); value.Kind() == reflect.Uint8 {
		alert = tls.AlertError(value.Uint())
	}
	return alert, true
}

// words say more about err than the sentence of its reason does; "" = nothing.
func (p *progress) words(err error) string {
	var proxied proxyError
	if errors.As(err, &proxied) {
		return proxied.words
	}
	switch reasonOf(err, p.phase()) {
	case hook.ReasonReset:
		return p.resetWords()
	case hook.ReasonTLS:
		return p.tlsWords(err)
	}
	return ""
}

// resetWords are for a receiver that asked for a client certificate: in TLS 1.3
// it judges that after the handshake, and net/http may lose its alert.
func (p *progress) resetWords() string {
	switch {
	case p.reused.Load() || !p.asked.Load():
		return ""
	case p.shown.Load():
		return "the receiver asked for a client certificate, and closed the connection when it had the webhook's"
	}
	return "the receiver asked for a client certificate, and closed the connection when it got none; set the webhook's client_certificate and client_key"
}

func (p *progress) tlsWords(err error) string {
	if alert, sent := alertOf(err); sent {
		return p.alertWords(alert)
	}
	var (
		certificate x509.CertificateInvalidError
		unverified  *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &unverified):
		return "the receiver's TLS certificate is not one for a server of this name"
	case errors.As(err, &record):
		return "the receiver does not speak TLS at this port"
	case brokenConnection(err):
		return "the receiver closed the connection in the TLS handshake"
	case isTimeout(err):
		return "the TLS handshake with the receiver did not end in time"
	}
	return "the TLS handshake failed: the receiver speaks no TLS 1.2 or newer, has no cipher that Godwit accepts, or has a certificate that can't be read"
}

// alertWords tell what the receiver did not like. Servers say in several ways
// that they want a client certificate, or another one.
func (p *progress) alertWords(alert tls.AlertError) string {
	switch {
	case p.shown.Load() && alert != alertProtocolVersion:
		return "the receiver refused the webhook's client certificate"
	case alert == alertCertificateRequired, p.asked.Load() && alert != alertProtocolVersion:
		return "the receiver wants a client certificate; set the webhook's client_certificate and client_key"
	case alert == alertProtocolVersion, alert == alertInsufficientSecurity, alert == alertHandshakeFailure:
		return "the receiver has no TLS version or cipher in common with Godwit, which needs TLS 1.2 or newer"
	}
	return "the receiver broke off the TLS handshake"
}
