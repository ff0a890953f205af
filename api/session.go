package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
)

// sessionLength is how long someone stays signed in.
const sessionLength = 12 * time.Hour

type sessionForm struct {
	Key         string   `json:"key,omitempty" minLength:"1" maxLength:"200" doc:"An API key of the role admin or user"`
	PortalToken string   `json:"portal_token,omitempty" minLength:"1" maxLength:"200" doc:"What a portal link holds behind its #, in the place of a key; it is used up by this"`
	_           struct{} `additionalProperties:"false"`
}

func (f sessionForm) check() []hook.Field {
	switch {
	case f.Key == "" && f.PortalToken == "":
		return []hook.Field{{Code: hook.FieldRequired, Pointer: "/key", Detail: "is required: an API key of the role admin or user; or send the portal_token of a portal link"}}
	case f.Key != "" && f.PortalToken != "":
		return []hook.Field{{Code: hook.FieldBeside, Params: hook.Params{"field": "key"}, Pointer: "/portal_token", Detail: "must be left out where a key is sent"}}
	}
	return nil
}

// signInInput is a request that someone signs in by. What is left of its
// allowance is known once the key is, so the handler says so.
type signInInput struct {
	Payload
	setHeader func(name, value string)
}

// Resolve reads the body; it is called by huma.
func (in *signInInput) Resolve(ctx huma.Context) []error {
	in.setHeader = ctx.SetHeader
	return in.Payload.Resolve(ctx)
}

// sessionView tells who is signed in.
type sessionView struct {
	ID        *string       `json:"id" pattern:"^ses_[0-9a-v]{26}$" doc:"The session; null for a request with an API key, which is no session"`
	Role      hook.Role     `json:"role" enum:"admin,user" doc:"What the session may do"`
	UserID    *string       `json:"user_id" doc:"The user whose webhooks it sees and manages; null for an admin, who sees all"`
	User      *signedInUser `json:"user" doc:"Who that is, for people; null for an admin"`
	ExpiresAt *time.Time    `json:"expires_at" doc:"When it ends; null where there is none"`
	Quotas    []view.Quota  `json:"quotas" nullable:"false" maxItems:"10" doc:"What the user may have, and has; empty for an admin"`

	Permissions []string `json:"permissions" nullable:"false" maxItems:"200" doc:"The operations of this document, by their operationId, that it may call"`
}

type signedInUser struct {
	ID    string `json:"id" maxLength:"128" doc:"Id that the caller chose"`
	Name  string `json:"name" doc:"Name for people"`
	Email string `json:"email" format:"email" doc:"Where messages about the user's webhooks go"`

	Locale *string `json:"locale" enum:"en,de,pl" doc:"The language that was chosen for the user, by PATCH /v1/session or PUT /v1/users/{id}; null = none was: the web app goes by the browser's, and mail is in English"`
}

