package access

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
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
		"from a peer that is no proxy":  {"192.0.2.1:1", proxies, []string{"198.51.100.7"}, "192.0.2.1"},
		"the client wrote one, too":     {"10.0.0.1:1", proxies, []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		"in a second line":              {"10.0.0.1:1", proxies, []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
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

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, NetworkOf(netip.MustParseAddr(address)))
	}
	require.Equal(t, NetworkOf(netip.MustParseAddr("2001:db8::1")), NetworkOf(netip.MustParseAddr("2001:db8::ffff:0:0:1")))
	require.NotEqual(t, NetworkOf(netip.MustParseAddr("2001:db8::1")), NetworkOf(netip.MustParseAddr("2001:db8:0:1::1")))
}
