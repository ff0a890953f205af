package send

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"godwit/internal/hook"
)

// reasonOf sorts an error of an attempt that got no status line, by type and by
// how far it got, never by text.
func reasonOf(err error, at phase) hook.Reason {
	var dns *net.DNSError
	var proxied proxyError
	switch {
	case errors.As(err, &proxied):
		return proxied.reason
	case errors.Is(err, errBlocked):
		return hook.ReasonBlockedAddress
	case errors.As(err, &dns):
		return hook.ReasonDNS
	}
	if reason := tlsReason(err, at); reason != "" {
		return reason
	}
	if isTimeout(err) {
		return timeoutReason(at)
	}
	if reason := syscallReason(err); reason != "" {
		return reason
	}
	return phaseReason(at)
}

func tlsReason(err error, at phase) hook.Reason {
	var (
		invalid   x509.CertificateInvalidError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
	)
	_, alerted := alertOf(err)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return hook.ReasonTLSExpired
	case errors.As(err, &authority):
		return hook.ReasonTLSUnknownAuthority
	case errors.As(err, &hostname):
		return hook.ReasonTLSHostname
	case at == phaseTLS:
		return hook.ReasonTLS
	case alerted:
		return hook.ReasonTLS // in TLS 1.3 it may come after the handshake
	}
	return ""
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

func timeoutReason(at phase) hook.Reason {
	switch at {
	case phaseLookup:
		return hook.ReasonDNS
	case phaseTLS:
		return hook.ReasonTLS
	case phaseSend, phaseAnswer:
		return hook.ReasonTimeoutHeaders
	default:
		return hook.ReasonConnectTimeout
	}
}

func syscallReason(err error) hook.Reason {
	var errno syscall.Errno
	switch {
	case brokenConnection(err):
		return hook.ReasonReset
	case errors.As(err, &errno):
		return errnoReason(errno)
	}
	return ""
}

// brokenConnection says whether err is that the other side has closed the
// connection.
func brokenConnection(err error) bool {
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}

func errnoReason(errno syscall.Errno) hook.Reason {
	switch errno {
	case syscall.ECONNREFUSED:
		return hook.ReasonConnectRefused
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL:
		// This machine is out of something.
		return hook.ReasonInternal
	}
	return ""
}

// phaseReason is for errors that have no type of their own: what net/http says
// about an answer that it can't read, and about a connection that was gone.
func phaseReason(at phase) hook.Reason {
	switch at {
	case phaseLookup:
		return hook.ReasonDNS
	case phaseConnect:
		return hook.ReasonConnect
	case phaseTLS:
		return hook.ReasonTLS
	case phaseSend:
		return hook.ReasonReset
	case phaseAnswer:
		return hook.ReasonProtocol
	default:
		return hook.ReasonInternal
	}
}
