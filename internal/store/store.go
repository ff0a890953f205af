package store

import (
	"time"

	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/seal"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/directory"
	"godwit/internal/store/health"
	"godwit/internal/store/intake"
	"godwit/internal/store/ledger"
	"godwit/internal/store/outcome"
	"godwit/internal/store/subscription"
)

// Store reads and writes the domain in Postgres: all of its parts in one.
type Store struct {
	*base
	*outcomeStore
	*intakeStore
	*directoryStore
}

// The parts of a Store by names of their own, which a struct needs to embed them.
type (
	base           = health.Store // and what it stands on: ledger, subscription, access, core
	outcomeStore   = outcome.Store
	intakeStore    = intake.Store
	directoryStore = directory.Store
)

// Options are what a Store works with beside its database. None must be set.
type Options struct {
	// Connections is how many there may be, at least core.LeastConnections; 0 =
	// core.DefaultConnections.
	Connections int
	// Local is this machine's clock; nil = time.Now.
	Local func() time.Time
	// Limits are the installation's limits of users.
	Limits hook.Limits
	// TellOwners has every transition that an owner should know of written down as a
	// notice.
	TellOwners bool
	// Firsts takes the first attempts that an ingest begins; nil = it begins none.
	Firsts *inflight.Handover
}

// Open makes a Store on the database of the given URL. It does not connect
// yet: a database that is away is reported by the first use, and by Ready.
// The caller closes the Store.
func Open(databaseURL string, ring *seal.Ring, o Options) (*Store, error) {
	db, err := core.Open(databaseURL, ring, o.Connections, o.Local)
	if err != nil {
		return nil, err
	}
	base := health.New(ledger.New(subscription.New(access.New(db), o.Limits)), o.TellOwners)
	return &Store{base, outcome.New(base), intake.New(base, o.Firsts), directory.New(base)}, nil
}
