// Package access is the part of the store that keeps API keys, sessions, sign-ins of
// devices, answers to requests with an idempotency key, and the audit log.
package access

import "godwit/internal/store/core"

// Store keeps who may use the API, what was done with it, and its answers.
type Store struct{ *core.DB }

// New makes the part on the connections of db.
func New(db *core.DB) *Store { return &Store{db} }
