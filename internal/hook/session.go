package hook

import "time"

// Session is somebody who has signed in to the web app.
type Session struct {
	ID string
	// UserID is whom a portal link has signed in; "" where it was an API key.
	UserID string
	// KeyHash is the hash of the API key that has signed in: what the session may
	// do is what that key may do now.
	KeyHash   []byte
	ExpiresAt time.Time
}
