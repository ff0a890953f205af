package access

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/internal/hook"
)

// Authorize lets a request pass whose key's role is in the audience. It runs
// before anything of the request's body is read; handlers find who is asking by
// hook.PrincipalOf.
func (d *Door) Authorize(who Audience) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		principal, err := d.counted(ctx, who)
		if err == nil && len(who) > 0 && !slices.Contains(who, principal.Role) {
			err = NewProblem(CodeForbidden, "A key of the role "+string(principal.Role)+" may not do this.")
		}
		if err != nil {
			d.Refuse(ctx, err)
			return
		}
		within := withHeader(ctx.Context(), humagin.Unwrap(ctx).Writer.Header())
		next(huma.WithContext(ctx, hook.WithPrincipal(within, principal)))
	}
}

// counted authenticates a request, and counts it to who makes it. A request too many of
// someone who came from there before is refused before the database is asked.
func (d *Door) counted(ctx huma.Context, who Audience) (principal hook.Principal, err error) {
	if len(who) == 0 {
		return d.Authenticate(ctx, who)
	}
	before, known := d.before(ctx)
	if known {
		err = d.Rates.Spend(ctx.SetHeader, before, who)
	}
	if err == nil {
		principal, err = d.Authenticate(ctx, who)
	}
	if err == nil && !known {
		err = d.Rates.Spend(ctx.SetHeader, principal, who)
	}
	return principal, err
}

// before is who came last with the request's credential from its network.
func (d *Door) before(ctx huma.Context) (hook.Principal, bool) {
	credential, isKey := bearer(ctx.Header("Authorization"))
	if !isKey {
		credential = d.Cookie.of(ctx.Header("Cookie"))
	}
	return d.gate.known(d.Addresses.Of(humagin.Unwrap(ctx).Request), credential)
}

// Authenticate finds out who makes a request: by its API key, else by the
// session of a browser. Where both are sent the session counts for nothing.
func (d *Door) Authenticate(ctx huma.Context, who Audience) (hook.Principal, error) {
	from := d.Addresses.Of(humagin.Unwrap(ctx).Request)
	var principal hook.Principal
	var err error
	key, ok := bearer(ctx.Header("Authorization"))
	token := d.Cookie.of(ctx.Header("Cookie"))
	switch {
	case len(who) == 0:
	case ok:
		principal, err = d.Principal(ctx.Context(), from, key)
	case token != "":
		principal, err = d.signedIn(ctx.Context(), from, token)
	default:
		err = Unauthorized("The header Authorization: Bearer <key> is missing.")
	}
	principal.Address, principal.RequestID = from, RequestID(ctx.Context())
	return principal, err
}

func bearer(header string) (key string, ok bool) {
	scheme, key, _ := strings.Cut(header, " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}
