package api

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// failures is how often a network may come with wrong credentials.
var failures = allowance{name: "failures", perSecond: 10.0 / 60, burst: 20}

// gate keeps those who guess from guessing on: of a network with too many
// failures no credential is compared or looked up any more, right or wrong, so
// that the answer tells nothing. What was right from that network before, or was
// made from there, is let through all the same, or one guesser would lock out
// everybody who shares an address with him. The price: a credential that is new there has to wait until
// the guessing ends.
type gate struct {
	networks memory[*network]
	right    memory[struct{}] // by network and hash of the credential
}

// network is where credentials come from.
type network struct {
	failures *rate.Limiter
	// turn has room for one: those that are new are looked up one after the other,
	// or many guesses at one moment would be let in by the last token.
	turn chan struct{}
}

func newNetwork() *network {
	return &network{failures: failures.limiter(), turn: make(chan struct{}, 1)}
}

func newGate() *gate { return &gate{newMemory[*network](), newMemory[struct{}]()} }

// pass lets find look a credential up that came from an address, unless too
// many from there were wrong; codeUnauthorized says that this one is.
func (g *gate) pass(ctx context.Context, from netip.Addr, credential string, find func() (hook.Principal, error)) (hook.Principal, error) {
	pair := pairOf(from, credential)
	n := g.networks.of(networkOf(from), newNetwork)
	if !g.right.held.Contains(pair) {
		select {
		case n.turn <- struct{}{}:
			defer func() { <-n.turn }()
		case <-ctx.Done():
			return hook.Principal{}, ctx.Err()
		}
		if left := n.failures.TokensAt(time.Now()); left < 1 && !g.right.held.Contains(pair) {
			return hook.Principal{}, rateLimited("Too many wrong keys came from this address.", failures.until(left, 1))
		}
	}
	principal, err := find()
	switch {
	case err == nil:
		g.trust(from, credential)
	case problemOf(err).Code == codeUnauthorized:
		g.right.held.Remove(pair)
		n.failures.Allow()
	}
	return principal, err
}

// trust lets a credential pass that was made for somebody at an address.
func (g *gate) trust(from netip.Addr, credential string) {
	g.right.held.Add(pairOf(from, credential), struct{}{})
}

func pairOf(from netip.Addr, credential string) string {
	return networkOf(from) + " " + string(apikey.Hash(credential))
}

// networkOf is who is held to be one: an IPv4 address, or the /64 that somebody
// with IPv6 has to himself.
func networkOf(a netip.Addr) string {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	prefix, _ := a.WithZone("").Prefix(bits) // those without an address are one, too
	return prefix.String()
}
