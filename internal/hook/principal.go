package hook

import (
	"context"
	"net/netip"
	"time"
)

// Role says what an API key may do.
type Role string

// The roles of API keys.
const (
	// RoleAdmin may do everything.
	RoleAdmin Role = "admin"
	// RolePublisher may publish events, and nothing else.
	RolePublisher Role = "publisher"
	// RoleUser is bound to one user: it sees and manages that user's webhooks and
	// their deliveries, and sees the projects that the user is a member of.
	RoleUser Role = "user"
)

// BootstrapKey stands for the id of the admin key that the environment sets.
const BootstrapKey = "bootstrap"

// Principal is who a request is made by, as its credential says.
type Principal struct {
	// KeyID is the id of the API key or of the session; BootstrapKey for the one
	// of the environment.
	KeyID string
	Role  Role
	// UserID is the user whom the credential is bound to; "" unless RoleUser.
	UserID string
	// SessionID is the session of the browser that asks, which ends at SessionEnds;
	// "" for an API key.
	SessionID   string
	SessionEnds time.Time
	// Address is where the request comes from.
	Address netip.Addr
	// RequestID is the request's own id, as its answer names it.
	RequestID string
}

// Actor names the principal where a webhook's story tells who did something:
// the user, else "admin" for the bootstrap key, else the key.
func (p Principal) Actor() string {
	switch {
	case p.UserID != "":
		return p.UserID
	case p.KeyID == BootstrapKey:
		return string(RoleAdmin)
	}
	return p.KeyID
}

type principalKey struct{}

// WithPrincipal gives a context that tells who a request is made by.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf tells who a request is made by; the zero Principal, which may do
// nothing, where ctx belongs to none: Godwit's own work.
func PrincipalOf(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
