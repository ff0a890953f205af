package send

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func prefixes(list string) (out []netip.Prefix) {
	for one := range strings.SplitSeq(list, ",") {
		out = append(out, netip.MustParsePrefix(one))
	}
	return out
}

// The operator allows a network, and the IPv4 address that is embedded in one of
// its addresses is judged all the same.
var embeddings = []struct {
	name, allow        string
	refused, permitted []string
}{
	{"NAT64", "64:ff9b::/96",
		[]string{"64:ff9b::a9fe:a9fe", "64:ff9b::169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::", "64:ff9b::a83f:8110", "64:ff9b::c000:c0"},
		[]string{"64:ff9b::808:808", "64:ff9b::1.1.1.1"}},
	{"a part of NAT64", "64:ff9b::a9fe:0/112", []string{"64:ff9b::a9fe:a9fe"}, nil},
	{"NAT64 and the private network behind it", "64:ff9b::/96,10.1.0.0/16",
		[]string{"64:ff9b::a9fe:a9fe", "64:ff9b::10.2.0.1"}, []string{"64:ff9b::10.1.2.3", "64:ff9b::8.8.8.8"}},
	{"local NAT64, any length", "64:ff9b:1::/48",
		[]string{
			"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9fe:a9:fe00:0:1", // 48
			"64:ff9b:1:1a9:fe:a9fe::", "64:ff9b:1:7f:0:1::", // 56
			"64:ff9b:1:8:a9:fea9:fe00:0", "64:ff9b:1:808:7f:0:100:0", // 64
			"64:ff9b:1::a9fe:a9fe", "64:ff9b:1:fffe::7f00:1", "64:ff9b:1:ffff:ffff:ffff:10.0.0.1", "64:ff9b:1:808:8:800:a9fe:a9fe", // 96
		},
		[]string{"64:ff9b:1:808:8:800::", "64:ff9b:1:5db8:d8:2200::", "64:ff9b:1::808:808"}},
	{"local NAT64, its own prefix", "64:ff9b:1:fffe::/96",
		[]string{"64:ff9b:1:fffe::a9fe:a9fe", "64:ff9b:1:fffe::10.0.0.1", "64:ff9b:1:fffd::808:808"},
		[]string{"64:ff9b:1:fffe::808:808", "64:ff9b:1:fffe::93.184.216.34"}},
	{"a network's own NAT64, 32", "2001:db8::/32", []string{"2001:db8:a9fe:a9fe::", "2001:db8:7f00:1::"}, []string{"2001:db8:808:808::", "2001:db8::1"}},
	{"a network's own NAT64, 40", "2001:db8:100::/40", []string{"2001:db8:1a9:fea9:fe::", "2001:db8:17f:0:1::"}, []string{"2001:db8:108:808:8::", "2001:db8:100::1"}},
	{"a network's own NAT64, 48", "2001:db8:122::/48", []string{"2001:db8:122:a9fe:a9:fe00::", "2001:db8:122:a00:0:100::"}, []string{"2001:db8:122:808:8:800::", "2001:db8:122:1::1"}},
	{"a network's own NAT64, 56", "2001:db8:122:300::/56", []string{"2001:db8:122:3a9:fe:a9fe::"}, []string{"2001:db8:122:308:8:808::"}},
	{"a network's own NAT64, 64", "2001:db8:122:344::/64", []string{"2001:db8:122:344:a9:fea9:fe00::"}, []string{"2001:db8:122:344:8:808:800::", "2001:db8:122:344::5", "2001:db8:122:344:5054:ff:fe12:3456"}},
	{"a network's own NAT64, 96", "2001:db8:122:344::/96", []string{"2001:db8:122:344::a9fe:a9fe", "2001:db8:122:344::10.0.0.1"}, []string{"2001:db8:122:344::808:808", "2001:db8:122:344::5"}},
	{"a private network, no translator", "fd00:1::/33,fd00:64::/96", []string{"fd00:64::a9fe:a9fe"}, []string{"fd00:1:a00:1::9", "fd00:1::a9fe:a9fe", "fd00:64::808:808"}},
	{"6to4", "2002::/16", []string{"2002:a9fe:a9fe::1", "2002:7f00:1::", "2002:a00:1::1"}, []string{"2002:808:808::1"}},
	{"Teredo, client", "2001::/32", []string{"2001:0:808:808:8000:63bf:5601:5601", "2001:0:808:808::80ff:fffe"}, []string{"2001:0:808:808:8000:63bf:f7f7:f7f7"}},
	{"Teredo, server", "2001::/32", []string{"2001:0:7f00:1:8000:63bf:f7f7:f7f7", "2001:0:a9fe:a9fe:0:0:f7f7:f7f7"}, nil},
	{"ISATAP", "fd00:1:2:3::/64,fe80::/10",
		[]string{"fd00:1:2:3::5efe:169.254.169.254", "fd00:1:2:3:200:5efe:7f00:1", "fe80::5efe:10.0.0.1", "fe80::5efe:127.0.0.1%lo", "fe80::1%lo"},
		[]string{"fd00:1:2:3:200:5efe:8.8.8.8", "fd00:1:2:3:1234:5efe:7f00:1", "fe80::1"}},
	{"ISATAP in a public network", "10.1.0.0/16", []string{"2606:4700::5efe:169.254.169.254", "2606:4700:0:1:200:5efe:10.2.0.1"}, []string{"2606:4700::200:5efe:10.1.0.1"}},
	{"IPv4-mapped", "::ffff:0:0/96", []string{"::ffff:169.254.169.254", "::ffff:127.0.0.1", "169.254.169.254"}, []string{"::ffff:8.8.8.8"}},
	{"IPv4-compatible", "::/96", []string{"::169.254.169.254", "::127.0.0.1", "::", "::2"}, []string{"::8.8.8.8", "::1"}},
	{"IPv4-translated", "::ffff:0:0:0/96", []string{"::ffff:0:a9fe:a9fe", "::ffff:0:127.0.0.1"}, []string{"::ffff:0:8.8.8.8"}},
	{"all of IPv6", "::/0",
		[]string{
			"::ffff:169.254.169.254", "::169.254.169.254", "::", "::ffff:0:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::",
			"2002:a9fe:a9fe::1", "2001:0:808:808::5601:5601", "fd00::5efe:169.254.169.254", "fe80::1%lo", "169.254.169.254", "10.0.0.1",
		},
		[]string{"::1", "fd00::1", "fd12:3456:a00:1:abcd::1", "2606:4700::1", "64:ff9b::808:808", "8.8.8.8"}},
	{"all of IPv4", "0.0.0.0/0,64:ff9b::/96", []string{"64:ff9b:1::a9fe:a9fe"}, []string{"64:ff9b::a9fe:a9fe", "169.254.169.254"}},
}

