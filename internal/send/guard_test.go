package send

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestGuardPermits(t *testing.T) {
	private := newGuard(nil)
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "192.0.1.1": true, "100.63.255.255": true, "100.128.0.0": true,
		"172.15.255.255": true, "172.32.0.0": true, "168.63.129.15": true, "168.63.129.17": true,
		"2606:4700:4700::1111": true, "2a00:1450:4001:80b::200e": true,
		"::ffff:8.8.8.8": true, // dialled as 8.8.8.8

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.100.100.200": false,
		"127.0.0.1": false, "127.255.255.254": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.0.0.1": false, "192.0.0.192": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false,
		"198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false,
		"255.255.255.255": false, "168.63.129.16": false,

		"::": false, "::1": false, "::127.0.0.1": false, "::7f00:1": false, "::ffff:127.0.0.1": false, "::ffff:7f00:1": false,
		"::ffff:169.254.169.254": false, "::ffff:168.63.129.16": false, "::ffff:0:127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::7f00:1": false, "100::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false, "5f00::1": false,
		"fc00::1": false, "fd00:ec2::254": false, "fd20:ce::254": false, "fe80::1": false, "fe80::1%lo": false, "::1%lo": false,
		"fec0::1": false, "ff02::1": false,
	} {
		require.Equal(t, want, private.permits(netip.MustParseAddr(addr)), addr)
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
		require.Equal(t, want, g.permits(netip.MustParseAddr(addr)), addr)
	}
	azure := newGuard([]netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")})
	require.True(t, azure.permits(netip.MustParseAddr("168.63.129.16")), "the operator's word is the last")
}

func TestGuardControl(t *testing.T) {
	g := newGuard(nil)
	require.NoError(t, g.control("tcp4", "8.8.8.8:25", nil))
	require.NoError(t, g.control("tcp6", "[2606:4700::1111]:8443", nil))
	for network, address := range map[string]string{
		"tcp4": "127.0.0.1:443", "tcp6": "[fe80::1%lo]:443", "udp4": "8.8.8.8:53", "unix": "/run/docker.sock", "tcp": "8.8.8.8:80",
	} {
		require.ErrorIs(t, g.control(network, address, nil), errBlocked)
	}
}

// However loopback is spelled, a Sender without an allow list does not get
// there: the listener sees no connection.
func TestBlockedAddressIsNotDialled(t *testing.T) {
	r := listen(t, hang)
	_, port := hostPort(t, r.url)
	s := New(Options{})
	t.Cleanup(s.Close)
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0.0.0.0", "[::]",
		"①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
		"[::1%25lo]", "[64:ff9b::7f00:1]",
	} {
		t.Run(host, func(t *testing.T) {
			result := attempt(t, s, message("http://"+host+":"+port+"/"))
			require.Equal(t, hook.Failure, result.Outcome)
			require.Equal(t, hook.ReasonBlockedAddress, result.Reason)
			require.Equal(t, "destination not permitted", result.Error)
		})
	}
	// With the C resolver all but the first are loopback too; ours asks DNS.
	for _, host := range []string{"localhost.", "2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "0177.0.0.1", "0"} {
		t.Run(host, func(t *testing.T) {
			result := attempt(t, s, hurried("http://"+host+":"+port+"/"))
			require.Equal(t, hook.Failure, result.Outcome)
			require.Contains(t, []hook.Reason{hook.ReasonDNS, hook.ReasonBlockedAddress}, result.Reason)
		})
	}
	require.Zero(t, r.connections())
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
	require.Nil(t, s.transport.Proxy)
	attempt(t, s, hurried("http://192.0.2.1/"))
	require.Zero(t, proxy.connections())
}

func hostPort(t testing.TB, raw string) (host, port string) {
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u.Hostname(), u.Port()
}
