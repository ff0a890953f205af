package access

import (
	"context"
	"crypto/subtle"
	"net/netip"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// Credentials are what requests may come with, by their hashes.
type Credentials struct {
	// AdminKeyHash is that of the bootstrap key; empty = there is none.
	AdminKeyHash []byte
	// Key finds whose API key has a hash, and Session the session whose token has it.
	Key     func(ctx context.Context, hash []byte) (hook.Principal, error)
	Session func(ctx context.Context, hash []byte) (hook.Session, error)
}

// Door finds out who makes a request, and lets it in or not. It is safe for concurrent
// use; make one with NewDoor.
type Door struct {
	Credentials
	Cookie    Cookie
	Rates     *Rates
	Addresses *Addresses
	// Refuse answers a request that is not let in.
	Refuse func(huma.Context, error)
	gate   *Gate
}

// NewDoor completes a Door with a gate that has seen nobody.
func NewDoor(d Door) *Door {
	d.gate = NewGate()
	return &d
}

// safeKeyLength is how many characters put a bootstrap key out of reach of guessing.
const safeKeyLength = 16

// Principal finds out whose key it is. The bootstrap key needs no database, and
// neither does the refusal of what can't be a key.
func (d *Door) Principal(ctx context.Context, from netip.Addr, key string) (hook.Principal, error) {
	hash := apikey.Hash(key)
	find := func() (hook.Principal, error) { return d.principalOf(ctx, hash) }
	switch {
	case len(key) >= safeKeyLength && d.IsBootstrap(hash):
		return find()
	case apikey.WellFormed(key):
		return d.gate.Lookup(ctx, from, key, find)
	}
	return d.gate.Guess(from, key, func() (hook.Principal, error) {
		if d.IsBootstrap(hash) {
			return find()
		}
		return hook.Principal{}, Unauthorized("This is not an API key, or not a whole one.")
	})
}

// principalOf finds out whose key has this hash.
func (d *Door) principalOf(ctx context.Context, hash []byte) (hook.Principal, error) {
	if d.IsBootstrap(hash) {
		return hook.Principal{KeyID: hook.BootstrapKey, Role: hook.RoleAdmin}, nil
	}
	principal, err := d.Key(ctx, hash)
	if hook.CodeOf(err) == hook.CodeNotFound {
		err = Unauthorized("This API key is not known, has expired or was revoked.")
	}
	return principal, err
}

// IsBootstrap says whether it is the hash of the bootstrap key.
func (d *Door) IsBootstrap(hash []byte) bool {
	return len(d.AdminKeyHash) > 0 && subtle.ConstantTimeCompare(hash, d.AdminKeyHash) == 1
}

// tokenForm is that of rand.Text: 130 random bits.
var tokenForm = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// Token is what a browser or a link holds.
type Token struct {
	Text  string
	Wrong string // what is said of one that is not known
}

// Holder finds out whose a token is. What can't be one is not looked up.
func (d *Door) Holder(ctx context.Context, from netip.Addr, token Token, find func() (hook.Principal, error)) (hook.Principal, error) {
	if !tokenForm.MatchString(token.Text) {
		return d.gate.Guess(from, token.Text, func() (hook.Principal, error) { return hook.Principal{}, Unauthorized(token.Wrong) })
	}
	return d.gate.Lookup(ctx, from, token.Text, func() (hook.Principal, error) {
		principal, err := find()
		if hook.CodeOf(err) == hook.CodeNotFound {
			err = Unauthorized(token.Wrong)
		}
		return principal, err
	})
}

// signedIn finds out who a session belongs to now.
func (d *Door) signedIn(ctx context.Context, from netip.Addr, token string) (hook.Principal, error) {
	return d.Holder(ctx, from, Token{token, "The session has ended; sign in again."}, func() (hook.Principal, error) {
		session, err := d.Session(ctx, apikey.Hash(token))
		if err != nil {
			return hook.Principal{}, err
		}
		return d.PrincipalIn(ctx, session)
	})
}

// PrincipalIn is who a session belongs to: its user, or whoever has its key.
func (d *Door) PrincipalIn(ctx context.Context, session hook.Session) (hook.Principal, error) {
	var err error
	principal := hook.Principal{KeyID: session.ID, Role: hook.RoleUser, UserID: session.UserID}
	if session.UserID == "" {
		principal, err = d.principalOf(ctx, session.KeyHash)
	}
	principal.SessionID, principal.SessionEnds = session.ID, session.ExpiresAt
	return principal, err
}
