package send

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// hereAddresses are some that lead to this machine, and names of it.
func hereAddresses(t *testing.T) []string {
	all := []string{"127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "localhost"}
	interfaces, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, one := range interfaces {
		if own := one.(*net.IPNet).IP; !own.IsLinkLocalUnicast() {
			all = append(all, own.String())
		}
	}
	if name, err := os.Hostname(); err == nil {
		if _, err := net.LookupHost(name); err == nil {
			all = append(all, name)
		}
	}
	return all
}

func TestServices_AreNoTargets(t *testing.T) {
	own := listen(t, say(emptyOK))
	receiver := listen(t, say(emptyOK))
	proxy, err := url.Parse(strings.TrimSuffix(listen(t, new(forwarder).serve).url, "/hook"))
	require.NoError(t, err)
	for _, listensOn := range []string{"127.0.0.1", "0.0.0.0", "::", "localhost", ""} {
		for name, s := range map[string]*Sender{
			"direct": New(Options{EgressAllow: prefixes("0.0.0.0/0,::/0")}),
			"proxy":  New(Options{EgressAllow: prefixes("0.0.0.0/0,::/0"), Proxy: proxy}),
		} {
			t.Cleanup(s.Close)
			_, port := hostPort(t, own.url)
			s.Spare(net.JoinHostPort(listensOn, port))
			for _, host := range hereAddresses(t) {
				target := "http://" + net.JoinHostPort(host, port) + "/"
				want := hook.ReasonBlockedAddress
				if named(target) {
					want = hook.ReasonDNS // which tells nothing of the name
				} else {
					require.Error(t, s.CheckHost(target), "%s with %q", host, listensOn)
				}
				result := attempt(t, s, message(target))
				require.Equal(t, want, result.Reason, "%s: %s with %q: %s", name, host, listensOn, result.Error)
			}
			require.Equal(t, hook.Success, attempt(t, s, message(receiver.url)).Outcome, "another port of the same address")
		}
	}
	require.Zero(t, own.connections())
}

func TestServices_OfOtherHosts(t *testing.T) {
	s := newServices()
	s.add("10.1.2.3:6543", "8.8.8.8:443", "[fd00::1]:5433", "/var/run/postgresql:5432", "no port", "nowhere.invalid:9000")
	for at, want := range map[string]bool{
		"10.1.2.3:6543": true, "10.1.2.4:6543": false, "10.1.2.3:6544": false, "[fd00::1]:5433": true, "127.0.0.1:6543": false,
		"8.8.8.8:443":    false, // anyone may reach that, and others may be there too
		"127.0.0.1:5432": false, "10.1.2.3:9000": false,
	} {
		to := netip.MustParseAddrPort(at)
		require.Equal(t, want, s.hold(to.Addr(), to.Port()), at)
	}
}

// An embedded address is one of the service, too.
func TestServices_BehindNAT64(t *testing.T) {
	g := newGuard(prefixes("64:ff9b::/96,10.0.0.0/8,127.0.0.0/8"))
	g.own.add("10.1.2.3:6543", "127.0.0.1:8080")
	require.True(t, g.permits(netip.MustParseAddrPort("[64:ff9b::10.1.2.4]:6543")))
	require.False(t, g.permits(netip.MustParseAddrPort("[64:ff9b::10.1.2.3]:6543")))
	require.False(t, g.permits(netip.MustParseAddrPort("[64:ff9b::127.0.0.1]:8080")))
}
