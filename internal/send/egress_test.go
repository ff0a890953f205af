package send

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// refusedAddresses are what nobody's webhook may reach, one or more of each
// range that is not public.
var refusedAddresses = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
	"127.0.0.1", "127.0.0.53", "127.255.255.254", "169.254.0.1", "172.16.0.1", "172.31.255.255",
	"192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "192.168.255.255",
	"198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
	// Metadata of clouds: most, Oracle's, Alibaba's, Azure's, AWS's and Google's over IPv6.
	"169.254.169.254", "192.0.0.192", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254",

	"::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
	"fe80::1%lo", "::1%lo", "fe80::a9fe:a9fe%eth0",
	"100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1",
	// IPv4 inside: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
	"::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:168.63.129.16",
	"::127.0.0.1", "::7f00:1", "::a9fe:a9fe", "::ffff:0:127.0.0.1", "::ffff:0:7f00:1",
	"64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::808:808", "64:ff9b:1::7f00:1", "64:ff9b:1:ffff::a9fe:a9fe",
	"2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80::5efe:127.0.0.1",
}

// refusedSpellings are hosts that some resolver or library takes for a loopback
// address, or for the address of metadata.
var refusedSpellings = []string{
	"localhost", "LOCALHOST", "localhost.", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ",
	"2130706433", "4294967295", "0", "0x7f000001", "0X7F000001", "017700000001", "00000000000000000000177.0.0.1",
	"127.1", "127.0.1", "0x7f.1", "0177.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "0x7f.0.0.01", "127.0.0.1.", "127.1.", "2130706433.",
	"127.0.0.001", "127.0.0.0x1", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
	"①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.0.0.1", "١٢٧.0.0.1", "𝟙𝟚𝟟.0.0.1", "0ｘ7f.1",
	"127.0.0.1%00.example.com", "%31%32%37.0.0.1", "[::1", "[0:0:0:0:0:0:0:1]", "[::0001]", "[0000::1]",
	"[::ffff:127.1]", "[::ffff:0x7f000001]", "[::①]", "[127.0.0.1]", "[v1.fe80::1]",
}

// refusedHosts is everything above as a URL has it.
func refusedHosts() []string {
	hosts := append([]string(nil), refusedSpellings...)
	for _, text := range refusedAddresses {
		if netip.MustParseAddr(text).Is6() {
			text = "[" + strings.Replace(text, "%", "%25", 1) + "]"
		}
		hosts = append(hosts, text)
	}
	return hosts
}

// Each of them is refused when a webhook is made and, should it be stored all
// the same, when it is dialled. DNS says that every name is this machine, as
// the C library would of many of these.
func TestDestinationsThatAreNotPermitted(t *testing.T) {
	r := listen(t, hang)
	_, port := hostPort(t, r.url)
	s := New(Options{})
	t.Cleanup(s.Close)
	resolveWith(t, s, turns([]string{"127.0.0.1", "::1", "::ffff:127.0.0.1"}))
	d := watch(s)
	for _, host := range refusedHosts() {
		for _, scheme := range []string{"http", "https"} {
			t.Run(scheme+" "+host, func(t *testing.T) {
				target := fmt.Sprintf("%s://%s:%s/latest/meta-data", scheme, host, port)
				kept, err := CheckURL(target, true)
				if err == nil {
					err = s.CheckHost(kept)
				}
				require.Equal(t, hook.CodeInvalid, hook.CodeOf(err), "%v", err)
				requireNothingFound(t, err.Error())

				result := attempt(t, s, message(target))
				let, refused := d.take()
				require.Zero(t, let)
				require.Equal(t, hook.Failure, result.Outcome)
				requireNothingFound(t, result.Error)
				if refused == 0 {
					require.Contains(t, []hook.Reason{hook.ReasonDNS, hook.ReasonInternal}, result.Reason, "it came to no dial")
					return
				}
				if named(target) {
					require.Equal(t, hook.ReasonDNS, result.Reason)
					return
				}
				require.Equal(t, hook.ReasonBlockedAddress, result.Reason)
				require.Equal(t, "destination not permitted", result.Error)
			})
		}
	}
	require.Zero(t, r.connections())
}

