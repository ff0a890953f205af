package send

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/hook"
)

// fail makes result a failure without a status line, or with one that counts
// for nothing.
func fail(result hook.Result, reason hook.Reason, limit time.Duration) hook.Result {
	result.Outcome, result.Reason = hook.Failure, reason
	result.Error = sentence(reason, limit)
	return result
}

// sentence tells people what went wrong. It is made of constants alone: no
// address, no URL, no text of the receiver.
func sentence(reason hook.Reason, limit time.Duration) string {
	switch reason {
	case hook.ReasonDNS:
		return "the host name could not be resolved to a permitted address"
	case hook.ReasonConnectRefused:
		return "the receiver refused the connection"
	case hook.ReasonConnectTimeout:
		return "no connection to the receiver came about in time"
	case hook.ReasonConnect:
		return "the receiver could not be reached"
	case hook.ReasonTLSExpired:
		return "the receiver's TLS certificate has expired or is not yet valid"
	case hook.ReasonTLSUnknownAuthority:
		return "the receiver's TLS certificate is signed by an unknown authority, or the receiver does not send its intermediate certificate"
	case hook.ReasonTLSHostname:
		return "the receiver's TLS certificate is for another host name"
	case hook.ReasonTLS:
		return "the TLS handshake with the receiver failed"
	case hook.ReasonTimeoutHeaders:
		return fmt.Sprintf("the receiver did not answer within %v", limit)
	case hook.ReasonTimeoutBody:
		return fmt.Sprintf("the receiver's answer did not end within %v", limit)
	case hook.ReasonReset:
		return "the receiver closed the connection without an answer"
	case hook.ReasonProtocol:
		return "the receiver's answer is not valid HTTP"
	case hook.ReasonBlockedAddress:
		return "destination not permitted"
	default:
		return "Godwit could not send the request"
	}
}

// statusSentence is for answers with a status line. The text is ours, since a
// receiver may put anything there.
func statusSentence(status int) string {
	said := strings.TrimSpace(fmt.Sprintf("the receiver answered %03d %s", status, http.StatusText(status)))
	switch {
	case status == http.StatusSwitchingProtocols:
		return said + "; Godwit speaks HTTP only"
	case status >= 300 && status <= 399:
		return said + "; redirects are never followed, so the webhook's URL must be the final one"
	case status == http.StatusGone:
		return said + ", so it wants no more deliveries"
	default:
		return said
	}
}

// clean makes remote text fit for Postgres, Temporal and a screen: valid UTF-8,
// no control characters, at most limit bytes, cut between characters.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return utf8.RuneError
		}
		return r // strings.Map gives U+FFFD for a byte that is not UTF-8
	}, s)
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
