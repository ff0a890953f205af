package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/ops"
)

// Bounds of how long a portal link can be used, in seconds.
const (
	minPortalSeconds     = 60
	maxPortalSeconds     = 7 * 24 * 3600
	defaultPortalSeconds = 3600
)

type portalForm struct {
	Role             string   `json:"role,omitempty" enum:"user,admin" default:"user" doc:"admin: the link signs in whoever runs Godwit. Only the key of GODWIT_ADMIN_KEY can make such a link, and its session ends when that key is changed"`
	UserID           string   `json:"user_id,omitempty" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Whom the link signs in; required unless the role is admin"`
	ExpiresInSeconds *int     `json:"expires_in_seconds,omitempty" minimum:"60" maximum:"604800" default:"3600" doc:"How long the link can be used, in seconds; the session that it starts lasts 12 hours"`
	Next             string   `json:"next,omitempty" maxLength:"2048" pattern:"^/([^/\\\\].*)?$" doc:"The page of the web app that the link leads to once the user is signed in: a path such as /webhooks/{id}, with its query if need be. The list of webhooks when left out"`
	_                struct{} `additionalProperties:"false"`
}

func (f portalForm) check() []hook.Field {
	var bad []hook.Field
	admin := f.Role == string(hook.RoleAdmin)
	switch {
	case f.Role != "" && f.Role != string(hook.RoleUser) && !admin:
		bad = append(bad, hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "user, admin"}, Pointer: "/role", Detail: "must be user or admin"})
	case admin && f.UserID != "":
		bad = append(bad, hook.Field{Code: hook.FieldNotAllowed, Pointer: "/user_id", Detail: "must be left out where the role is admin"})
	case !admin && !hook.ValidID(f.UserID):
		bad = append(bad, hook.Field{Code: hook.FieldRequired, Pointer: "/user_id", Detail: "is required: the id of a user"})
	}
	if n := f.ExpiresInSeconds; n != nil && (*n < minPortalSeconds || *n > maxPortalSeconds) {
		bad = append(bad, hook.Field{Code: hook.FieldRange, Params: hook.Params{"min": minPortalSeconds, "max": maxPortalSeconds}, Pointer: "/expires_in_seconds", Detail: fmt.Sprintf("must be %d to %d seconds", minPortalSeconds, maxPortalSeconds)})
	}
	if f.Next != "" && !hook.ValidAppPath(f.Next) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "app_path"}, Pointer: "/next", Detail: hook.AppPathForm})
	}
	return bad
}

type portalLink struct {
	ID        string    `json:"id" doc:"Id of the session that the link starts"`
	URL       string    `json:"url" format:"uri" doc:"Signs the user in to the web app, once; whoever has it is let in, so hand it to that user alone"`
	Role      hook.Role `json:"role" enum:"admin,user" doc:"What the session that it starts may do"`
	UserID    *string   `json:"user_id" doc:"Whom it signs in; null for an admin"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when it can be used"`
}

type portalInput struct {
	Payload
	Called
}

// Resolve finds the address that Godwit was called at, and reads the body.
func (in *portalInput) Resolve(ctx huma.Context) []error {
	in.Called.Resolve(ctx)
	return in.Payload.Resolve(ctx)
}

// Called is the part of an input that tells the address that Godwit was called at.
type Called struct {
	base  string
	local string // the address that the request came to
}

// Resolve finds it.
func (in *Called) Resolve(ctx huma.Context) []error {
	in.base = "http://" + ctx.Host()
	if local, ok := ctx.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		in.local = ops.HostName(local.String())
	}
	return nil
}

// portalPath is the app's page that a portal link leads to. It signs nobody in
// until a person presses its button: what reads mail opens links as well.
const portalPath = "/portal"

