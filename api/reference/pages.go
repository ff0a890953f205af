package reference

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/docs"
)

// The page is our own: the renderers there are load megabytes of script and
// need inline styles, which the Content-Security-Policy forbids.
//
//go:embed docs/reference.html
var referenceFile embed.FS

// Pages are the OpenAPI document, a page made of it, and the guides. All is public and
// uses nothing from another host, and no script.
type Pages struct {
	Document *huma.OpenAPI
	Routes   []Route // in the order of the page
	Policy   string  // the Content-Security-Policy of pages
	// Fail answers with an error, and NotFound where there is no page. Search gives the
	// error of a client that searches too often; each search reads all guides.
	Fail     func(*gin.Context, error)
	NotFound func(*gin.Context)
	Search   func(*gin.Context) error
}

// Route is an operation as the page needs it beside the document.
type Route struct{ Method, Path, Who string }

// Serve serves the pages.
func (p Pages) Serve(engine *gin.Engine) {
	document := sync.OnceValues(func() (file, error) {
		raw, err := json.Marshal(p.Document)
		return newFile(access.MediaJSON, raw), err
	})
	site := sync.OnceValues(p.docsSite)
	engine.GET("/openapi.json", func(c *gin.Context) {
		f, err := document()
		p.serveFile(c, f, err)
	})
	engine.GET("/docs", func(c *gin.Context) {
		d, err := site()
		p.serveFile(c, d.reference, err)
	})
	engine.GET("/docs/*page", func(c *gin.Context) { p.serveGuide(c, site) })
	engine.GET("/llms.txt", func(c *gin.Context) {
		d, err := site()
		p.serveFile(c, d.index, err)
	})
}

// docsSite is the pages, and the answers of those that are the same for everybody,
// by what is behind /docs/ in their address.
type docsSite struct {
	*docs.Site
	reference, index file
	guides           map[string]file
}

func (p Pages) docsSite() (docsSite, error) {
	reference, err := p.docsReference()
	if err != nil {
		return docsSite{}, err
	}
	site, err := docs.New(reference)
	if err != nil {
		return docsSite{}, err
	}
	out := docsSite{site, newFile(MediaPage, site.ReferencePage()), newFile(MediaText, site.Index()), map[string]file{}}
	for _, name := range docs.Files() {
		media := mediaOfFiles[path.Ext(name)]
		out.guides[name] = newFile(media, docs.File(name))
	}
	for _, name := range site.Guides() {
		out.guides[name] = newFile(MediaPage, site.Guide(name))
		out.guides[name+".md"] = newFile(MediaMarkdown, site.Source(name))
	}
	return out, nil
}

var mediaOfFiles = map[string]string{".css": "text/css; charset=utf-8", ".png": "image/png", ".webp": "image/webp"}

const (
	MediaPage     = "text/html; charset=utf-8"
	MediaText     = "text/plain; charset=utf-8"
	MediaMarkdown = "text/markdown; charset=utf-8"
)

// serveGuide serves what is below /docs: the guides, their sources, the pictures,
// and the search.
func (p Pages) serveGuide(c *gin.Context, site func() (docsSite, error)) {
	name := strings.TrimPrefix(c.Param("page"), "/")
	d, err := site()
	if guide, ok := d.guides[name]; ok || err != nil {
		p.serveFile(c, guide, err)
		return
	}
	if name != "search" {
		p.NotFound(c)
		return
	}
	if err := p.Search(c); err != nil {
		p.Fail(c, err)
		return
	}
	p.serveFile(c, newFile(MediaPage, d.Search(c.Query("q"))), nil)
}

// file is an answer that is the same for everybody as long as this build runs.
type file struct {
	media, tag    string
	plain, zipped []byte
}

func newFile(media string, content []byte) file {
	sum := sha256.Sum256(content)
	f := file{media: media, tag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: content}
	if !strings.HasPrefix(media, "image/") {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(content) // a buffer takes all
		_ = w.Close()
		f.zipped = out.Bytes()
	}
	return f
}

// serveFile answers with a file; a client asks again each time whether it has
// changed, and gets it compressed where it can read that.
func (p Pages) serveFile(c *gin.Context, f file, err error) {
	if err != nil {
		p.Fail(c, err)
		return
	}
	if f.media == MediaPage {
		c.Header("Content-Security-Policy", p.Policy)
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("Vary", "Accept-Encoding")
	c.Header("ETag", f.tag)
	switch {
	case c.GetHeader("If-None-Match") == f.tag:
		c.Status(http.StatusNotModified)
	case f.zipped != nil && strings.Contains(c.GetHeader("Accept-Encoding"), "gzip"):
		c.Header("Content-Encoding", "gzip")
		c.Data(http.StatusOK, f.media, f.zipped)
	default:
		c.Data(http.StatusOK, f.media, f.plain)
	}
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

func (p Pages) docsReference() (docs.Reference, error) {
	doc := p.Document
	out := docs.Reference{Title: doc.Info.Title + " API"}
	var tags []docsTag
	for _, tag := range doc.Tags {
		tags = append(tags, docsTag{tag, p.docsOperations(tag.Name)})
	}
	tags = append(tags, receivedOnPage(doc))
	for _, tag := range tags {
		for _, op := range tag.Operations {
			out.Sections = append(out.Sections, docs.Section{Address: "../docs#" + op.OperationID, Title: out.Title,
				Heading: op.Method + " " + op.Path + ": " + op.Summary, Text: op.Description, Language: "en"})
		}
	}
	for _, k := range access.Kinds() {
		out.Sections = append(out.Sections, docs.Section{Address: "../docs#" + k.Code, Title: out.Title,
			Heading: k.Code + ": " + k.Title, Text: k.Help, Language: "en"})
	}
	page, err := template.New("reference.html").Funcs(template.FuncMap{"type": typeOf, "bounds": boundsOf, "lines": lines}).
		ParseFS(referenceFile, "docs/reference.html")
	if err != nil {
		return out, err
	}
	data := map[string]any{"Doc": doc, "Tags": tags, "Schemas": doc.Components.Schemas.Map(), "Problems": docsProblems()}
	for name, into := range map[string]*template.HTML{"reference.html": &out.Body, "menu": &out.Menu} {
		var text bytes.Buffer
		if err := page.ExecuteTemplate(&text, name, data); err != nil {
			return out, err
		}
		*into = template.HTML(text.String()) //nolint:gosec // escaped by the template
	}
	return out, nil
}

func (p Pages) docsOperations(tag string) []docsOperation {
	doc := p.Document
	var out []docsOperation
	for _, r := range p.Routes {
		op := operation(doc.Paths[r.Path], r.Method)
		if op.Tags[0] != tag {
			continue
		}
		view := docsOperation{Operation: op, Who: r.Who}
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
		out.Code = k.Code
		if answer.Ref != "" {
			out.Description = k.Title
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
	media := content[access.MediaJSON]
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
	for _, k := range access.Kinds() {
		out = append(out, map[string]any{"Code": k.Code, "Status": k.Status, "Title": k.Title, "Help": k.Help})
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