func TestGuard_JudgesEmbeddedAddresses(t *testing.T) {
	for _, tc := range embeddings {
		t.Run(tc.name, func(t *testing.T) {
			s := New(Options{EgressAllow: prefixes(tc.allow)})
			t.Cleanup(s.Close)
			check := func(text string, want bool) {
				addr := netip.MustParseAddr(text)
				to := netip.AddrPortFrom(addr, 443)
				require.Equal(t, want, s.guard.permits(to), text)
				network := "tcp6"
				if to = netip.AddrPortFrom(addr.Unmap(), 443); to.Addr().Is4() {
					network = "tcp4"
				}
				require.Equal(t, want, s.guard.control(network, to.String(), nil) == nil, "%s is dialled", text)
				host := strings.Replace(net.JoinHostPort(text, "443"), "%", "%25", 1)
				kept, err := CheckURL("https://"+host+"/", false)
				if err == nil {
					err = s.CheckHost(kept)
				}
				require.Equal(t, want, err == nil, "%s is accepted", text)
			}
			for _, addr := range tc.refused {
				check(addr, false)
			}
			for _, addr := range tc.permitted {
				check(addr, true)
			}
		})
	}
}

// A proxy would connect to the embedded address, too.
func TestProxy_IsNotAskedForEmbeddedAddresses(t *testing.T) {
	f := &forwarder{}
	s := proxied(t, strings.TrimSuffix(listen(t, f.serve).url, "/hook"), Options{})
	for _, tc := range embeddings {
		g := newGuard(prefixes(tc.allow))
		p := proxy{guard: g, resolver: s.dialer.Resolver}
		for _, addr := range tc.refused {
			_, err := p.permitted(t.Context(), net.JoinHostPort(addr, "443"))
			require.ErrorIs(t, err, errBlocked, "%s with %s", addr, tc.allow)
		}
	}
	require.Equal(t, hook.ReasonBlockedAddress, attempt(t, s, message("http://[64:ff9b::a9fe:a9fe]/")).Reason)
	require.Empty(t, f.requests())
}
