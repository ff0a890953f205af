package hook

import (
	"net/url"
	"path"
	"strings"
)

// MaxAppPath bounds a path of the web app, in bytes.
const MaxAppPath = 2048

// AppPathForm says what a path of the web app is.
const AppPathForm = "must be a path of the web app, such as /webhooks or /deliveries?status=failed: one / at its beginning, at most 2048 visible ASCII characters, no backslash, no . or .. between slashes, neither /sign-in nor /portal"

// ValidAppPath says whether a path leads to a page of the web app, whoever reads it: a
// browser takes //host and /\host for another host, drops tabs and line breaks, and
// resolves dots, and something before it may decode it once more.
func ValidAppPath(text string) bool {
	if len(text) > MaxAppPath || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return false
	}
	for decoded := u.EscapedPath(); ; {
		if !leadsIntoApp(decoded) {
			return false
		}
		next, err := url.PathUnescape(decoded)
		if err != nil || next == decoded {
			return true
		}
		decoded = next
	}
}

// leadsIntoApp judges a path as it stands.
func leadsIntoApp(p string) bool {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	for _, part := range strings.Split(p, "/") {
		if part == "." || part == ".." {
			return false
		}
	}
	first, _, _ := strings.Cut(path.Clean(p)[1:], "/")
	return first != "sign-in" && first != "portal"
}
