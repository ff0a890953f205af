package hook

import "time"

// APIKey is an API key without the key itself, of which only a hash is kept.
type APIKey struct {
	ID   string
	Name string
	Role Role
	// UserID is the user whom the key is bound to; "" unless RoleUser.
	UserID string
	// Prefix is how the key begins, to recognise it by.
	Prefix string
	// ExpiresAt is when the key ends to be valid; zero = never.
	ExpiresAt time.Time
	// LastUsedAt is when the key was used last, a minute late at most; zero = never.
	LastUsedAt time.Time
	CreatedAt  time.Time
}
