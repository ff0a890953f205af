package send

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"godwit/internal/hook"
)

// errBlocked stands for every refusal of the guard. It holds no address, so
// that a receiver's owner can't map the network from it.
var errBlocked = errors.New("destination not permitted")

// guard decides which addresses may be dialled.
type guard struct{ ssrf *ssrf.Guardian }

// newGuard permits public addresses (by the IANA special-purpose registries)
// and those in allow, which are read before any refusal.
func newGuard(allow []netip.Prefix) guard {
	plain := make([]netip.Prefix, len(allow))
	for i, p := range allow {
		plain[i] = unmap(p)
	}
	return guard{ssrf.New(
		ssrf.WithAnyPort(),
		ssrf.WithAllowedV4Prefixes(plain...),
		ssrf.WithAllowedV6Prefixes(plain...),
		// Azure's WireServer: a host's secrets on an address that looks public.
		ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")),
	)}
}

// control is net.Dialer.Control: it sees the very address that is connected to.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	if g.ssrf.Safe(network, address, conn) != nil {
		return errBlocked
	}
	if to, err := netip.ParseAddrPort(address); err != nil || barred(to.Port()) {
		return errBlocked
	}
	return nil
}

// permits is the same decision for an address alone. An IPv4-mapped one is
// taken for its IPv4 address, as package net dials it.
func (g guard) permits(addr netip.Addr) bool {
	return g.ssrf.SafeAddr(addr.Unmap()) == nil
}

// unmap turns a prefix of IPv4-mapped addresses into the IPv4 one.
func unmap(p netip.Prefix) netip.Prefix {
	const mappedBits = 96
	if !p.Addr().Is4In6() || p.Bits() < mappedBits {
		return p
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
}

// lookupTimeout bounds CheckHost, which runs while somebody waits for a form.
const lookupTimeout = 2 * time.Second

// CheckHost says whether the host of a URL that CheckURL gave could be
// delivered to now: it is refused when it is, or resolves to, any address that
// may not be dialled. A name that does not resolve is accepted, as it may
// later. It is for a friendly answer at creation; each dial decides anew. Its
// error is a *hook.Error of hook.CodeInvalid that holds nothing of what the
// look-up found.
func (s *Sender) CheckHost(ctx context.Context, raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		_, err = CheckURL(raw, true)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	// The resolver gives a literal address back as it is.
	addrs, err := s.dialer.Resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil
	}
	for _, addr := range addrs {
		if !s.guard.permits(addr) {
			return hook.Invalid(urlPointer, "destination not permitted; "+
				"use a public host, or have the operator allow the network (GODWIT_EGRESS_ALLOW)")
		}
	}
	return nil
}

// newDialer never looks names up through the C library, which takes 2130706433
// and 0x7f.1 for loopback.
func newDialer(g guard, servers *nameservers) *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, Control: g.control, Resolver: &net.Resolver{PreferGo: true, Dial: servers.dial}}
}
