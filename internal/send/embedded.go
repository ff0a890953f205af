package send

import (
	"net/netip"
	"slices"
)

// An IPv6 address may hold an IPv4 one: something on the way, a translator or the
// end of a tunnel, connects to that. So the IPv4 address is judged as well, by the
// rules of IPv4, however its IPv6 network was allowed.

// carrier is a network whose addresses hold an IPv4 address at a fixed place.
type carrier struct {
	network netip.Prefix
	read    func(b [16]byte) []netip.Addr
}

var carriers = []carrier{
	{netip.MustParsePrefix("::/96"), lastFour},           // IPv4-compatible, RFC 4291 section 2.5.5.1
	{netip.MustParsePrefix("::ffff:0:0/96"), lastFour},   // IPv4-mapped, RFC 4291 section 2.5.5.2
	{netip.MustParsePrefix("::ffff:0:0:0/96"), lastFour}, // IPv4-translated, RFC 2765 section 2.1
	{netip.MustParsePrefix("64:ff9b::/96"), lastFour},    // NAT64, RFC 6052 section 2.1
	{netip.MustParsePrefix("2002::/16"), func(b [16]byte) []netip.Addr { // 6to4, RFC 3056 section 2
		return []netip.Addr{four(b, 2, 3, 4, 5)}
	}},
	{netip.MustParsePrefix("2001::/32"), func(b [16]byte) []netip.Addr { // Teredo, RFC 4380 section 4: the server, and the client inverted
		client := [4]byte{^b[12], ^b[13], ^b[14], ^b[15]}
		return []netip.Addr{four(b, 4, 5, 6, 7), netip.AddrFrom4(client)}
	}},
}

// localNAT64 is for translators of a network's own (RFC 8215), with a prefix of
// any length of RFC 6052.
var localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")

// translation is a length that a translator's prefix may have (RFC 6052 section
// 2.2), and the bytes that hold the IPv4 address then. Byte 8 is zero.
type translation struct {
	bits  int
	bytes [4]int
}

var translations = []translation{
	{32, [4]int{4, 5, 6, 7}},
	{40, [4]int{5, 6, 7, 9}},
	{48, [4]int{6, 7, 9, 10}},
	{56, [4]int{7, 9, 10, 11}},
	{64, [4]int{9, 10, 11, 12}},
	{96, [4]int{12, 13, 14, 15}},
}

// embedded lists the IPv4 addresses that addr may stand for where the networks of
// allow are allowed.
func embedded(addr netip.Addr, allow []netip.Prefix) []netip.Addr {
	addr = addr.WithZone("")
	if !addr.Is6() || addr == netip.IPv6Loopback() {
		return nil
	}
	b := addr.As16()
	var out []netip.Addr
	for _, c := range carriers {
		if c.network.Contains(addr) {
			out = append(out, c.read(b)...)
		}
	}
	if isISATAP(b) {
		out = append(out, lastFour(b)...)
	}
	for _, network := range allow {
		if network.Contains(addr) {
			out = append(out, translated(b, addr, network)...)
		}
	}
	return out
}

// translated reads addr as one of a translator whose prefix is an allowed network,
// or, where only translators have addresses, may be longer than that.
func translated(b [16]byte, addr netip.Addr, network netip.Prefix) (out []netip.Addr) {
	local := localNAT64.Contains(addr)
	from := network.Bits()
	if local {
		from = max(from, localNAT64.Bits())
	}
	for _, t := range translations {
		exact := t.bits == from && (t.bits == 96 || b[8] == 0)
		if !exact && !(local && t.bits >= from) {
			continue
		}
		// No translator leads to 0.0.0.0/8: what reads like that is no translated
		// address, but a host of the network, or one of another length.
		if v4 := four(b, t.bytes[:]...); v4.As4()[0] != 0 {
			out = append(out, v4)
		}
		if exact && t.bits < 96 && empty(b[t.bytes[3]+1:]) {
			return out // nothing is left for a longer prefix
		}
	}
	return out
}

// isISATAP says whether the interface's part of an address is that of RFC 5214
// section 6.1, in any network.
func isISATAP(b [16]byte) bool {
	return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func lastFour(b [16]byte) []netip.Addr { return []netip.Addr{four(b, 12, 13, 14, 15)} }

func four(b [16]byte, at ...int) netip.Addr {
	return netip.AddrFrom4([4]byte{b[at[0]], b[at[1]], b[at[2]], b[at[3]]})
}

func empty(b []byte) bool { return !slices.ContainsFunc(b, func(one byte) bool { return one != 0 }) }
