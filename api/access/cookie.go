package access

import (
	"net/http"
	"time"
)

// Cookie is by which a browser holds its session.
type Cookie struct {
	// TLS says that browsers reach Godwit by HTTPS, through whatever is in front of it.
	TLS bool
}

// Name is that of the cookie. Browsers take the prefix __Host- as a promise that no
// other host has set it, but only over HTTPS (RFC 6265bis, 4.1.3.2).
func (c Cookie) Name() string {
	if c.TLS {
		return "__Host-godwit"
	}
	return "godwit"
}

// Holding is what a browser is given to hold, "" to hold nothing any more; no script can
// read it, and other sites can't have it sent with anything but a visit.
func (c Cookie) Holding(token string, expiresAt time.Time) http.Cookie {
	out := http.Cookie{Name: c.Name(), Value: token, Path: "/", HttpOnly: true, Secure: c.TLS, SameSite: http.SameSiteLaxMode}
	if token == "" {
		out.MaxAge = -1
		return out
	}
	out.Expires = expiresAt
	return out
}

// of is what the browser holds, out of a request's header Cookie; "" where it holds
// nothing of ours.
func (c Cookie) of(header string) string {
	cookies, _ := http.ParseCookie(header) // a header that is no such list holds nothing of ours
	for _, one := range cookies {
		if one.Name == c.Name() {
			return one.Value
		}
	}
	return ""
}
