package send

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuardPermits(t *testing.T) {
	private := newGuard(nil)
	for _, addr := range []string{
		"8.8.8.8", "1.1.1.1", "192.0.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "168.63.129.15", "168.63.129.17",
		"2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "::ffff:8.8.8.8", // dialled as 8.8.8.8
	} {
		require.True(t, private.permits(at(addr)), addr)
	}
	for _, addr := range refusedAddresses {
		require.False(t, private.permits(at(addr)), addr)
	}
}

func TestGuardAllowList(t *testing.T) {
	g := newGuard([]netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("::1/128"),
		netip.MustParsePrefix("::ffff:10.1.0.0/112"), // 10.1.0.0/16 in other words
		netip.MustParsePrefix("fd00:1::/32"),
	})
	for addr, want := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "::1": true, "10.1.2.3": true, "::ffff:10.1.2.3": true, "fd00:1::9": true,
		"10.2.0.1": false, "::127.0.0.1": false, "::2": false, "fd00:2::9": false, "64:ff9b::7f00:1": false, "168.63.129.16": false,
		"8.8.8.8": true,
	} {
		require.Equal(t, want, g.permits(at(addr)), addr)
	}
	azure := newGuard([]netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")})
	require.True(t, azure.permits(at("168.63.129.16")), "the operator's word is the last")
}

func TestGuardControl(t *testing.T) {
	g := newGuard(nil)
	require.NoError(t, g.control("tcp4", "8.8.8.8:8025", nil))
	require.NoError(t, g.control("tcp6", "[2606:4700::1111]:8443", nil))
	for network, address := range map[string]string{
		"tcp4": "127.0.0.1:443", "tcp6": "[fe80::1%lo]:443", "udp4": "8.8.8.8:53", "unix": "/run/docker.sock", "tcp": "8.8.8.8:80",
	} {
		require.ErrorIs(t, g.control(network, address, nil), errBlocked)
	}
}

// The proxy of the environment would be dialled in the receiver's place, and
// the guard would judge the proxy's address.
func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	proxy := listen(t, hang)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.url)
	}
	s := New(Options{EgressAllow: loopback()})
	t.Cleanup(s.Close)
	require.Nil(t, s.transports.kept.Proxy)
	attempt(t, s, hurried("http://192.0.2.1/"))
	require.Zero(t, proxy.connections())
}

func hostPort(t testing.TB, raw string) (host, port string) {
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u.Hostname(), u.Port()
}

func at(addr string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(addr), 443) }
