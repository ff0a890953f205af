// Package outcome is the part of the store that writes the ends of attempts, where a
// delivery and the health of its webhook change together.
package outcome

import "godwit/internal/store/health"

// Store writes the ends of attempts, where a delivery and the health of its
// webhook change together.
type Store struct {
	*health.Store
	part int // see countParts
}

// New makes the part.
func New(health *health.Store) *Store { return &Store{health, newPart()} }
