package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// The page is our own: the renderers there are load megabytes of script and
// need inline styles, which the Content-Security-Policy forbids.
//
//go:embed docs/page.html docs/style.css
var docsFiles embed.FS

// serveDocs serves the OpenAPI document and a page made of it. All is public and
// uses nothing from another host, and no script.
func (s *server) serveDocs(engine *gin.Engine) {
	document := sync.OnceValues(func() ([]byte, error) { return json.Marshal(s.huma.OpenAPI()) })
	page := sync.OnceValues(s.docsPage)
	style := func() ([]byte, error) { return docsFiles.ReadFile("docs/style.css") }
	engine.GET("/openapi.json", func(c *gin.Context) { s.serve(c, mediaJSON, document) })
	engine.GET("/docs/style.css", func(c *gin.Context) { s.serve(c, "text/css; charset=utf-8", style) })
	engine.GET("/docs", func(c *gin.Context) {
		c.Header("Content-Security-Policy", pagePolicy)
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

// docsTag is a tag on the page, with its operations.
type docsTag struct {
	*huma.Tag
	Operations []docsOperation
}

// docsOperation is an operation on the page.
type docsOperation struct {
	*huma.Operation
	Who     string
	Request docsMedia
	Answers []docsAnswer
}

// docsAnswer is an answer on the page. Problems that many operations share are
// codes that lead to the list of problems.
type docsAnswer struct {
	Status, Description, Code string
	Headers                   map[string]*huma.Header
	docsMedia
}

type docsMedia struct {
	Schema  *huma.Schema
	Example string
}

func (s *server) docsPage() ([]byte, error) {
	doc := s.huma.OpenAPI()
	var tags []docsTag
	for _, tag := range doc.Tags {
		tags = append(tags, docsTag{tag, s.docsOperations(tag.Name)})
	}
	tags = append(tags, receivedOnPage(doc))
	page, err := template.New("page.html").Funcs(template.FuncMap{"type": typeOf, "bounds": boundsOf, "lines": lines}).
		ParseFS(docsFiles, "docs/page.html")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Doc": doc, "Tags": tags, "Schemas": doc.Components.Schemas.Map(), "Problems": docsProblems()})
	return out.Bytes(), err
}

func (s *server) docsOperations(tag string) []docsOperation {
	doc := s.huma.OpenAPI()
	var out []docsOperation
	for _, r := range s.routes() {
		op := operation(doc.Paths[r.path], r.method)
		if op.Tags[0] != tag {
			continue
		}
		view := docsOperation{Operation: op, Who: r.who.String()}
		if op.RequestBody != nil {
			view.Request = mediaOf(op.RequestBody.Content)
		}
		for status, answer := range op.Responses {
			view.Answers = append(view.Answers, answerOnPage(doc, status, answer))
		}
		slices.SortFunc(view.Answers, func(a, b docsAnswer) int { return strings.Compare(a.Status, b.Status) })
		out = append(out, view)
	}
	return out
}

func answerOnPage(doc *huma.OpenAPI, status string, answer *huma.Response) docsAnswer {
	out := docsAnswer{Status: status, Description: answer.Description, Headers: map[string]*huma.Header{}}
	if code, err := strconv.Atoi(status); err == nil && code >= http.StatusBadRequest {
		k := kindOf(code)
		out.Code = k.code
		if answer.Ref != "" {
			out.Description = k.title
		}
		return out
	}
	for name, header := range answer.Headers {
		if header.Ref == "" { // the others are on every answer
			out.Headers[name] = header
		}
	}
	out.docsMedia = mediaOf(answer.Content)
	return out
}

// mediaOf is what a body is, as JSON.
func mediaOf(content map[string]*huma.MediaType) docsMedia {
	media := content[mediaJSON]
	if media == nil {
		return docsMedia{}
	}
	var example bytes.Buffer
	if raw, ok := media.Example.(json.RawMessage); ok {
		_ = json.Indent(&example, raw, "", "  ") // it is JSON, or it could not have been read
	}
	return docsMedia{Schema: media.Schema, Example: example.String()}
}

func docsProblems() []map[string]any {
	var out []map[string]any
	for _, k := range kinds() {
		out = append(out, map[string]any{"Code": k.code, "Status": k.status, "Title": k.title, "Help": k.help})
	}
	return out
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
