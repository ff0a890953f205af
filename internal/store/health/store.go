// Package health is the part of the store that keeps the health of webhooks, their
// recoveries and pauses, and what is told of them: operational events, mail, reports.
package health

import "godwit/internal/store/ledger"

// Store keeps the health of webhooks, their recoveries, and what is told of both.
type Store struct {
	*ledger.Store
	tellOwners bool
}

// New makes the part. Where it tells owners it writes a notice of each transition that
// they should know of.
func New(ledger *ledger.Store, tellOwners bool) *Store { return &Store{ledger, tellOwners} }
