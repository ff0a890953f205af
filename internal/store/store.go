package store

import (
	"time"

	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/seal"
)

// Store reads and writes the domain in Postgres. Its parts stand on one another: each
// knows those above it in this list, and none below.
type Store struct {
	*healthStore // and what it stands on: ledger, subscription, access, DB
	*outcomeStore
	*intakeStore
	*directoryStore
}

// Options are what a Store works with beside its database. None must be set.
type Options struct {
	// Connections is how many there may be, at least LeastConnections; 0 =
	// DefaultConnections.
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
	db, err := openDB(databaseURL, ring, o.Connections, o.Local)
	if err != nil {
		return nil, err
	}
	subscription := &subscriptionStore{&accessStore{db}, o.Limits}
	health := &healthStore{&ledgerStore{subscriptionStore: subscription}, o.TellOwners}
	return &Store{health, &outcomeStore{health, newPart()}, newIntake(health, o.Firsts), &directoryStore{health}}, nil
}
