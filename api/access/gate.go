package access

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// Unauthorized says in what way a credential is wrong.
type Unauthorized string

func (u Unauthorized) Error() string { return string(u) }

// failures is how many guessable credentials a network may fail with.
var failures = Allowance{Name: "failures", PerSecond: 10.0 / 60, Burst: 20}

const (
	// lookupsAtOnce is how many credentials of one network are looked up at a time
	// that were not right there before. One takes about a millisecond.
	lookupsAtOnce = 4
	// wrongKept is for how long a credential that was looked up in vain is refused
	// without another look: it was revoked, used up or never there, and none of
	// that changes. It is short for the case that a database is restored.
	wrongKept = time.Minute
)

// Gate keeps those who guess from learning and from costing anything. What can't
// be guessed is always looked up, whatever else came from the same address: an
// address may be shared with strangers. What one of them costs is bounded by the
// look-ups at a time of each network, and by remembering what was wrong.
//
// What could be guessed is the bootstrap key where it is short. Of a network with
// too many failures nothing of that form is compared any more, right or wrong, but
// for what was right from there before.
type Gate struct {
	networks Memory[*network]
	right    Memory[hook.Principal] // by network and hash of the credential: who that was
	wrong    Memory[refusal]        // by hash of the credential
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
	return &network{failures: failures.Limiter(), turns: make(chan struct{}, lookupsAtOnce)}
}

// NewGate makes a Gate that has seen nobody.
func NewGate() *Gate {
	return &Gate{NewMemory[*network](), NewMemory[hook.Principal](), NewMemory[refusal]()}
}

// Lookup lets find look up a credential that can't be guessed; Unauthorized says that
// it is wrong.
func (g *Gate) Lookup(ctx context.Context, from netip.Addr, credential string, find func() (hook.Principal, error)) (hook.Principal, error) {
	hash := string(apikey.Hash(credential))
	if err := g.refused(hash); err != nil {
		return hook.Principal{}, err
	}
	pair := NetworkOf(from) + " " + hash
	if !g.right.held.Contains(pair) {
		n := g.networks.Of(NetworkOf(from), newNetwork)
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
		g.right.held.Add(pair, principal)
	case errors.As(err, new(Unauthorized)):
		g.right.held.Remove(pair)
		g.wrong.held.Add(hash, refusal{err, time.Now().Add(wrongKept)})
	}
	return principal, err
}

// known gives who came last with a credential from there; false = nobody, or nothing
// that was right.
func (g *Gate) known(from netip.Addr, credential string) (hook.Principal, bool) {
	return g.right.held.Get(NetworkOf(from) + " " + string(apikey.Hash(credential)))
}

// refused gives what was said of a credential lately; nil = nothing.
func (g *Gate) refused(hash string) error {
	if r, known := g.wrong.held.Get(hash); known && time.Now().Before(r.until) {
		return r.err
	}
	return nil
}

// Guess lets compare look at a credential that can be guessed. It is counted as a
// failure before it is one, or many at one moment would be let in by the last
// token.
func (g *Gate) Guess(from netip.Addr, credential string, compare func() (hook.Principal, error)) (hook.Principal, error) {
	pair := NetworkOf(from) + " " + string(apikey.Hash(credential))
	if !g.right.held.Contains(pair) {
		n := g.networks.Of(NetworkOf(from), newNetwork)
		if err := failures.Take(n.failures, "Too many wrong keys came from this address."); err != nil {
			return hook.Principal{}, err
		}
	}
	principal, err := compare()
	if err == nil {
		g.right.held.Add(pair, principal)
	}
	return principal, err
}
