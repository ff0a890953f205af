package send

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"godwit/internal/hook"
)

// errBlocked stands for every refusal of the guard. It holds no address, so
// that a receiver's owner can't map the network from it.
var errBlocked = errors.New("destination not permitted")

// guard decides which addresses may be dialled.
type guard struct {
	ssrf  *ssrf.Guardian
	allow []netip.Prefix
	own   *services
}

// newGuard permits public addresses (by the IANA special-purpose registries)
// and those in allow, which are read before any refusal.
func newGuard(allow []netip.Prefix) guard {
	plain := make([]netip.Prefix, len(allow))
	for i, p := range allow {
		plain[i] = unmap(p)
	}
	return guard{
		ssrf: ssrf.New(
			ssrf.WithAnyPort(),
			ssrf.WithAllowedV4Prefixes(plain...),
			ssrf.WithAllowedV6Prefixes(plain...),
			// Azure's WireServer: a host's secrets on an address that looks public.
			ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")),
		),
		allow: plain,
		own:   newServices(),
	}
}

// control is net.Dialer.Control: it sees the very address that is connected to.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || g.ssrf.Safe(network, address, conn) != nil || !g.permits(to) {
		return errBlocked
	}
	return nil
}

// permits is the same decision for any connection over TCP. An IPv4-mapped
// address is taken for its IPv4 address, as package net dials it.
func (g guard) permits(to netip.AddrPort) bool {
	addr := to.Addr().Unmap()
	if barred(to.Port()) || g.ssrf.SafeAddr(addr) != nil || g.own.hold(addr, to.Port()) {
		return false
	}
	for _, inner := range embedded(addr, g.allow) {
		if g.ssrf.SafeAddr(inner) != nil || g.own.hold(inner, to.Port()) {
			return false
		}
	}
	return true
}

// unmap turns a prefix of IPv4-mapped addresses into the IPv4 one. All of them
// together are left as they are: that is a form of addresses, not the operator's
// word on each of them.
func unmap(p netip.Prefix) netip.Prefix {
	const mappedBits = 96
	if !p.Addr().Is4In6() || p.Bits() <= mappedBits {
		return p
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
}

// CheckHost says whether a URL that CheckURL gave leads to an address that may not
// be dialled. It looks no name up, since its answer would tell whoever may make a
// webhook which names there are in the operator's network. It is for a friendly
// answer at creation; each dial decides anew. Its error is a *hook.Error of
// hook.CodeInvalid.
func (s *Sender) CheckHost(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		_, err = CheckURL(raw, true)
		return err
	}
	by := s.guard
	if s.play.leadsTo(raw) {
		by = s.play.guard
	}
	addrs := knownAddresses(u.Hostname())
	if len(addrs) == 0 || slices.ContainsFunc(addrs, func(a netip.Addr) bool { return by.permits(netip.AddrPortFrom(a, portOf(u))) }) {
		return nil
	}
	return hook.Field{Pointer: urlPointer, Code: hook.FieldURLNotPermitted,
		Detail: "destination not permitted; use a public host, or have the operator allow the network (GODWIT_EGRESS_ALLOW)"}.Invalid()
}

// knownAddresses are those of a host that everybody knows without a look-up: an
// address, or a name that is this machine anywhere (RFC 6761 section 6.3).
func knownAddresses(host string) []netip.Addr {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	}
	return nil
}

// named says whether the host of a URL is a name that has to be looked up.
func named(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && len(knownAddresses(u.Hostname())) == 0
}

// portOf is the port that a URL of CheckURL leads to.
func portOf(u *url.URL) uint16 {
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(port)
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// newDialer never looks names up through the C library, which takes 2130706433
// and 0x7f.1 for loopback.
func newDialer(g guard, servers *nameservers) *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, Control: g.control, Resolver: &net.Resolver{PreferGo: true, Dial: servers.dial}}
}
