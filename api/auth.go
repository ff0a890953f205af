package api

import (
	"context"
	"crypto/subtle"
	"net/netip"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// authorize lets a request pass whose key's role is in the audience. It runs
// before anything of the request's body is read; handlers find who is asking by
// hook.PrincipalOf.
func (s *server) authorize(who access.Audience) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		principal, err := s.authenticate(ctx, who)
		if err == nil && len(who) > 0 {
			err = s.requests.Spend(ctx.SetHeader, principal, who)
		}
		if err == nil && len(who) > 0 && !slices.Contains(who, principal.Role) {
			err = access.NewProblem(access.CodeForbidden, "A key of the role "+string(principal.Role)+" may not do this.")
		}
		if err != nil {
			s.refuse(ctx, err)
			return
		}
		within := withHeader(ctx.Context(), humagin.Unwrap(ctx).Writer.Header())
		next(huma.WithContext(ctx, hook.WithPrincipal(within, principal)))
	}
}

// refuse answers a request that goes no further.
func (s *server) refuse(ctx huma.Context, err error) {
	p := s.report(ctx.Context(), err)
	if p.Code == access.CodeUnauthorized {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
	}
	s.fail(humagin.Unwrap(ctx), p)
}

// authenticate finds out who makes a request: by its API key, else by the
// session of a browser. Where both are sent the session counts for nothing.
func (s *server) authenticate(ctx huma.Context, who access.Audience) (hook.Principal, error) {
	from := s.addresses.Of(humagin.Unwrap(ctx).Request)
	var principal hook.Principal
	var err error
	key, ok := bearer(ctx.Header("Authorization"))
	token := s.sessionToken(ctx.Header("Cookie"))
	switch {
	case len(who) == 0:
	case ok:
		principal, err = s.principal(ctx.Context(), from, key)
	case token != "":
		principal, err = s.signedIn(ctx.Context(), from, token)
	default:
		err = access.Unauthorized("The header Authorization: Bearer <key> is missing.")
	}
	principal.Address, principal.RequestID = from, access.RequestID(ctx.Context())
	return principal, err
}

// safeKeyLength is how many characters put a bootstrap key out of reach of guessing.
const safeKeyLength = 16

// principal finds out whose key it is. The bootstrap key needs no database, and
// neither does the refusal of what can't be a key.
func (s *server) principal(ctx context.Context, from netip.Addr, key string) (hook.Principal, error) {
	hash := apikey.Hash(key)
	find := func() (hook.Principal, error) { return s.principalOf(ctx, hash) }
	switch {
	case len(key) >= safeKeyLength && s.isBootstrap(hash):
		return find()
	case apikey.WellFormed(key):
		return s.gate.Lookup(ctx, from, key, find)
	}
	return s.gate.Guess(from, key, func() (hook.Principal, error) {
		if s.isBootstrap(hash) {
			return find()
		}
		return hook.Principal{}, access.Unauthorized("This is not an API key, or not a whole one.")
	})
}

// principalOf finds out whose key has this hash.
func (s *server) principalOf(ctx context.Context, hash []byte) (hook.Principal, error) {
	if s.isBootstrap(hash) {
		return hook.Principal{KeyID: hook.BootstrapKey, Role: hook.RoleAdmin}, nil
	}
	principal, err := s.Store.Principal(ctx, hash)
	if hook.CodeOf(err) == hook.CodeNotFound {
		err = access.Unauthorized("This API key is not known, has expired or was revoked.")
	}
	return principal, err
}

func (s *server) isBootstrap(hash []byte) bool {
	return len(s.AdminKeyHash) > 0 && subtle.ConstantTimeCompare(hash, s.AdminKeyHash) == 1
}

func bearer(header string) (key string, ok bool) {
	scheme, key, _ := strings.Cut(header, " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}
