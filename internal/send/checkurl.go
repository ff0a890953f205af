package send

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"godwit/internal/hook"
)

const (
	urlPointer   = "/url"
	maxHostBytes = 253 // RFC 1035 section 2.3.4, without the root's dot
)

// CheckURL gives a URL as a webhook keeps it: an international host in its
// xn-- form, all else as it was typed. A webhook may have one that is absolute,
// https (or http where allowHTTP), with a host, with no user name, no fragment
// and no barred port, at most hook.MaxURLLength bytes, and of visible ASCII
// outside of its host. It looks nothing up and does not judge addresses: see
// Sender.CheckHost. Its error is a *hook.Error of hook.CodeInvalid with a field for
// each thing that is wrong, whose words name the remedy and don't repeat the URL.
func CheckURL(raw string, allowHTTP bool) (string, error) {
	kept, faults := urlFaults(raw, allowHTTP)
	if len(faults) == 0 {
		return kept, nil
	}
	bad := &hook.Error{Code: hook.CodeInvalid}
	for i, f := range faults {
		if i > 0 {
			bad.Message += "; "
		}
		bad.Message += f.words
		bad.Fields = append(bad.Fields, hook.Field{Pointer: urlPointer, Code: f.code, Params: f.params, Detail: f.words})
	}
	return "", bad
}

// urlFault is what is wrong with a URL.
type urlFault struct {
	code   hook.FieldCode
	params hook.Params
	words  string
}

// urlFaults finds all that is wrong with a URL at once. What is wrong with a part does
// not keep the others from being looked at.
func urlFaults(raw string, allowHTTP bool) (kept string, faults []urlFault) {
	add := func(f *urlFault) {
		if f != nil {
			faults = append(faults, *f)
		}
	}
	if raw == "" {
		return "", []urlFault{{hook.FieldEmpty, nil, "is empty; it must look like https://example.com/path"}}
	}
	kept, host := withASCIIHost(raw)
	add(host)
	rest := spelled(kept, add)
	u, err := url.Parse(rest)
	if err != nil {
		scheme, _, _ := strings.Cut(rest, "://")
		add(schemeProblem(strings.ToLower(scheme), allowHTTP))
		add(&urlFault{hook.FieldURLUnreadable, nil, "can't be read; it must look like https://example.com/path"})
		return "", faults
	}
	wrongScheme := schemeProblem(u.Scheme, allowHTTP)
	add(wrongScheme)
	if u.User != nil {
		add(&urlFault{hook.FieldURLUser, nil, "must not hold a user name or password; put credentials in one of the webhook's headers"})
	}
	switch {
	case u.Hostname() != "":
		add(portProblem(u))
		if host == nil {
			add(hostProblem(u))
		}
	case wrongScheme == nil || strings.Contains(rest, "://"):
		add(&urlFault{hook.FieldURLHost, nil, "has no host; it must look like https://example.com/path"})
	}
	return kept, faults
}

// spelled tells what is wrong with the characters of a URL, and gives the URL without
// them, in which the other parts can be looked at.
func spelled(raw string, add func(*urlFault)) string {
	if len(raw) > hook.MaxURLLength {
		add(&urlFault{hook.FieldTooLong, hook.Params{"max": hook.MaxURLLength}, "is longer than 2048 bytes; shorten it"})
	}
	rest, _, fragment := strings.Cut(raw, "#")
	if fragment {
		add(&urlFault{hook.FieldURLFragment, nil, "must not have a fragment; remove the # and what follows"})
	}
	if strings.Contains(rest, `\`) {
		add(&urlFault{hook.FieldURLCharacters, nil, "holds a backslash; use / or write it as %5C"})
		rest = strings.ReplaceAll(rest, `\`, "/")
	}
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	if strings.ContainsFunc(rest, odd) {
		add(&urlFault{hook.FieldURLCharacters, nil, "holds a space, a control character or, outside of its host, one that is not ASCII; percent-encode it"})
		rest = strings.Map(func(c rune) rune {
			if odd(c) {
				return -1
			}
			return c
		}, rest)
	}
	return rest
}

// withASCIIHost gives raw with an international host in the form that DNS has
// (UTS 46, as net/http has it). One that comes out as a number is refused: it
// is spelled to be overlooked, and no name is a number. A name that can stand in its
// place is given then, so that the rest can be looked at.
func withASCIIHost(raw string) (kept string, problem *urlFault) {
	scheme, rest, absolute := strings.Cut(raw, "://")
	if !absolute || len(raw) > hook.MaxURLLength {
		return raw, nil
	}
	end := strings.IndexAny(rest, "/?#@\\")
	if end < 0 {
		end = len(rest)
	}
	host, port := rest[:end], ""
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 {
		host, port = host[:colon], host[colon:]
	}
	if isASCII(host) {
		return raw, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || !isHostName(ascii) || endsInNumber(ascii) {
		return scheme + "://bad.example" + port + rest[end:], &urlFault{hook.FieldURLHost, nil, "has a bad host; use a name such as example.com"}
	}
	return scheme + "://" + ascii + port + rest[end:], nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

func schemeProblem(scheme string, allowHTTP bool) *urlFault {
	switch {
	case scheme == "https", scheme == "http" && allowHTTP:
		return nil
	case allowHTTP:
		return &urlFault{hook.FieldURLScheme, hook.Params{"expected": "https, http"}, "must start with https:// or http://"}
	case scheme == "http":
		return &urlFault{hook.FieldURLScheme, hook.Params{"expected": "https"}, "must start with https://; plain http is switched off here (GODWIT_ALLOW_HTTP)"}
	default:
		return &urlFault{hook.FieldURLScheme, hook.Params{"expected": "https"}, "must start with https://"}
	}
}

func portProblem(u *url.URL) *urlFault {
	if u.Port() == "" && !strings.HasSuffix(u.Host, ":") {
		return nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case err != nil || port == 0:
		return &urlFault{hook.FieldURLPort, nil, "has a bad port; use 1 to 65535 or leave the colon out"}
	case barred(uint16(port)):
		return &urlFault{hook.FieldURLPort, nil, "has a port that is not permitted, as it belongs to another kind of service; use another port"}
	}
	return nil
}

func hostProblem(u *url.URL) *urlFault {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		if addr, err := netip.ParseAddr(host); err != nil || addr.Is4() || addr.Zone() != "" {
			return &urlFault{hook.FieldURLHost, nil, "has a bad IPv6 address as its host; use a plain one without a zone, or a host name"}
		}
		return nil
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
		return nil
	}
	if !isHostName(host) {
		return &urlFault{hook.FieldURLHost, nil, "has a bad host; use a name such as example.com"}
	}
	if endsInNumber(host) {
		return &urlFault{hook.FieldURLHost, nil, "has a number as its host; use a host name, or an address in its plain form such as 192.0.2.1"}
	}
	return nil
}

// isHostName is RFC 1123 section 2.1, and underscores, which are in use.
func isHostName(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if len(host) > maxHostBytes {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// endsInNumber is the URL Standard's "ends in a number": hosts such as
// 2130706433, 0x7f.1 and 127.1 that some resolvers take for addresses. No
// top-level domain is a number.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	digits, hex := strings.CutPrefix(last, "0x")
	return hex && strings.Trim(digits, "0123456789abcdef") == ""
}
