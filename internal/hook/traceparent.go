package hook

import (
	"net/url"
	"strings"
)

// lengthOfTraceParent is that of version 00 of W3C Trace Context.
const lengthOfTraceParent = 55

// TraceParent gives the header traceparent of a producer, or "" where it is none
// that others would take.
func TraceParent(header string) string {
	if len(header) != lengthOfTraceParent || header[2] != '-' || header[35] != '-' || header[52] != '-' || header[:2] != "00" {
		return ""
	}
	trace, span, flags := header[3:35], header[36:52], header[53:]
	if !isHex(trace) || !isHex(span) || !isHex(flags) || strings.Trim(trace, "0") == "" || strings.Trim(span, "0") == "" {
		return ""
	}
	return header
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdef") == "" }

// HostOf is the host of a webhook's URL, with its port: what may be shown of a URL
// to others than its owner.
func HostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}
