package access

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

const forwardedFor = "X-Forwarded-For"

// warnAgain is how often the log says that a header is not believed.
const warnAgain = time.Hour

// Addresses finds out where requests come from. It is safe for concurrent use.
type Addresses struct {
	trusted []netip.Prefix // proxies
	log     *zap.Logger
	warned  Memory[time.Time] // by reason
}

// NewAddresses makes Addresses that believe the proxies in some networks.
func NewAddresses(trusted []netip.Prefix, log *zap.Logger) *Addresses {
	return &Addresses{trusted, log, NewMemory[time.Time]()}
}

// Of is clientAddress, and warns of a header that is not believed: behind a proxy that
// is not named, everybody has the proxy's address.
func (a *Addresses) Of(r *http.Request) netip.Addr {
	address := clientAddress(r, a.trusted)
	end, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || len(r.Header[forwardedFor]) == 0 || contains(a.trusted, end.Addr().Unmap()) {
		return address
	}
	reason := "no proxy is trusted; if this peer is one, name it in GODWIT_TRUSTED_PROXIES"
	if len(a.trusted) > 0 {
		reason = "this peer is not in GODWIT_TRUSTED_PROXIES"
	}
	if said, known := a.warned.held.Get(reason); !known || time.Since(said) >= warnAgain {
		a.warned.held.Add(reason, time.Now())
		a.log.Warn(forwardedFor+" is not believed", zap.String("reason", reason), zap.Stringer("peer", end.Addr().Unmap()))
	}
	return address
}

// clientAddress is where a request comes from: the other end of its connection;
// where that is a trusted proxy, the last address in X-Forwarded-For that is
// none. What stands before it is the client's own words. The zero Addr means
// that it can't be told.
//
// Gin's ClientIP reads one line of the header, and some proxies add a line
// behind those that the client has sent.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	end, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := end.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !contains(trusted, address) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = next.Unmap()
	}
	return address
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// NetworkOf is who is held to be one: an IPv4 address, or the /64 that someone
// with IPv6 has to himself.
func NetworkOf(a netip.Addr) string {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	prefix, _ := a.WithZone("").Prefix(bits) // those without an address are one, too
	return prefix.String()
}
