package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// Sessions keeps who has signed in to the web app; hashes are apikey.Hash of
// what the browser holds.
type Sessions interface {
	// CreateSession keeps a session of whoever the key with keyHash belongs to.
	CreateSession(ctx context.Context, keyHash, hash []byte, expiresAt time.Time) error
	Session(ctx context.Context, hash []byte) (hook.Session, error)
	EndSession(ctx context.Context, sessionID string) error
}

// sessionLength is how long somebody stays signed in.
const sessionLength = 12 * time.Hour

// sessionCookie names the cookie. Browsers take the prefix __Host- as a promise
// that no other host has set it, but only over HTTPS (RFC 6265bis, 4.1.3.2).
func (s *server) sessionCookie() string {
	if s.overTLS() {
		return "__Host-godwit"
	}
	return "godwit"
}

// overTLS says whether browsers reach Godwit by HTTPS, through whatever is in
// front of it.
func (s *server) overTLS() bool { return strings.HasPrefix(s.PublicURL, "https://") }

// cookie is what a browser is given to hold; no script can read it, and other
// sites can't have it sent with anything but a visit.
func (s *server) cookie(value string, expiresAt time.Time) http.Cookie {
	c := http.Cookie{Name: s.sessionCookie(), Value: value, Path: "/", HttpOnly: true, Secure: s.overTLS(), SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
		return c
	}
	c.Expires = expiresAt
	return c
}

type sessionForm struct {
	Key string   `json:"key" minLength:"1" maxLength:"200" doc:"An API key of the role admin or user"`
	_   struct{} `additionalProperties:"false"`
}

func (f sessionForm) check() []hook.Field {
	if f.Key == "" {
		return []hook.Field{{Pointer: "/key", Detail: "is required: an API key of the role admin or user"}}
	}
	return nil
}

// sessionView tells who is signed in.
type sessionView struct {
	Role      hook.Role  `json:"role" enum:"admin,user" doc:"What the session may do"`
	UserID    *string    `json:"user_id" doc:"The user whose webhooks it sees and manages; null for an admin, who sees all"`
	ExpiresAt *time.Time `json:"expires_at" doc:"When it ends; null for a request with an API key, which is no session"`
	Quotas    []Quota    `json:"quotas" nullable:"false" maxItems:"10" doc:"What the user may have, and has; empty for an admin"`
}

type sessionReply struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"The cookie of the session, which only the browser sees"`
	Body      sessionView
}

// signIn starts a session of the web app with an API key. Who may not do
// anything there gets none.
func (s *server) signIn(ctx context.Context, in *Payload) (*sessionReply, error) {
	form, err := decode[sessionForm](in.raw)
	if err != nil {
		return nil, err
	}
	from := hook.PrincipalOf(ctx).Address
	principal, err := s.gate.pass(ctx, from, form.Key, func() (hook.Principal, error) { return s.principal(ctx, form.Key) })
	if err != nil {
		return nil, err
	}
	if principal.Role == hook.RolePublisher {
		return nil, newProblem(codeForbidden, "A key of the role publisher can't sign in; use one of the role admin or user.")
	}
	token, expiresAt := rand.Text(), s.Now().Add(sessionLength).UTC().Truncate(time.Second)
	if err := s.Store.Sessions.CreateSession(ctx, apikey.Hash(form.Key), apikey.Hash(token), expiresAt); err != nil {
		return nil, err
	}
	s.gate.trust(from, token)
	view := sessionView{Role: principal.Role, UserID: optional(principal.UserID), ExpiresAt: &expiresAt}
	view.Quotas, err = s.userQuotas(ctx, principal.UserID)
	return &sessionReply{SetCookie: s.cookie(token, expiresAt), Body: view}, err
}

// sessionToken is what the browser holds, out of a request's header Cookie; ""
// where it holds nothing of ours.
func (s *server) sessionToken(header string) string {
	cookies, _ := http.ParseCookie(header) // a header that is no such list holds nothing of ours
	for _, c := range cookies {
		if c.Name == s.sessionCookie() {
			return c.Value
		}
	}
	return ""
}

// signedIn finds out who a session belongs to now.
func (s *server) signedIn(ctx context.Context, token string) (hook.Principal, error) {
	session, err := s.Store.Sessions.Session(ctx, apikey.Hash(token))
	switch {
	case hook.CodeOf(err) == hook.CodeNotFound:
		return hook.Principal{}, newProblem(codeUnauthorized, "The session has ended; sign in again.")
	case err != nil:
		return hook.Principal{}, err
	case session.UserID != "":
		return hook.Principal{KeyID: session.ID, Role: hook.RoleUser, UserID: session.UserID}, nil
	}
	return s.principalOf(ctx, session.KeyHash)
}

// cookieInput is a request of which the cookies matter.
type cookieInput struct {
	header string
}

// Resolve reads the header; it is called by huma.
func (in *cookieInput) Resolve(ctx huma.Context) []error {
	in.header = ctx.Header("Cookie")
	return nil
}

func (s *server) whoAmI(ctx context.Context, in *cookieInput) (*reply[sessionView], error) {
	principal := hook.PrincipalOf(ctx)
	out := sessionView{Role: principal.Role, UserID: optional(principal.UserID)}
	session, err := s.Store.Sessions.Session(ctx, apikey.Hash(s.sessionToken(in.header)))
	if err == nil {
		out.ExpiresAt = &session.ExpiresAt
	} else if hook.CodeOf(err) != hook.CodeNotFound {
		return nil, err
	}
	out.Quotas, err = s.userQuotas(ctx, principal.UserID)
	return &reply[sessionView]{Body: out}, err
}

type signOutReply struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"The cookie of the session, which only the browser sees"`
}

// signOut ends the session of the request. Without one it changes nothing.
func (s *server) signOut(ctx context.Context, in *cookieInput) (*signOutReply, error) {
	session, err := s.Store.Sessions.Session(ctx, apikey.Hash(s.sessionToken(in.header)))
	if err == nil {
		err = s.Store.Sessions.EndSession(ctx, session.ID)
	}
	if err != nil && hook.CodeOf(err) != hook.CodeNotFound {
		return nil, err
	}
	return &signOutReply{SetCookie: s.cookie("", time.Time{})}, nil
}
