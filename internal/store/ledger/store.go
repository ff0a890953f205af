// Package ledger is the part of the store that keeps events, deliveries and attempts:
// what is due, what waits, what is sent again, what is removed. The states of a delivery
// are in package hook, STATES.md.
package ledger

import (
	"sync"

	"godwit/internal/store/subscription"
)

// Store keeps events, their deliveries and the attempts of these.
type Store struct {
	*subscription.Store
	opened opened
	takes  ends
	claims ends
	hop    hop // of Queued
	ages   ages
	// PassingOver is held by statements that pass over deliveries which others have locked,
	// so that those of one process do not pass over each other's.
	PassingOver sync.Mutex
}

// New makes the part.
func New(subscription *subscription.Store) *Store {
	return &Store{Store: subscription}
}