type sessionReply struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"The cookie of the session, which only the browser sees"`
	Body      sessionView
}

// signIn starts a session of the web app with an API key or a portal link. Who
// may not do anything there gets none.
func (s *server) signIn(ctx context.Context, in *signInInput) (*sessionReply, error) {
	form, err := decode[sessionForm](in.raw)
	if err != nil {
		return nil, err
	}
	token, expiresAt := rand.Text(), s.Now().Add(sessionLength).UTC().Truncate(time.Second)
	var principal hook.Principal
	if form.PortalToken != "" {
		principal, err = s.useLink(ctx, form.PortalToken, apikey.Hash(token), expiresAt)
	} else {
		principal, err = s.signInByKey(ctx, in, form.Key, hook.Session{ID: id.New(id.Session), KeyHash: apikey.Hash(form.Key), ExpiresAt: expiresAt}, apikey.Hash(token))
	}
	if err != nil {
		return nil, err
	}
	principal.SessionEnds = expiresAt
	view, err := s.viewSession(ctx, principal)
	return &sessionReply{SetCookie: s.door.Cookie.Holding(token, expiresAt), Body: view}, err
}

// signInByKey starts a session that is known by hash.
func (s *server) signInByKey(ctx context.Context, in *signInInput, key string, session hook.Session, hash []byte) (hook.Principal, error) {
	by := hook.PrincipalOf(ctx)
	principal, err := s.door.Principal(ctx, by.Address, key)
	if err != nil {
		return principal, err
	}
	if err := s.door.Rates.Spend(in.setHeader, principal, access.Users); err != nil {
		return principal, err
	}
	if principal.Role == hook.RolePublisher {
		return principal, access.NewProblem(access.CodeForbidden, "A key of the role publisher can't sign in; use one of the role admin or user.")
	}
	principal.SessionID, principal.Address, principal.RequestID = session.ID, by.Address, by.RequestID
	return principal, s.Store.CreateSession(hook.WithPrincipal(ctx, principal), session, hash)
}

func (s *server) whoAmI(ctx context.Context, _ *struct{}) (*reply[sessionView], error) {
	out, err := s.viewSession(ctx, hook.PrincipalOf(ctx))
	return &reply[sessionView]{Body: out}, err
}

// viewSession shows who is signed in, or whose key it is.
func (s *server) viewSession(ctx context.Context, by hook.Principal) (sessionView, error) {
	out := sessionView{ID: view.Optional(by.SessionID), Role: by.Role, UserID: view.Optional(by.UserID), Permissions: s.operations[by.Role]}
	if by.SessionID != "" {
		out.ExpiresAt = &by.SessionEnds
	}
	var err error
	if by.UserID != "" {
		out.User, err = s.signedInUser(ctx, by.UserID)
	}
	if err == nil {
		out.Quotas, err = s.userQuotas(ctx, by.UserID)
	}
	return out, err
}

// signedInUser is nil of one that was deleted this moment.
func (s *server) signedInUser(ctx context.Context, id string) (*signedInUser, error) {
	u, err := s.Store.User(ctx, id)
	if hook.CodeOf(err) == hook.CodeNotFound {
		return nil, nil
	}
	out := &signedInUser{ID: u.ID, Name: u.Name, Email: u.Email}
	if u.LocaleChosen {
		out.Locale = &u.Locale
	}
	return out, err
}

type sessionPatch struct {
	Locale string   `json:"locale" enum:"en,de,pl" doc:"Language of the web app and of what is written to the user, such as mail and chat messages"`
	_      struct{} `additionalProperties:"false"`
}

func (f sessionPatch) check() []hook.Field { return checkLocale(f.Locale) }

// patchSession changes what a person may change of themselves.
func (s *server) patchSession(ctx context.Context, in *Payload) (*reply[sessionView], error) {
	form, err := decode[sessionPatch](in.raw)
	if err != nil {
		return nil, err
	}
	by := hook.PrincipalOf(ctx)
	if by.UserID == "" {
		return nil, hook.Errorf(hook.CodeConflict, "An admin is none of the users, so there is no user to keep the language of.")
	}
	if err := s.Store.ChooseLocale(ctx, by.UserID, form.Locale); err != nil {
		return nil, err
	}
	return s.whoAmI(ctx, nil)
}

type signOutReply struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"The cookie of the session, which only the browser sees"`
}

// signOut ends the session of the request. With a key it ends none.
func (s *server) signOut(ctx context.Context, _ *struct{}) (*signOutReply, error) {
	if own := hook.PrincipalOf(ctx).SessionID; own != "" {
		if err := s.Store.EndSession(ctx, own); err != nil && hook.CodeOf(err) != hook.CodeNotFound {
			return nil, err
		}
	}
	return &signOutReply{SetCookie: s.door.Cookie.Holding("", time.Time{})}, nil
}

// linkOver is what is said of a link that signs nobody in any more.
const linkOver = "This link is over: it was used before, or too much time has passed."

// useLink makes the session of an unused link, which is known by hash from then on.
func (s *server) useLink(ctx context.Context, link string, hash []byte, expiresAt time.Time) (hook.Principal, error) {
	return s.door.Holder(ctx, hook.PrincipalOf(ctx).Address, access.Token{Text: link, Wrong: linkOver}, func() (hook.Principal, error) {
		session, err := s.Store.RedeemPortalLink(ctx, apikey.Hash(link), hash, expiresAt)
		if err != nil {
			return hook.Principal{}, err
		}
		return s.door.PrincipalIn(ctx, session)
	})
}