// requireNothingFound makes sure that an owner learns nothing of the network.
func requireNothingFound(t *testing.T, text string) {
	for _, telling := range []string{"127.", "::", "169.254", "private", "loopback", "IANA", "prohibited"} {
		require.NotContains(t, text, telling)
	}
}

// The guard is no wall: public addresses come as far as the socket.
func TestDestinationsThatArePermitted(t *testing.T) {
	s := New(Options{})
	t.Cleanup(s.Close)
	resolveWith(t, s, turns([]string{"8.8.8.8", "2606:4700:4700::1111"}))
	d := watch(s)
	d.nothingLeaves = true
	for _, host := range []string{"8.8.8.8", "8.8.8.8:8443", "[2606:4700:4700::1111]:8080", "[::ffff:8.8.8.8]", "example.test:1", "bücher.test"} {
		kept, err := CheckURL("https://"+host+"/", false)
		require.NoError(t, err)
		require.NoError(t, s.CheckHost(kept), host)
		attempt(t, s, message(kept))
		let, refused := d.take()
		require.Positive(t, let, host)
		require.Zero(t, refused, host)
	}
}

func TestBarredPortsAreNotDialled(t *testing.T) {
	s := newSender(t, Options{})
	d := watch(s)
	for _, port := range barredPorts {
		target := fmt.Sprintf("http://127.0.0.1:%d/", port)
		_, err := CheckURL(target, true)
		require.ErrorContains(t, err, "port that is not permitted")
		require.Equal(t, hook.ReasonBlockedAddress, attempt(t, s, message(target)).Reason)
	}
	let, refused := d.take()
	require.Zero(t, let)
	require.Equal(t, len(barredPorts), refused)
	for _, port := range []uint16{1, 80, 81, 443, 1024, 3000, 5000, 8000, 8080, 8443, 9000, 9090, 10080, 32768, 65535} {
		require.False(t, barred(port), port)
	}
}

// Locations are text that nobody here reads.
func TestRedirectsAreNotFollowed(t *testing.T) {
	target := listen(t, say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	_, port := hostPort(t, target.url)
	_, private := hostPort(t, listen(t, hang).url)
	s := newSender(t, Options{})
	d := watch(s)
	for _, location := range []string{
		target.url, "/again", "", "?again", "//127.0.0.1:" + port + "/", "HTTP://LOCALHOST:" + port, "http://[::ffff:127.0.0.1]:" + port + "/",
		"http://127.1:" + port + "/", "http://user:pass@127.0.0.1:" + port + "/", "http://10.0.0.1:" + private + "/", "http://169.254.169.254/latest/",
		"file:///etc/passwd", "gopher://127.0.0.1:" + port + "/_x", "unix:///run/docker.sock", "javascript:alert(1)", "http:\\\\127.0.0.1:" + port,
		target.url + "\r\nLocation: " + target.url, target.url + "\r\nRefresh: 0; url=" + target.url + "\r\nContent-Location: " + target.url, "\xff\x00",
	} {
		for _, code := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
			r := listen(t, say(fmt.Sprintf("HTTP/1.1 %d Moved\r\nLocation: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", code, location)))
			result := attempt(t, s, message(r.url))
			require.Contains(t, []hook.Reason{hook.ReasonRedirect, hook.ReasonProtocol}, result.Reason, location)
			require.NotContains(t, result.Error, "127.0.0.1")
			let, refused := d.take()
			require.Equal(t, 1, let+refused, "%d %q", code, location)
			require.Equal(t, 1, r.connections())
		}
	}
	require.Zero(t, target.connections())
}
