// Package directory is the part of the store that keeps companies, projects, users and
// members, and the edits of webhooks: those that people make, and those that follow from
// a change of the directory. Listeners and the play receiver are kept here, too.
package directory

import "godwit/internal/store/health"

// Store keeps companies, projects, users and members, and edits the webhooks
// of these users.
type Store struct{ *health.Store }

// New makes the part.
func New(health *health.Store) *Store { return &Store{health} }
