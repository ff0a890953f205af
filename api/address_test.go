package api

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestWhereARequestComesFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for name, tc := range map[string]struct {
		remote  string
		trusted []netip.Prefix
		headers []string
		want    string
	}{
		"nobody is trusted":             {"10.0.0.1:1", nil, []string{"198.51.100.7"}, "10.0.0.1"},
		"no header":                     {"10.0.0.1:1", proxies, nil, "10.0.0.1"},
		"from a proxy":                  {"10.0.0.1:1", proxies, []string{"198.51.100.7"}, "198.51.100.7"},
		"from somebody else":            {"192.0.2.1:1", proxies, []string{"198.51.100.7"}, "192.0.2.1"},
		"the client wrote one, too":     {"10.0.0.1:1", proxies, []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		"in a line of its own":          {"10.0.0.1:1", proxies, []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		"the client names a proxy":      {"10.0.0.1:1", proxies, []string{"10.0.0.9, 198.51.100.7"}, "198.51.100.7"},
		"through two proxies":           {"10.0.0.1:1", proxies, []string{"203.0.113.9, 198.51.100.7, 10.2.3.4"}, "198.51.100.7"},
		"proxies alone":                 {"10.0.0.1:1", proxies, []string{"10.2.3.4"}, "10.2.3.4"},
		"nonsense":                      {"10.0.0.1:1", proxies, []string{"198.51.100.7, <script>"}, "10.0.0.1"},
		"nonsense behind a proxy":       {"10.0.0.1:1", proxies, []string{"unknown, 10.2.3.4"}, "10.2.3.4"},
		"empty":                         {"10.0.0.1:1", proxies, []string{""}, "10.0.0.1"},
		"IPv6":                          {"[2001:db8::1]:1", proxies, []string{"2001:db9::7"}, "2001:db9::7"},
		"IPv4 in the clothes of IPv6":   {"[::ffff:10.0.0.1]:1", proxies, []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"an address that is no address": {"pipe", proxies, []string{"198.51.100.7"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tc.remote
			r.Header["X-Forwarded-For"] = tc.headers
			r.Header.Set("X-Real-Ip", "203.0.113.66")
			r.Header.Set("Forwarded", "for=203.0.113.66")
			want, _ := netip.ParseAddr(tc.want)
			require.Equal(t, want, clientAddress(r, tc.trusted))
		})
	}
}

// TestAForgedAddressHelpsNobody guesses with a new X-Forwarded-For each time.
func TestAForgedAddressHelpsNobody(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	call := func(remote, forwarded, key string) int {
		r := httptest.NewRequest("PUT", "/v1/companies/c1", strings.NewReader(`{"name":"C"}`))
		r.RemoteAddr = remote
		r.Header = http.Header{"X-Forwarded-For": {forwarded}, "Authorization": {"Bearer " + key}, "X-Request-Id": {"r1"}, "Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		return w.Code
	}
	for i := range failures.burst {
		require.Equal(t, 401, call("192.0.2.1:1", netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), "guess"))
	}
	require.Equal(t, 429, call("192.0.2.1:1", "198.51.100.200", "guess"))
	require.Equal(t, 401, call("10.0.0.1:1", "198.51.100.1", "guess"), "a trusted proxy speaks for others")

	require.Equal(t, 201, call("10.0.0.1:1", "203.0.113.5, 198.51.100.7", testKey))
	var keyID, address, requestID string
	c.scan(`SELECT key_id, address, request_id FROM audit_log`, &keyID, &address, &requestID)
	require.Equal(t, []string{hook.BootstrapKey, "198.51.100.7", "r1"}, []string{keyID, address, requestID})
}
