package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/web"
)

// serveApp serves the web app. Its pages are whatever a browser asks for that is
// nothing else, so that each can be loaded anew; see noRoute.
func (s *server) serveApp(engine *gin.Engine) {
	head := func(path string, handler gin.HandlerFunc) {
		engine.GET(path, handler)
		engine.HEAD(path, handler)
	}
	head("/", func(c *gin.Context) {
		if wantsPage(c.Request) {
			s.appPage(c)
			return
		}
		c.Redirect(http.StatusSeeOther, s.base()+"docs")
	})
	head("/assets/*file", s.appAsset)
	head("/icon.svg", func(c *gin.Context) {
		if web.Icon() == nil {
			s.noRoute(c)
			return
		}
		c.Data(http.StatusOK, "image/svg+xml", web.Icon())
	})
}

// forever is the Cache-Control of files whose name changes with their content.
const forever = "public, max-age=31536000, immutable"

func (s *server) appAsset(c *gin.Context) {
	file, ok := web.Asset(c.Param("file"), c.GetHeader("Accept-Encoding"))
	if !ok {
		s.fail(c, access.NewProblem("not_found", "There is no such file; reload the page, the app may have been updated."))
		return
	}
	c.Header("Cache-Control", forever)
	c.Header("Vary", "Accept-Encoding")
	if file.Encoding != "" {
		c.Header("Content-Encoding", file.Encoding)
	}
	c.Data(http.StatusOK, file.Media, file.Content)
}

// appPage answers with the page of the app, which is made anew for each request:
// its nonce must not be known before.
func (s *server) appPage(c *gin.Context) {
	nonce := web.Nonce()
	c.Header("Content-Security-Policy", web.Policy(nonce, s.Look.Logo))
	c.Data(http.StatusOK, "text/html; charset=utf-8", web.Page(web.Shown{Base: s.base(), Nonce: nonce, Name: s.Look.Name, App: s.appInPage()}))
}

// notPages are where the app's addresses end: what is below these belongs to
// programs, even when a browser asks.
var notPages = []string{"v1", "docs", "openapi.json", "assets", "play"}

// wantsPage says whether a browser asks for a page of the app.
func wantsPage(r *http.Request) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && strings.Contains(r.Header.Get("Accept"), "text/html") && !slices.Contains(notPages, first)
}

// base is where browsers find the app: the path of the public address, with a
// slash at both ends.
func (s *server) base() string {
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return "/"
	}
	return strings.TrimSuffix(u.EscapedPath(), "/") + "/"
}

// below has requests answered that still carry the path of the public address:
// what is in front of Godwit may or may not have taken it away.
func below(base string, next http.Handler) http.Handler {
	prefix := strings.TrimSuffix(base, "/")
	if prefix == "" {
		return next
	}
	stripped := http.StripPrefix(prefix, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, base):
			stripped.ServeHTTP(w, r)
		case r.URL.Path == prefix:
			http.Redirect(w, r, base, http.StatusSeeOther)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// noRoute answers for paths that are no operation: pages of the app, where a
// browser asks for one.
func (s *server) noRoute(c *gin.Context) {
	if wantsPage(c.Request) {
		s.appPage(c)
		return
	}
	s.fail(c, access.NewProblem("not_found", "There is no such path; GET /docs lists them all."))
}

// noMethod answers with the header Allow, which Gin has set.
func (s *server) noMethod(c *gin.Context) {
	s.fail(c, access.NewProblem(access.CodeMethod, "Allowed here: "+strings.TrimSpace(c.Writer.Header().Get("Allow"))+"."))
}
