package send

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"code.dny.dev/ssrf"
)

const (
	// serviceLookup bounds the look-up of a service's name. It happens while a
	// connection is made, and only to a port that a service has.
	serviceLookup = 2 * time.Second
	// serviceKept is for how long the addresses of a name are kept.
	serviceKept = time.Minute
)

// services are the ports of this installation itself: its API, its database,
// Temporal, what it sends mail by. They are never targets, whatever network is
// allowed: a request from here passes what keeps strangers away from them.
type services struct {
	public *ssrf.Guardian
	mu     sync.RWMutex
	all    []*service
}

// service is one host and port.
type service struct {
	host string
	port uint16

	mu    sync.Mutex
	found []netip.Addr
	until time.Time // found is fresh until then
}

func newServices() *services { return &services{public: ssrf.New(ssrf.WithAnyPort())} }

// add takes addresses as host:port. What is none, such as the path of a Unix
// socket, can't be a target either.
func (s *services) add(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range addresses {
		host, number, err := net.SplitHostPort(address)
		port, badPort := strconv.ParseUint(number, 10, 16)
		if err != nil || badPort != nil || strings.HasPrefix(host, "/") {
			continue
		}
		s.all = append(s.all, &service{host: host, port: uint16(port)})
	}
}

// hold says whether a service listens at an address and port. A port of this
// machine is taken at all of its addresses, whichever of them it listens on.
// The public address of a service elsewhere may belong to others too, and is no
// secret to be kept.
func (s *services) hold(addr netip.Addr, port uint16) bool {
	s.mu.RLock()
	all := s.all
	s.mu.RUnlock()
	for _, one := range all {
		if one.port != port {
			continue
		}
		here := isHere(addr)
		for _, at := range one.addresses() {
			if here && isHere(at) || !here && at == addr && s.public.SafeAddr(addr) != nil {
				return true
			}
		}
	}
	return false
}

// addresses gives those of the service's host, as it was found last: where a
// look-up fails, the one before it counts.
func (s *service) addresses() []netip.Addr {
	if s.host == "" {
		return []netip.Addr{netip.IPv4Unspecified()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.found
	}
	ctx, cancel := context.WithTimeout(context.Background(), serviceLookup)
	defer cancel()
	if found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", s.host); err == nil {
		s.found = found
		for i, addr := range found {
			s.found[i] = addr.Unmap()
		}
	}
	s.until = time.Now().Add(serviceKept)
	return s.found
}

// isHere says whether addr leads to this machine.
func isHere(addr netip.Addr) bool {
	if addr.IsLoopback() || addr.IsUnspecified() {
		return true
	}
	interfaces, err := net.InterfaceAddrs() // each time: addresses come and go
	if err != nil {
		return false
	}
	return slices.ContainsFunc(interfaces, func(a net.Addr) bool {
		network, ok := a.(*net.IPNet)
		if !ok {
			return false
		}
		own, ok := netip.AddrFromSlice(network.IP)
		return ok && own.Unmap() == addr.WithZone("")
	})
}
