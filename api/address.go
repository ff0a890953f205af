package api

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

// clientAddress is that of the function, and warns of a header that is not
// believed: behind a proxy that is not named, everybody has the proxy's address.
func (s *server) clientAddress(r *http.Request) netip.Addr {
	address := clientAddress(r, s.TrustedProxies)
	end, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || len(r.Header[forwardedFor]) == 0 || contains(s.TrustedProxies, end.Addr().Unmap()) {
		return address
	}
	reason := "no proxy is trusted; if this peer is one, name it in GODWIT_TRUSTED_PROXIES"
	if len(s.TrustedProxies) > 0 {
		reason = "this peer is not in GODWIT_TRUSTED_PROXIES"
	}
	if said, known := s.warned.held.Get(reason); !known || time.Since(said) >= warnAgain {
		s.warned.held.Add(reason, time.Now())
		s.Log.Warn(forwardedFor+" is not believed", zap.String("reason", reason), zap.Stringer("peer", end.Addr().Unmap()))
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
