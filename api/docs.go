package api

import (
	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/api/reference"
)

// docsSearches is how often one network may search: each reads all guides.
var docsSearches = access.Allowance{Name: "searches", PerSecond: 5, Burst: 50}

// serveDocs serves what describes the API.
func (s *server) serveDocs(engine *gin.Engine) {
	pages := reference.Pages{
		Document: s.huma.OpenAPI(), Policy: pagePolicy, NotFound: s.noRoute,
		Fail: func(c *gin.Context, err error) { s.fail(c, s.report(c.Request.Context(), err)) },
		Search: func(c *gin.Context) error {
			return s.door.Rates.SpendOfNetwork(s.door.Addresses.Of(c.Request), docsSearches)
		},
	}
	for _, r := range s.routes() {
		pages.Routes = append(pages.Routes, reference.Route{Method: r.method, Path: r.path, Who: r.who.String()})
	}
	pages.Serve(engine)
}
