package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
)

// PortalLinks keeps links that sign a user in to the web app once.
type PortalLinks interface {
	CreatePortalLink(ctx context.Context, link hook.Session, tokenHash []byte) error
	// RedeemPortalLink makes the session of an unused link; CodeNotFound for any other.
	RedeemPortalLink(ctx context.Context, tokenHash, hash []byte, expiresAt time.Time) error
}

// Bounds of how long a portal link can be used, in seconds.
const (
	minPortalSeconds     = 60
	maxPortalSeconds     = 7 * 24 * 3600
	defaultPortalSeconds = 3600
)

type portalForm struct {
	UserID           string   `json:"user_id" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Whom the link signs in"`
	ExpiresInSeconds *int     `json:"expires_in_seconds,omitempty" minimum:"60" maximum:"604800" default:"3600" doc:"How long the link can be used, in seconds; the session that it starts lasts 12 hours"`
	_                struct{} `additionalProperties:"false"`
}

func (f portalForm) check() []hook.Field {
	var bad []hook.Field
	if !hook.ValidID(f.UserID) {
		bad = append(bad, hook.Field{Pointer: "/user_id", Detail: "is required: the id of a user"})
	}
	if n := f.ExpiresInSeconds; n != nil && (*n < minPortalSeconds || *n > maxPortalSeconds) {
		bad = append(bad, hook.Field{Pointer: "/expires_in_seconds", Detail: fmt.Sprintf("must be %d to %d seconds", minPortalSeconds, maxPortalSeconds)})
	}
	return bad
}

type portalLink struct {
	ID        string    `json:"id" doc:"Id of the session that the link starts"`
	URL       string    `json:"url" format:"uri" doc:"Signs the user in to the web app, once; whoever has it is let in, so hand it to that user alone"`
	UserID    string    `json:"user_id" doc:"Whom it signs in"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when it can be used"`
}

type portalInput struct {
	Payload
	base string
}

// Resolve finds the address that Godwit was called at, and reads the body.
func (in *portalInput) Resolve(ctx huma.Context) []error {
	in.base = "http://" + ctx.Host()
	return in.Payload.Resolve(ctx)
}

// portalPath is the page that a portal link leads to.
const portalPath = "/portal"

func (s *server) createPortalLink(ctx context.Context, in *portalInput) (*reply[portalLink], error) {
	form, err := decode[portalForm](in.raw)
	if err != nil {
		return nil, err
	}
	seconds := defaultPortalSeconds
	if form.ExpiresInSeconds != nil {
		seconds = *form.ExpiresInSeconds
	}
	token, expiresAt := rand.Text(), s.Now().Add(time.Duration(seconds)*time.Second).UTC().Truncate(time.Second)
	link := hook.Session{ID: id.New(id.Session), UserID: form.UserID, ExpiresAt: expiresAt}
	if err := s.Store.PortalLinks.CreatePortalLink(ctx, link, apikey.Hash(token)); err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(s.PublicURL, "/")
	if base == "" {
		base = in.base
	}
	query := url.Values{"token": {token}}
	body := portalLink{ID: link.ID, URL: base + portalPath + "?" + query.Encode(), UserID: link.UserID, ExpiresAt: expiresAt}
	return &reply[portalLink]{Body: body}, nil
}

// portal signs in whoever comes by an unused link, and leads on to the web app.
func (s *server) portal(c *gin.Context) {
	ctx, from := c.Request.Context(), clientAddress(c.Request, s.TrustedProxies)
	link, token, expiresAt := c.Query("token"), rand.Text(), s.Now().Add(sessionLength)
	_, err := s.gate.pass(ctx, from, link, func() (hook.Principal, error) {
		err := s.Store.PortalLinks.RedeemPortalLink(ctx, apikey.Hash(link), apikey.Hash(token), expiresAt)
		if hook.CodeOf(err) == hook.CodeNotFound {
			err = newProblem(codeUnauthorized, "This link is over.")
		}
		return hook.Principal{}, err
	})
	switch {
	case err == nil:
		s.gate.trust(from, token)
		cookie := s.cookie(token, expiresAt)
		http.SetCookie(c.Writer, &cookie)
		c.Redirect(http.StatusSeeOther, "/")
	case problemOf(err).Code == codeUnauthorized:
		c.Header("Content-Security-Policy", pagePolicy)
		c.Data(http.StatusGone, "text/html; charset=utf-8", []byte(portalOver))
	default:
		s.fail(c, s.report(ctx, err))
	}
}

const portalOver = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>This link is over</title></head>
<body>
<main>
<h1>This link is over</h1>
<p>It was used before, or too much time has passed. Go back to where you got it and ask for a new one.</p>
</main>
</body>
</html>
`
