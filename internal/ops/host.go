package ops

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// CheckHost lets requests pass whose header Host is a name of this installation.
// A page of another site may have its own name lead to a loopback or private
// address, and then reads what answers there, which has no password: the browser
// takes both for one site. What it sends as Host is that name.
func CheckHost(next http.Handler, allowed []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !HostAllowed(r.Host, allowed) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.Error(w, "The header Host names another host: use an IP address, or list the name in GODWIT_ALLOWED_HOSTS.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// HostAllowed says whether a header Host can't be that of a stranger's page: it is
// an address, a name of this machine, a name without a dot, which nobody can
// register, or one of allowed, of which "*.example.com" stands for all names below.
func HostAllowed(host string, allowed []string) bool {
	name := HostName(host)
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if own, err := os.Hostname(); err == nil && strings.EqualFold(name, own) {
		return true
	}
	for _, one := range allowed {
		one = strings.ToLower(one)
		if below, any := strings.CutPrefix(one, "*"); name == one || any && strings.HasSuffix(name, below) {
			return true
		}
	}
	return false
}

// HostName is the name or address in a header Host, without its port.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
