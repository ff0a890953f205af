package access

import (
	"net/netip"
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

// counted authenticates a request, and counts it to who makes it. Where the credential was
// right there before, a request beyond the rate is refused without asking the database.
func (d *Door) counted(ctx huma.Context, who Audience) (principal hook.Principal, err error) {
	c := d.credential(ctx)
	before, known := d.gate.known(c.from, c.text)
	if known && len(who) > 0 {
		err = d.Rates.Spend(ctx.SetHeader, before, who)
	}
	if err == nil {
		principal, err = d.authenticate(ctx, who, c)
	}
	if err == nil && !known && len(who) > 0 {
		err = d.Rates.Spend(ctx.SetHeader, principal, who)
	}
	return principal, err
}

// Authenticate finds out who makes a request.
func (d *Door) Authenticate(ctx huma.Context, who Audience) (hook.Principal, error) {
	return d.authenticate(ctx, who, d.credential(ctx))
}

func (d *Door) authenticate(ctx huma.Context, who Audience, c credential) (hook.Principal, error) {
	var principal hook.Principal
	var err error
	switch {
	case len(who) == 0:
	case c.isKey:
		principal, err = d.Principal(ctx.Context(), c.from, c.text)
	case c.text != "":
		principal, err = d.signedIn(ctx.Context(), c.from, c.text)
	default:
		err = Unauthorized("The header Authorization: Bearer <key> is missing.")
	}
	principal.Address, principal.RequestID = c.from, RequestID(ctx.Context())
	return principal, err
}

// credential is what a request comes with, and from where: an API key, else the session
// of a browser; "" for neither. Where both are sent the session counts for nothing.
type credential struct {
	from  netip.Addr
	text  string
	isKey bool
}

func (d *Door) credential(ctx huma.Context) credential {
	c := credential{from: d.Addresses.Of(humagin.Unwrap(ctx).Request)}
	if c.text, c.isKey = bearer(ctx.Header("Authorization")); !c.isKey {
		c.text = d.Cookie.of(ctx.Header("Cookie"))
	}
	return c
}

func bearer(header string) (key string, ok bool) {
	scheme, key, _ := strings.Cut(header, " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}
