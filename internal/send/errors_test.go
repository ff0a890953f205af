package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestReasonOf(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	call := func(e syscall.Errno) error { return dial(os.NewSyscallError("connect", e)) }
	unverified := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	plain := errors.New("malformed HTTP response")
	tests := []struct {
		name string
		err  error
		at   phase
		want hook.Reason
	}{
		{"guard", dial(errBlocked), phaseConnect, hook.ReasonBlockedAddress},
		{"no such host", dial(&net.DNSError{IsNotFound: true}), phaseLookup, hook.ReasonDNS},
		{"slow DNS", dial(&net.DNSError{IsTimeout: true}), phaseLookup, hook.ReasonDNS},
		{"refused", call(syscall.ECONNREFUSED), phaseConnect, hook.ReasonConnectRefused},
		{"no route", call(syscall.EHOSTUNREACH), phaseConnect, hook.ReasonConnect},
		{"no network", call(syscall.ENETUNREACH), phaseConnect, hook.ReasonConnect},
		{"not allowed by a firewall", call(syscall.EACCES), phaseConnect, hook.ReasonConnect},
		{"connect timed out", call(syscall.ETIMEDOUT), phaseConnect, hook.ReasonConnectTimeout},
		{"dial timed out", dial(os.ErrDeadlineExceeded), phaseConnect, hook.ReasonConnectTimeout},
		{"no more files", call(syscall.EMFILE), phaseConnect, hook.ReasonInternal},
		{"no more ports", call(syscall.EADDRNOTAVAIL), phaseConnect, hook.ReasonInternal},
		{"reset", call(syscall.ECONNRESET), phaseSend, hook.ReasonReset},
		{"broken pipe", call(syscall.EPIPE), phaseSend, hook.ReasonReset},
		{"end", fmt.Errorf("read: %w", io.EOF), phaseSend, hook.ReasonReset},
		{"end in the middle", io.ErrUnexpectedEOF, phaseAnswer, hook.ReasonReset},
		{"idle connection gone", plain, phaseSend, hook.ReasonReset},
		{"not HTTP", plain, phaseAnswer, hook.ReasonProtocol},
		{"connection lost", call(syscall.ETIMEDOUT), phaseSend, hook.ReasonTimeoutHeaders},
		{"too late", context.DeadlineExceeded, phaseAnswer, hook.ReasonTimeoutHeaders},
		{"too late to begin", context.DeadlineExceeded, phaseBegin, hook.ReasonConnectTimeout},

		{"expired", unverified(x509.CertificateInvalidError{Reason: x509.Expired}), phaseTLS, hook.ReasonTLSExpired},
		{"bad use", unverified(x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}), phaseTLS, hook.ReasonTLS},
		{"unknown", unverified(x509.UnknownAuthorityError{}), phaseTLS, hook.ReasonTLSUnknownAuthority},
		{"other name", unverified(x509.HostnameError{Certificate: &x509.Certificate{}}), phaseTLS, hook.ReasonTLSHostname},
		{"not TLS", tls.RecordHeaderError{}, phaseTLS, hook.ReasonTLS},
		{"slow handshake", os.ErrDeadlineExceeded, phaseTLS, hook.ReasonTLS},
		{"reset handshake", call(syscall.ECONNRESET), phaseTLS, hook.ReasonTLS},
		{"late alert", &net.OpError{Op: "remote error", Err: plain}, phaseSend, hook.ReasonTLS},

		{"slow lookup", context.DeadlineExceeded, phaseLookup, hook.ReasonDNS},
		{"unknown in the handshake", plain, phaseTLS, hook.ReasonTLS},
		{"unknown at once", plain, phaseBegin, hook.ReasonInternal},
		{"unknown in lookup", plain, phaseLookup, hook.ReasonDNS},
		{"unknown in connect", plain, phaseConnect, hook.ReasonConnect},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, reasonOf(tt.err, tt.at))
			require.Equal(t, tt.want, reasonOf(&url.Error{Op: "Post", URL: "u", Err: tt.err}, tt.at), "wrapped")
		})
	}
}

// The types above are the ones that real sockets give.
func TestConnectFailures(t *testing.T) {
	s := newSender(t, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	result := attempt(t, s, message("http://"+l.Addr().String()))
	require.Equal(t, hook.ReasonConnectRefused, result.Reason)
	require.Equal(t, "the receiver refused the connection", result.Error)

	result = attempt(t, s, hurried("http://godwit-test.invalid/"))
	require.Equal(t, hook.ReasonDNS, result.Reason)

	result = attempt(t, s, message("http://127.0.0.1:bad/"))
	require.Equal(t, hook.ReasonInternal, result.Reason)
	result = attempt(t, s, message("file:///etc/passwd"))
	require.Equal(t, hook.ReasonInternal, result.Reason)
}

// A listener whose queue is full drops what comes: nothing else on loopback
// keeps a connect waiting.
func TestConnectTimeout(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer syscall.Close(fd)
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 3 {
		c, err := net.DialTimeout("tcp", address, brief)
		if err != nil {
			break
		}
		defer c.Close()
	}
	result := attempt(t, newSender(t, Options{}), hurried("http://"+address))
	require.Equal(t, hook.ReasonConnectTimeout, result.Reason)
	requireBrief(t, result)
}

func TestSentences(t *testing.T) {
	seen := map[string]bool{}
	for _, reason := range []hook.Reason{
		hook.ReasonDNS, hook.ReasonConnectRefused, hook.ReasonConnectTimeout, hook.ReasonConnect,
		hook.ReasonTLSExpired, hook.ReasonTLSUnknownAuthority, hook.ReasonTLSHostname, hook.ReasonTLS,
		hook.ReasonTimeoutHeaders, hook.ReasonTimeoutBody, hook.ReasonReset, hook.ReasonProtocol,
		hook.ReasonBlockedAddress, hook.ReasonInternal,
	} {
		said := sentence(reason, 10*time.Second)
		require.False(t, seen[said], "%s shares its sentence", reason)
		require.NotEmpty(t, said)
		seen[said] = true
	}
	for status := range 1000 {
		said := statusSentence(status)
		require.Contains(t, said, fmt.Sprintf("%03d", status))
		require.LessOrEqual(t, len(said), 300)
		require.Equal(t, strings.TrimSpace(said), said)
	}
	require.Contains(t, statusSentence(302), "302 Found; redirects are never followed")
}

func FuzzClean(f *testing.F) {
	f.Add("gr\xc3\xbcn \xff\x00", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 1<<16)
		got := clean(s, limit)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\n") || len(got) > limit {
			t.Fatalf("clean(%q, %d) = %q", s, limit, got)
		}
	})
}

func TestProgressNeverGoesBack(t *testing.T) {
	var p progress
	require.Equal(t, phaseBegin, p.phase())
	for _, step := range []struct{ to, want phase }{
		{phaseConnect, phaseConnect}, {phaseSend, phaseSend}, {phaseTLS, phaseSend}, {phaseSend, phaseSend}, {phaseAnswer, phaseAnswer}, {phaseBegin, phaseAnswer},
	} {
		p.reach(step.to)
		require.Equal(t, step.want, p.phase())
	}
}
