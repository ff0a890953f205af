package api

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// serveDocs serves the OpenAPI document and a page made of it, which is also
// where somebody ends who opens the address in a browser. All is public and
// uses nothing from another host, no script and no style.
func (s *server) serveDocs(engine *gin.Engine) {
	document := sync.OnceValues(func() ([]byte, error) { return json.Marshal(s.huma.OpenAPI()) })
	page := sync.OnceValues(s.docsPage)
	engine.GET("/", func(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/docs") })
	engine.GET("/openapi.json", func(c *gin.Context) { s.serve(c, mediaJSON, document) })
	engine.GET("/docs", func(c *gin.Context) {
		c.Header("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		s.serve(c, "text/html; charset=utf-8", page)
	})
}

func (s *server) serve(c *gin.Context, media string, content func() ([]byte, error)) {
	body, err := content()
	if err != nil {
		s.fail(c, s.report(c.Request.Context(), err))
		return
	}
	c.Data(http.StatusOK, media, body)
}

// docsRow is one operation on the page.
type docsRow struct {
	route
	Operation *huma.Operation
}

func (r docsRow) Method() string { return r.method }
func (r docsRow) Path() string   { return r.path }
func (r docsRow) Who() role      { return r.who }

func (s *server) docsPage() ([]byte, error) {
	var rows []docsRow
	for _, r := range s.routes() {
		rows = append(rows, docsRow{r, operation(s.huma.OpenAPI().Paths[r.path], r.method)})
	}
	var problems []map[string]any
	for _, k := range kinds() {
		problems = append(problems, map[string]any{"Code": k.code, "Status": k.status, "Title": k.title, "Help": k.help})
	}
	var out bytes.Buffer
	err := template.Must(template.New("docs").Parse(docsTemplate)).Execute(&out, map[string]any{"Rows": rows, "Problems": problems})
	return out.Bytes(), err
}

func operation(item *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodGet:
		return item.Get
	case http.MethodPut:
		return item.Put
	case http.MethodPost:
		return item.Post
	case http.MethodPatch:
		return item.Patch
	}
	return item.Delete
}

const docsTemplate = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Godwit API</title></head>
<body>
<main>
<h1>Godwit API</h1>
<p>The whole description, with every field and bound, is <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).
Each call needs the header <code>Authorization: Bearer &lt;key&gt;</code>.</p>
<h2>Operations</h2>
{{range .Rows}}<section id="{{.Operation.OperationID}}">
<h3><code>{{.Method}} {{.Path}}</code></h3>
<p>{{.Operation.Summary}}. Role: {{.Who}}.</p>
{{if .Operation.Parameters}}<dl>{{range .Operation.Parameters}}<dt><code>{{.Name}}</code> ({{.In}})</dt><dd>{{.Description}}</dd>{{end}}</dl>{{end}}
</section>
{{end}}
<h2>Problems</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457).</p>
<dl>
{{range .Problems}}<dt id="{{.Code}}"><code>{{.Code}}</code> ({{.Status}}): {{.Title}}</dt><dd>{{.Help}}</dd>
{{end}}</dl>
</main>
</body>
</html>
`
