package docs

import (
	"bytes"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// guide is a guide as a page.
type guide struct {
	language string // en, de or pl
	title    string
	lead     string // its first paragraph, without markup
	body     template.HTML
	parts    []part
	sections []Section
}

// part is a heading of the second level.
type part struct{ Anchor, Title string }

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

func source(name string) []byte {
	raw, _ := files.ReadFile(name + ".md") // nil where there is none
	return raw
}

// read makes a page of a guide. Raw HTML in it is left out.
func read(name string) (guide, error) {
	raw := source(name)
	document := markdown.Parser().Parse(text.NewReader(raw), parser.WithContext(parser.NewContext(parser.WithIDs(anchors{}))))
	g := guide{language: "en"}
	if _, language, ok := strings.Cut(name, "."); ok {
		g.language = language
	}
	section := Section{Address: name, Language: g.language}
	var words strings.Builder
	flush := func() {
		section.Text = strings.Join(strings.Fields(words.String()), " ")
		g.sections = append(g.sections, section)
		words.Reset()
	}
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		plain := strings.TrimSpace(plainText(node, raw))
		heading, ok := node.(*ast.Heading)
		switch {
		case !ok:
			if _, isText := node.(*ast.Paragraph); isText && g.lead == "" {
				g.lead = strings.Join(strings.Fields(plain), " ")
			}
			words.WriteString(plain + " ")
			continue
		case heading.Level == 1:
			g.title, section.Title, section.Heading = plain, plain, plain
			continue
		}
		flush()
		id, _ := heading.AttributeString("id")
		anchor := fmt.Sprintf("%s", id)
		section.Heading, section.Address = plain, name+"#"+anchor
		if heading.Level == 2 {
			g.parts = append(g.parts, part{anchor, plain})
		}
	}
	flush()
	if g.title == "" || g.lead == "" {
		return g, fmt.Errorf("docs/%s.md: a guide begins with a title and a paragraph", name)
	}
	relink(document)
	label(document, raw)
	var out bytes.Buffer
	err := markdown.Renderer().Render(&out, raw, document)
	g.body = template.HTML(out.String()) //nolint:gosec // made of our own files, without raw HTML
	return g, err
}

// plainText is what a reader sees of a node.
func plainText(node ast.Node, raw []byte) string {
	var out strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				out.Write(n.Segment.Value(raw))
				if n.SoftLineBreak() || n.HardLineBreak() {
					out.WriteByte(' ')
				}
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			if entering {
				lines := n.Lines()
				for i := range lines.Len() {
					line := lines.At(i)
					out.Write(line.Value(raw))
				}
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				out.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	}) // it never fails: the function gives no error
	return out.String()
}

// relink makes links between files links between pages. What leads to another
// place in the repository has no page and becomes text.
func relink(document ast.Node) {
	var lost []*ast.Link
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		link, ok := n.(*ast.Link)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		to := string(link.Destination)
		file, anchor, _ := strings.Cut(to, "#")
		name, isGuide := strings.CutSuffix(file, ".md")
		switch {
		case isGuide && len(source(name)) > 0:
			if anchor != "" {
				name += "#" + anchor
			}
			link.Destination = []byte(name)
		case strings.HasPrefix(to, "../"):
			lost = append(lost, link)
		}
		return ast.WalkContinue, nil
	})
	for _, link := range lost {
		parent := link.Parent()
		for child := link.FirstChild(); child != nil; child = link.FirstChild() {
			parent.InsertBefore(parent, link, child)
		}
		parent.RemoveChild(parent, link)
	}
}

// label writes beside each cell of a table what its column is called: on a phone
// a row is shown as a list.
func label(document ast.Node, raw []byte) {
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		table, ok := n.(*tables.Table)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		var columns []string
		for cell := table.FirstChild().FirstChild(); cell != nil; cell = cell.NextSibling() {
			columns = append(columns, strings.TrimSpace(plainText(cell, raw)))
		}
		for row := table.FirstChild().NextSibling(); row != nil; row = row.NextSibling() {
			column := 0
			for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
				if column > 0 && column < len(columns) && columns[column] != "" {
					cell.SetAttributeString("data-label", []byte(columns[column]))
				}
				column++
			}
		}
		return ast.WalkSkipChildren, nil
	})
}

// anchors gives headings the ids that the repository's viewer gives them, so that a
// link works in both places.
type anchors map[string]int

func (a anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	var out strings.Builder
	for _, r := range strings.ToLower(string(value)) {
		switch {
		case r == ' ':
			out.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			out.WriteRune(r)
		}
	}
	id := out.String()
	n, used := a[id]
	a[id] = n + 1
	if used {
		id += "-" + strconv.Itoa(n)
	}
	return []byte(id)
}

func (anchors) Put([]byte) {}
