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
	for i := range maxFailures {
		require.Equal(t, 401, call("192.0.2.1:1", netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), "guess"))
	}
	require.Equal(t, 429, call("192.0.2.1:1", "198.51.100.200", "guess"))
	require.Equal(t, 401, call("10.0.0.1:1", "198.51.100.1", "guess"), "a trusted proxy speaks for others")

	require.Equal(t, 201, call("10.0.0.1:1", "203.0.113.5, 198.51.100.7", testKey))
	var keyID, address, requestID string
	c.scan(`SELECT key_id, address, request_id FROM audit_log`, &keyID, &address, &requestID)
	require.Equal(t, []string{hook.BootstrapKey, "198.51.100.7", "r1"}, []string{keyID, address, requestID})
}
