// Package outcome is the part of the store that writes the ends of attempts, where a
// delivery and the health of its webhook change together.
package outcome

import (
	"math/rand/v2"

	"godwit/internal/store/health"
)

// Store writes the ends of attempts, where a delivery and the health of its
// webhook change together.
type Store struct {
	*health.Store
	part int // see countParts
}

// New makes the part.
func New(health *health.Store) *Store { return &Store{health, newPart()} }

// newPart picks the parts of a process: this one, and the next one.
func newPart() int { return 2 * rand.IntN(countParts/2) }

// countParts is in how many parts each number of health_counts is kept, while its
// hour lasts. A process writes to two of them: successes, of which it writes many
// in one statement at a time, to one; all else, which may be part of a longer
// transaction, to the other. So processes seldom wait for one another, and a
// webhook with few attempts has few rows.
const countParts = 16
