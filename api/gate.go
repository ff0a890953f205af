package api

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"godwit/api/access"
	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// failures is how many guessable credentials a network may fail with.
var failures = allowance{name: "failures", perSecond: 10.0 / 60, burst: 20}

const (
	// lookupsAtOnce is how many credentials of one network are looked up at a time
	// that were not right there before. One takes about a millisecond.
	lookupsAtOnce = 4
	// wrongKept is for how long a credential that was looked up in vain is refused
	// without another look: it was revoked, used up or never there, and none of
	// that changes. It is short for the case that a database is restored.
	wrongKept = time.Minute
)

// gate keeps those who guess from learning and from costing anything. What can't
// be guessed is always looked up, whatever else came from the same address: an
// address may be shared with strangers. What one of them costs is bounded by the
// look-ups at a time of each network, and by remembering what was wrong.
//
// What could be guessed is the bootstrap key where it is short. Of a network with
// too many failures nothing of that form is compared any more, right or wrong, but
// for what was right from there before.
type gate struct {
	networks memory[*network]
	right    memory[struct{}] // by network and hash of the credential
	wrong    memory[refusal]  // by hash of the credential
}

// network is where credentials come from.
type network struct {
	failures *rate.Limiter
	turns    chan struct{} // lookupsAtOnce places
}

// refusal is an answer to a wrong credential, kept to be given again.
type refusal struct {
	err   error
	until time.Time
}

func newNetwork() *network {
	return &network{failures: failures.limiter(), turns: make(chan struct{}, lookupsAtOnce)}
}

func newGate() *gate {
	return &gate{newMemory[*network](), newMemory[struct{}](), newMemory[refusal]()}
}

// lookup lets find look up a credential that can't be guessed; codeUnauthorized
// says that it is wrong.
func (g *gate) lookup(ctx context.Context, from netip.Addr, credential string, find func() (hook.Principal, error)) (hook.Principal, error) {
	hash := string(apikey.Hash(credential))
	if err := g.refused(hash); err != nil {
		return hook.Principal{}, err
	}
	pair := networkOf(from) + " " + hash
	if !g.right.held.Contains(pair) {
		n := g.networks.of(networkOf(from), newNetwork)
		select {
		case n.turns <- struct{}{}:
			defer func() { <-n.turns }()
		case <-ctx.Done():
			return hook.Principal{}, ctx.Err()
		}
		if err := g.refused(hash); err != nil { // another request has looked it up
			return hook.Principal{}, err
		}
	}
	principal, err := find()
	switch {
	case err == nil:
		g.right.held.Add(pair, struct{}{})
	case problemOf(err).Code == access.CodeUnauthorized:
		g.right.held.Remove(pair)
		g.wrong.held.Add(hash, refusal{err, time.Now().Add(wrongKept)})
	}
	return principal, err
}

// refused gives what was said of a credential lately; nil = nothing.
func (g *gate) refused(hash string) error {
	if r, known := g.wrong.held.Get(hash); known && time.Now().Before(r.until) {
		return r.err
	}
	return nil
}

// guess lets compare look at a credential that can be guessed. It is counted as a
// failure before it is one, or many at one moment would be let in by the last
// token.
func (g *gate) guess(from netip.Addr, credential string, compare func() (hook.Principal, error)) (hook.Principal, error) {
	pair := networkOf(from) + " " + string(apikey.Hash(credential))
	if !g.right.held.Contains(pair) {
		n, now := g.networks.of(networkOf(from), newNetwork), time.Now()
		if !n.failures.AllowN(now, 1) {
			return hook.Principal{}, rateLimited("Too many wrong keys came from this address.", failures.until(n.failures.TokensAt(now), 1))
		}
	}
	principal, err := compare()
	if err == nil {
		g.right.held.Add(pair, struct{}{})
	}
	return principal, err
}

// networkOf is who is held to be one: an IPv4 address, or the /64 that someone
// with IPv6 has to himself.
func networkOf(a netip.Addr) string {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	prefix, _ := a.WithZone("").Prefix(bits) // those without an address are one, too
	return prefix.String()
}
