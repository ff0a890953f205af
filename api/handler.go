package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"godwit/api/access"
	"godwit/api/reference"
	"godwit/internal/hook"
	"godwit/internal/ops"
)

// New builds the API's handler, with the web app beside it. It does no I/O.
func New(options Options) http.Handler {
	s, engine := build(options)
	return below(s.base(), plainEscapes(engine))
}

// Document is the OpenAPI document of this build, for a version of that name.
func Document(version string) ([]byte, error) {
	s, _ := build(Options{Version: version, Log: zap.NewNop()})
	return json.Marshal(s.huma.OpenAPI())
}

func build(options Options) (*server, *gin.Engine) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.UseRawPath = true // an id may hold a slash
	// Gin is to believe no proxy about a client's address; see addresses.
	_ = engine.SetTrustedProxies(nil)

	if options.Now == nil {
		options.Now = time.Now
	}
	s := &server{Options: options, computing: access.NewQueue(), player: newPlayer(), operations: map[hook.Role][]string{}, givenUp: ops.NewComplaints(options.Log, "requests are given up")}
	s.rates = access.NewCompanyRates(s.Limits, func(ctx context.Context) (map[string]hook.OwnLimits, error) { return s.Store.CompanyLimits(ctx) })
	s.door = s.newDoor()
	engine.Use(protect, access.Identify, s.log, s.count, s.trace, s.recover, s.readableQuery, access.SameOrigin(s.PublicURL, s.fail), access.NewBodies().Count)
	engine.NoRoute(s.noRoute)
	engine.NoMethod(s.noMethod)

	s.huma = humagin.New(engine, s.humaConfig())
	for _, r := range s.routes() {
		s.register(r)
	}
	for _, operations := range s.operations {
		slices.Sort(operations)
	}
	reference.Finish(s.huma.OpenAPI())
	s.serveDocs(engine)
	s.servePlay(engine)
	s.serveApp(engine)
	return s, engine
}

// newDoor makes the door, which looks credentials up in the store.
func (s *server) newDoor() *access.Door {
	return access.NewDoor(access.Door{
		Credentials: access.Credentials{
			AdminKeyHash: s.AdminKeyHash,
			Key:          func(ctx context.Context, hash []byte) (hook.Principal, error) { return s.Store.Principal(ctx, hash) },
			Session:      func(ctx context.Context, hash []byte) (hook.Session, error) { return s.Store.Session(ctx, hash) },
		},
		Cookie:    access.Cookie{TLS: strings.HasPrefix(s.PublicURL, "https://")},
		Rates:     access.NewRates(s.PublishRate, s.ManagementRate),
		Addresses: access.NewAddresses(s.TrustedProxies, s.Log),
		Refuse:    s.refuse,
	})
}

// plainEscapes has a path that is escaped in any way escaped in one way, so that
// routes are found whatever a client escapes. Gin reads + as a space, so + is
// escaped as well.
func plainEscapes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath != "" {
			segments := strings.Split(r.URL.EscapedPath(), "/")
			for i, segment := range segments {
				if plain, err := url.PathUnescape(segment); err == nil {
					segments[i] = strings.ReplaceAll(url.PathEscape(plain), "+", "%2B")
				}
			}
			escaped := *r.URL
			escaped.RawPath = strings.Join(segments, "/")
			r = r.WithContext(r.Context())
			r.URL = &escaped
		}
		next.ServeHTTP(w, r)
	})
}

// NewHTTPServer gives h the limits that a server on an open port needs.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       access.BodyTimeout,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

func (s *server) humaConfig() huma.Config {
	config := huma.Config{
		OpenAPI:       reference.NewDocument(reference.Installation{Version: s.Version, PublicURL: s.PublicURL, Cookie: s.door.Cookie.Name(), Problem: access.ExampleOf}),
		DefaultFormat: access.MediaJSON,
		Formats:       map[string]huma.Format{access.MediaJSON: {Marshal: access.WriteJSON}, "json": {Marshal: access.WriteJSON}},
		Transformers:  []huma.Transformer{s.transform},
	}
	// Answers may grow by fields; request bodies are closed one by one.
	config.AllowAdditionalPropertiesByDefault = true
	return config
}
