package hook

import "time"

// Session is someone who has signed in to the web app.
type Session struct {
	ID string
	// UserID is whom the session is bound to; "" for an admin.
	UserID string
	// KeyHash is the hash of the API key that has signed in, or has made the link
	// for an admin: what the session may do is what that key may do now. It is nil
	// where a portal link of a user has.
	KeyHash []byte
	// KeyID and Role are those of the key, in lists alone; a link has no key.
	KeyID     string
	Role      Role
	StartedAt time.Time
	ExpiresAt time.Time
}

// SessionFilter narrows a list of sessions.
type SessionFilter struct {
	UserID string // "" = everybody's
	// Bootstrap is the hash of the bootstrap key, whose sessions last as long as it
	// is the same.
	Bootstrap []byte
}
