// Package subscription is the part of the store that keeps webhooks with their rules and
// secrets, what users may have of them, and event types.
package subscription

import (
	"godwit/internal/hook"
	"godwit/internal/store/access"
)

// Store keeps webhooks with their rules and secrets, what their owners may
// have, and event types.
type Store struct {
	*access.Store
	limits hook.Limits // of users
}

// New makes the part; limits are the installation's.
func New(access *access.Store, limits hook.Limits) *Store {
	return &Store{access, limits}
}
