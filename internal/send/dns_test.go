package send

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"godwit/internal/hook"
)

// look gives the addresses of every name for its n-th look-up, from 0.
type look func(n int) ([]string, dnsmessage.RCode)

// turns answers the first look-up with the first list, and so on; the last list
// stays.
func turns(lists ...[]string) look {
	return func(n int) ([]string, dnsmessage.RCode) {
		return lists[min(n, len(lists)-1)], dnsmessage.RCodeSuccess
	}
}

// resolveWith gives s its own DNS server on loopback.
func resolveWith(t testing.TB, s *Sender, answer look) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		asked := map[dnsmessage.Type]int{}
		buf := make([]byte, 4<<10)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answerDNS(buf[:n], asked, answer); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		wg.Wait()
	})
	s.ask(conn.LocalAddr().String())
}

// ask has the look-ups of s go to one address.
func (s *Sender) ask(address string) {
	s.dialer.Resolver.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.nameservers.dial(ctx, "udp", address)
	}
}

// answerDNS answers questions of each type in turn, as one look-up asks for
// both kinds of address at once. It gives nil for what is no question.
func answerDNS(raw []byte, asked map[dnsmessage.Type]int, answer look) []byte {
	var m dnsmessage.Message
	if m.Unpack(raw) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	addrs, code := answer(asked[q.Type])
	asked[q.Type]++
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RCode: code, RecursionAvailable: true}
	m.Answers, m.Authorities, m.Additionals = nil, nil, nil
	for _, text := range addrs {
		addr := netip.MustParseAddr(text)
		head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: addr.As4()}})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		panic(err) // a mistake in a test's own list
	}
	return packed
}

// dials is what a Sender's dialer was asked to connect to, and what the guard
// said of it.
type dials struct {
	mu            sync.Mutex
	let, refused  []string
	nothingLeaves bool
}

// watch looks at the lowest level there is: a socket that is about to connect.
func watch(s *Sender) *dials {
	d := &dials{}
	control := s.dialer.Control
	s.dialer.Control = func(network, address string, conn syscall.RawConn) error {
		err := control(network, address, conn)
		d.mu.Lock()
		defer d.mu.Unlock()
		if err != nil {
			d.refused = append(d.refused, address)
			return err
		}
		d.let = append(d.let, address)
		if d.nothingLeaves {
			return net.ErrClosed
		}
		return nil
	}
	return d
}

// take counts what there was since it was called last.
func (d *dials) take() (let, refused int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	let, refused = len(d.let), len(d.refused)
	d.let, d.refused = nil, nil
	return let, refused
}

// pair listens on one port of 127.0.0.1 and of 127.0.0.2. A Sender that may
// dial the second alone has, on one machine, a public address and a private one.
func pair(t *testing.T) (private, public *receiver, s *Sender) {
	answer := say("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	for range 20 {
		first, err := net.Listen("tcp", "127.0.0.2:0")
		require.NoError(t, err)
		port := first.Addr().(*net.TCPAddr).AddrPort().Port()
		second, err := net.Listen("tcp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String())
		if err != nil {
			first.Close() // someone else has this port there
			continue
		}
		s = New(Options{EgressAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
		t.Cleanup(s.Close)
		return serve(t, second, answer), serve(t, first, answer), s
	}
	require.FailNow(t, "no port is free on both addresses")
	return nil, nil, nil
}

// A name that was public once may be anything later.
func TestRebinding(t *testing.T) {
	const inner, outer = "127.0.0.1", "127.0.0.2"
	tests := []struct {
		name string
		dns  look
		want [2]hook.Reason // of two attempts; empty: success
	}{
		{"public, then private", turns([]string{outer}, []string{inner}), [2]hook.Reason{"", hook.ReasonDNS}},
		{"public, then private twice over", turns([]string{outer}, []string{"::1", inner, "169.254.169.254"}), [2]hook.Reason{"", hook.ReasonDNS}},
		{"private, then public", turns([]string{inner}, []string{outer}), [2]hook.Reason{hook.ReasonDNS, ""}},
		{"both in one answer", turns([]string{outer, inner}), [2]hook.Reason{}},
		{"both in one answer, the private one first", turns([]string{inner, "::1", outer}), [2]hook.Reason{}},
		{"public, then both", turns([]string{outer}, []string{inner, outer}), [2]hook.Reason{}},
		{"public, then the same address mapped into IPv6", turns([]string{outer}, []string{"::ffff:127.0.0.1"}), [2]hook.Reason{"", hook.ReasonDNS}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			private, public, s := pair(t)
			resolveWith(t, s, tt.dns)
			_, port := hostPort(t, public.url)
			target := "http://rebind.test:" + port + "/"
			require.NoError(t, s.CheckHost(target), "which asks no name server")
			successes := 0
			for _, want := range tt.want {
				result := attempt(t, s, message(target))
				require.Equal(t, want, result.Reason, result.Error)
				if want == "" {
					successes++
				}
			}
			require.Zero(t, private.connections(), "the private address was dialled")
			require.Equal(t, successes, public.connections())
		})
	}
}

func TestFailuresOfDNS(t *testing.T) {
	for name, code := range map[string]dnsmessage.RCode{
		"no such name": dnsmessage.RCodeNameError, "no address": dnsmessage.RCodeSuccess,
		"broken": dnsmessage.RCodeServerFailure, "refused": dnsmessage.RCodeRefused,
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Options{})
			t.Cleanup(s.Close)
			resolveWith(t, s, func(int) ([]string, dnsmessage.RCode) { return nil, code })
			d := watch(s)
			require.NoError(t, s.CheckHost("https://shop.test/"))
			result := attempt(t, s, message("https://shop.test/"))
			require.Equal(t, hook.ReasonDNS, result.Reason)
			require.Equal(t, "the host name could not be resolved to a permitted address", result.Error)
			let, refused := d.take()
			require.Zero(t, let+refused)
		})
	}
}
