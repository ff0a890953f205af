package attacks

import (
	"fmt"
	"net/netip"
	"strings"
)

// forbidden4 are IPv4 addresses that no stranger may have dialled: one at each end
// of the blocks that matter most, and single hosts.
var forbidden4 = []string{
	"0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.0.192", "192.0.2.1",
	"192.88.99.1", "192.168.0.1", "192.168.255.254", "198.18.0.1", "198.19.255.254", "198.51.100.1", "203.0.113.1",
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16", "100.100.100.200",
}

// forbidden6 are the same of IPv6.
var forbidden6 = []string{
	"::", "::1", "::2", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1", "ff0e::1",
	"100::1", "100:0:0:1::1", "2001:db8::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1", "4000::1", "e000::1",
}

// spellings4 write an IPv4 address as parsers somewhere take it.
func spellings4(addr netip.Addr) []string {
	b := addr.As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	plain := addr.String()
	wide := strings.NewReplacer("0", "０", "1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６", "7", "７", "8", "８", "9", "９")
	return []string{
		plain, plain + ".",
		fmt.Sprintf("%d", n), fmt.Sprintf("0x%x", n), fmt.Sprintf("0X%08X", n), fmt.Sprintf("0%o", n), fmt.Sprintf("00000%o", n),
		fmt.Sprintf("0x%x.0x%x.0x%x.0x%x", b[0], b[1], b[2], b[3]), fmt.Sprintf("0%o.0%o.0%o.0%o", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3]), fmt.Sprintf("0x%x.%d.%d.0%o", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%d.%d", b[0], n&0xffffff), fmt.Sprintf("%d.%d.%d", b[0], b[1], n&0xffff), fmt.Sprintf("0x%x.%d", b[0], n&0xffffff),
		fmt.Sprintf("%d.%d.%d.%d", int(b[0])+256, b[1], b[2], b[3]), fmt.Sprintf("%d", uint64(n)+1<<32),
		wide.Replace(plain), strings.ReplaceAll(plain, ".", "。"), strings.ReplaceAll(plain, ".", "．"), strings.ReplaceAll(plain, ".", "｡"),
		strings.ReplaceAll(plain, ".", "%2e"), "%" + fmt.Sprintf("%x", plain[0]) + plain[1:],
		"user@" + plain, "example.com@" + plain, "example.com%40" + plain, plain + "%00.example.com", plain + "\\.example.com",
	}
}

// embedded4 write an IPv4 address inside of an IPv6 one.
func embedded4(addr netip.Addr) []string {
	b := addr.As4()
	hi, lo := uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
	return []string{
		fmt.Sprintf("::ffff:%s", addr), fmt.Sprintf("::ffff:%x:%x", hi, lo), fmt.Sprintf("0:0:0:0:0:FFFF:%x:%x", hi, lo), // mapped
		fmt.Sprintf("::%s", addr), fmt.Sprintf("::ffff:0:%x:%x", hi, lo), // compatible, translated
		fmt.Sprintf("64:ff9b::%s", addr), fmt.Sprintf("64:ff9b::%x:%x", hi, lo), fmt.Sprintf("64:ff9b:1::%x:%x", hi, lo), // NAT64
		fmt.Sprintf("2002:%x:%x::1", hi, lo),                                                             // 6to4
		fmt.Sprintf("2001:0:%x:%x:0:ffff:%x:%x", hi, lo, ^hi, ^lo), fmt.Sprintf("2001::%x:%x", ^hi, ^lo), // Teredo: its server, its client
		fmt.Sprintf("fe80::5efe:%x:%x", hi, lo), fmt.Sprintf("fd00::200:5efe:%x:%x", hi, lo), // ISATAP
	}
}

// Hosts are all spellings of all addresses, as the host of a URL.
func Hosts() []string {
	var out []string
	for _, text := range forbidden4 {
		addr := netip.MustParseAddr(text)
		out = append(out, spellings4(addr)...)
		for _, six := range embedded4(addr) {
			out = append(out, "["+six+"]")
		}
	}
	for _, text := range forbidden6 {
		addr := netip.MustParseAddr(text)
		out = append(out, "["+addr.String()+"]", "["+addr.StringExpanded()+"]", "["+strings.ToUpper(addr.StringExpanded())+"]",
			"["+addr.String()+"%25eth0]", "["+addr.String()+"%eth0]", addr.String())
	}
	return out
}

// URLs are forms that lead elsewhere than they seem to, whatever the address.
func URLs() []string {
	out := []string{
		"", "/", "//127.0.0.1/", "http:127.0.0.1", "http:/127.0.0.1/", "http:///127.0.0.1/", "http:\\\\127.0.0.1\\", "http://example.com\\@127.0.0.1/",
		"http://example.com#@127.0.0.1/", "http://127.0.0.1#.example.com/", "http://127.0.0.1?.example.com/", "http://user:pass@example.com/",
		"http://example.com/\r\nHost: 127.0.0.1", "http://example.com/ HTTP/1.1\r\nX: y", "http://exa\tmple.com/", "http://example.com/\x00", "http://example.com/#x",
		"file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stats", "ftp://127.0.0.1/", "ldap://127.0.0.1/", "unix:///var/run/docker.sock",
		"jar:http://127.0.0.1!/", "data:text/plain,x", "javascript:alert(1)", "ws://127.0.0.1/", "h2c://127.0.0.1/", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
		"http://[::1", "http://::1/", "http://[127.0.0.1]/", "http://[::ffff:127.0.0.1%25lo]/",
		"http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:80:80/", "http://example.com:８０/", "http://example.com: 80/",
		"http://①②⑦.⓪.⓪.①/", "http://⑯⑨。②⑤④。⑯⑨。②⑤④/", "http://127。0。0。1/", "http://\u200b127.0.0.1/", "http://127.0.0.1\u00ad/", "http://\u202e127.0.0.1/",
		"http://" + strings.Repeat("a", 64) + ".example/", "http://example.com/" + strings.Repeat("a", 2048),
	}
	for _, port := range []int{22, 25, 53, 110, 143, 389, 445, 465, 587, 993, 1433, 2049, 3306, 3389, 5060, 5432, 5900, 6000, 6379, 6667, 9042, 11211, 27017} {
		out = append(out, fmt.Sprintf("http://example.com:%d/", port), fmt.Sprintf("https://8.8.8.8:%d/", port))
	}
	return out
}
