package send

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"godwit/internal/hook"
)

// nameservers makes the connections to the name servers, and keeps when one of
// them was heard of last. The zero value is ready.
type nameservers struct {
	heard atomic.Int64 // Unix nanoseconds
}

func (n *nameservers) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if udp, ok := c.(*net.UDPConn); ok {
		return heardUDP{udp, n}, nil
	}
	return heardConn{c, n}, nil
}

func (n *nameservers) hear(bytes int) {
	if bytes > 0 {
		n.heard.Store(time.Now().UnixNano())
	}
}

// silentSince says whether none of them has said anything since.
func (n *nameservers) silentSince(start time.Time) bool { return n.heard.Load() < start.UnixNano() }

// heardUDP stays a net.PacketConn, by which the resolver tells how to ask.
type heardUDP struct {
	*net.UDPConn
	servers *nameservers
}

func (c heardUDP) Read(b []byte) (int, error) {
	n, err := c.UDPConn.Read(b)
	c.servers.hear(n)
	return n, err
}

type heardConn struct {
	net.Conn
	servers *nameservers
}

func (c heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.servers.hear(n)
	return n, err
}

// own says whether the attempt that began at start failed for a reason of this
// machine: it is out of something, its name servers are silent, its proxy is
// out of reach, or it has no network. None of that says anything about the receiver.
func (s *Sender) own(err error, at phase, start time.Time) bool {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL, syscall.ENETDOWN:
			return true
		case syscall.ENETUNREACH:
			return !routed()
		}
	}
	var dns *net.DNSError
	var via proxyError
	switch {
	case errors.Is(err, errBlocked):
		return false // also where the name servers need not be asked
	case errors.As(err, &via):
		return via.reason == hook.ReasonInternal
	case errors.As(err, &dns):
		return !dns.IsNotFound && s.nameservers.silentSince(start)
	case at == phaseLookup:
		return s.nameservers.silentSince(start)
	}
	return false
}

// routed says whether there is a way out of this machine. It sends nothing: the
// addresses are for documentation, and connecting a UDP socket only looks for a
// route.
func routed() bool {
	for _, address := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} {
		if c, err := net.Dial("udp", address); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}