func (s *server) createPortalLink(ctx context.Context, in *portalInput) (*reply[portalLink], error) {
	form, bad, err := decodeForm[portalForm](in.raw)
	if err == nil {
		err = withUnknown(append(bad, form.check()...), func() error { return s.noUser(ctx, "/user_id", form.UserID) })
	}
	if err != nil {
		return nil, err
	}
	base, err := s.linkBase(in.Called)
	if err != nil {
		return nil, err
	}
	seconds := defaultPortalSeconds
	if form.ExpiresInSeconds != nil {
		seconds = *form.ExpiresInSeconds
	}
	token, expiresAt := rand.Text(), s.Now().Add(time.Duration(seconds)*time.Second).UTC().Truncate(time.Second)
	link := hook.Session{ID: id.New(id.Session), UserID: form.UserID, Role: hook.RoleUser, ExpiresAt: expiresAt}
	if form.Role == string(hook.RoleAdmin) {
		if by := hook.PrincipalOf(ctx); by.KeyID != hook.BootstrapKey || by.SessionID != "" {
			return nil, access.NewProblem(access.CodeForbidden, "Only a request with the key of GODWIT_ADMIN_KEY can make a link for an admin.")
		}
		link.Role, link.KeyHash = hook.RoleAdmin, s.AdminKeyHash
	}
	if err := s.Store.CreatePortalLink(ctx, link, apikey.Hash(token)); err != nil {
		return nil, err
	}
	body := portalLink{ID: link.ID, URL: base + portalPath + nextQuery(form.Next) + "#" + token, Role: link.Role, UserID: view.Optional(link.UserID), ExpiresAt: expiresAt}
	return &reply[portalLink]{Body: body}, nil
}

// nextQuery tells the app where to go after signing in. It need not be kept from being
// changed: the app goes to its own pages only.
func nextQuery(next string) string {
	if next == "" {
		return ""
	}
	return "?" + url.Values{"next": {next}}.Encode()
}

// linkBase is what links begin with. Where no setting says it, it is how this
// request was addressed, if that can't be someone else's host.
func (s *server) linkBase(in Called) (string, error) {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/"), nil
	}
	host := strings.TrimPrefix(in.base, "http://")
	name := ops.HostName(host)
	addr, err := netip.ParseAddr(name)
	elsewhere := err == nil && !addr.IsLoopback() && name != in.local
	if elsewhere || host == "" || !ops.HostAllowed(host, s.AllowedHosts) {
		return "", hook.Errorf(hook.CodeInvalid, "No link can be made: the header Host of this request is not known to be this installation's. Set GODWIT_PUBLIC_URL to the address at which people reach it, or list the name in GODWIT_ALLOWED_HOSTS.")
	}
	return in.base, nil
}

type linkForm struct {
	PortalToken string   `json:"portal_token" minLength:"1" maxLength:"200" doc:"What a portal link holds behind its #"`
	_           struct{} `additionalProperties:"false"`
}

func (f linkForm) check() []hook.Field {
	if f.PortalToken == "" {
		return []hook.Field{{Code: hook.FieldRequired, Pointer: "/portal_token", Detail: "is required: what a portal link holds behind its #"}}
	}
	return nil
}

type linkView struct {
	Role      hook.Role     `json:"role" enum:"admin,user" doc:"What the session that the link starts may do"`
	User      *signedInUser `json:"user" doc:"Whom the link signs in; null for an admin"`
	ExpiresAt time.Time     `json:"expires_at" doc:"Until when it can be used"`
}

// portalLink tells the page of a link for whom it is; whoever holds the link could sign
// in as that user.
func (s *server) portalLink(ctx context.Context, in *Payload) (*reply[linkView], error) {
	form, err := decode[linkForm](in.raw)
	if err != nil {
		return nil, err
	}
	by, err := s.door.Holder(ctx, hook.PrincipalOf(ctx).Address, access.Token{Text: form.PortalToken, Wrong: linkOver}, func() (hook.Principal, error) {
		session, err := s.Store.PortalLink(ctx, apikey.Hash(form.PortalToken))
		if err != nil {
			return hook.Principal{}, err
		}
		return s.door.PrincipalIn(ctx, session)
	})
	if err != nil {
		return nil, err
	}
	out := linkView{Role: by.Role, ExpiresAt: by.SessionEnds}
	if by.UserID != "" {
		out.User, err = s.signedInUser(ctx, by.UserID)
	}
	return &reply[linkView]{Body: out}, err
}
