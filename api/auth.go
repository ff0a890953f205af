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

// audience is the roles that may call a route.
type audience []hook.Role

// The audiences of routes.
var (
	admins     = audience{hook.RoleAdmin}
	publishers = audience{hook.RoleAdmin, hook.RolePublisher}
	users      = audience{hook.RoleAdmin, hook.RoleUser}
	anyone     = audience{} // without a credential, too
)

// String lists the roles, for people.
func (a audience) String() string {
	if len(a) == 0 {
		return "none is needed"
	}
	names := make([]string, len(a))
	for i, role := range a {
		names[i] = string(role)
	}
	return strings.Join(names, ", ")
}

// security is the audience as OpenAPI has it.
func (a audience) security() []map[string][]string {
	switch {
	case len(a) == 0:
		return []map[string][]string{{}}
	case slices.Contains(a, hook.RolePublisher):
		return []map[string][]string{{"key": {}}}
	}
	return []map[string][]string{{"key": {}}, {"session": {}}}
}

// authorize lets a request pass whose key's role is in the audience. It runs
// before anything of the request's body is read; handlers find who is asking by
// hook.PrincipalOf.
func (s *server) authorize(who audience) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		principal, err := s.authenticate(ctx, who)
		if err == nil && len(who) > 0 {
			err = s.spend(ctx.SetHeader, principal, s.allowance(principal, who))
		}
		if err == nil && len(who) > 0 && !slices.Contains(who, principal.Role) {
			err = newProblem(access.CodeForbidden, "A key of the role "+string(principal.Role)+" may not do this.")
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
func (s *server) authenticate(ctx huma.Context, who audience) (hook.Principal, error) {
	from := s.clientAddress(humagin.Unwrap(ctx).Request)
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
		err = newProblem(access.CodeUnauthorized, "The header Authorization: Bearer <key> is missing.")
	}
	principal.Address, principal.RequestID = from, requestID(ctx.Context())
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
		return s.gate.lookup(ctx, from, key, find)
	}
	return s.gate.guess(from, key, func() (hook.Principal, error) {
		if s.isBootstrap(hash) {
			return find()
		}
		return hook.Principal{}, newProblem(access.CodeUnauthorized, "This is not an API key, or not a whole one.")
	})
}

// principalOf finds out whose key has this hash.
func (s *server) principalOf(ctx context.Context, hash []byte) (hook.Principal, error) {
	if s.isBootstrap(hash) {
		return hook.Principal{KeyID: hook.BootstrapKey, Role: hook.RoleAdmin}, nil
	}
	principal, err := s.Store.Principal(ctx, hash)
	if hook.CodeOf(err) == hook.CodeNotFound {
		err = newProblem(access.CodeUnauthorized, "This API key is not known, has expired or was revoked.")
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
