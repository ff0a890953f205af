// Package docs holds the guides: Markdown files that people also read in the
// repository, and that a process with the API serves as pages, with a menu and a
// search. The pages need no script and nothing from another host.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
)

//go:embed *.md img page.html results.html style.css
var files embed.FS

// chapter is a group of guides in the menu.
type chapter struct {
	Title  string
	Guides []string // names of files without .md; a language is a suffix, as in people.de
}

// chapters is the menu. What people need who use webhooks comes first, what those
// need who run Godwit comes last.
var chapters = []chapter{
	{"Begin", []string{"start", "concepts", "people", "people.de", "people.pl", "from-blue"}},
	{"Choose what is sent", []string{"rules", "formats"}},
	{"Receive", []string{"receiving", "verify", "local", "clients"}},
	{"When something is missing", []string{"trouble", "missed", "health", "errors"}},
	{"Build on the API", []string{"host", "cli", "idempotency", "limits"}},
	{"Run Godwit", []string{"app", "operate", "production", "alerts", "inspect", "outages", "guarantees", "scale", "retention", "security", "performance"}},
}

// Site is all pages. It does not change and is safe for concurrent use.
type Site struct {
	guides    map[string]guide
	reference Reference
	sections  []Section
	templates *template.Template
}

// Reference is the page of the API, which its owner writes.
type Reference struct {
	Title    string
	Body     template.HTML
	Menu     template.HTML // the index of its operations
	Sections []Section     // for the search
}

// New reads all guides. It fails when one of them can't be a page.
func New(reference Reference) (*Site, error) {
	templates, err := template.ParseFS(files, "page.html", "results.html")
	if err != nil {
		return nil, err
	}
	s := &Site{guides: map[string]guide{}, reference: reference, templates: templates}
	for _, chapter := range chapters {
		for _, name := range chapter.Guides {
			g, err := read(name)
			if err != nil {
				return nil, err
			}
			s.guides[name] = g
			s.sections = append(s.sections, g.sections...)
		}
	}
	s.sections = append(s.sections, reference.Sections...)
	for i := range s.sections {
		s.sections[i].index()
	}
	return s, nil
}

// Guides names all guides.
func (s *Site) Guides() []string { return slices.Sorted(maps.Keys(s.guides)) }

// Guide gives the page of a guide, which belongs at docs/{name}.
func (s *Site) Guide(name string) []byte {
	g := s.guides[name]
	return s.page(view{Language: g.language, Title: g.title, Body: g.body, Current: name, Parts: g.parts, Up: "../"})
}

// Source gives the Markdown of a guide.
func (s *Site) Source(name string) []byte { return source(name) }

// ReferencePage gives the page of the API, which belongs at docs.
func (s *Site) ReferencePage() []byte {
	return s.page(view{Language: "en", Title: s.reference.Title, Body: s.reference.Body, Root: "docs/"})
}

// Index lists all guides for programs that read text (llms.txt); its links are
// relative to the address of the API.
func (s *Site) Index() []byte {
	var out strings.Builder
	out.WriteString("# Godwit\n\n> A webhook engine that you host yourself. The API is described by openapi.json (OpenAPI 3.1).\n")
	for _, chapter := range chapters {
		fmt.Fprintf(&out, "\n## %s\n\n", chapter.Title)
		for _, name := range chapter.Guides {
			fmt.Fprintf(&out, "- [%s](docs/%s.md): %s\n", s.guides[name].title, name, s.guides[name].lead)
		}
	}
	return []byte(out.String())
}

// Files names the style and the pictures.
func Files() []string {
	names := []string{"style.css"}
	pictures, _ := files.ReadDir("img") // which is embedded
	for _, picture := range pictures {
		names = append(names, "img/"+picture.Name())
	}
	return names
}

// File gives one of Files.
func File(name string) []byte {
	content, _ := files.ReadFile(name) // which is embedded
	return content
}

// view is what the layout needs to know of a page.
type view struct {
	Language, Title string
	Body            template.HTML
	Current         string // the guide's name; empty: the reference, or results
	Parts           []part // of this guide
	Root, Up        string // what leads to the guides, and to the API's address
	Query           string
}

// menuEntry is a guide in the menu.
type menuEntry struct {
	Name, Title, Language string
	Current               bool
}

// menuChapter is a chapter in the menu.
type menuChapter struct {
	Title  string
	Open   bool
	Guides []menuEntry
}

func (s *Site) menu(current string) []menuChapter {
	var out []menuChapter
	for _, chapter := range chapters {
		m := menuChapter{Title: chapter.Title}
		for _, name := range chapter.Guides {
			g := s.guides[name]
			m.Guides = append(m.Guides, menuEntry{name, g.title, g.language, name == current})
			m.Open = m.Open || name == current
		}
		out = append(out, m)
	}
	return out
}

// page puts a page into the layout. The layout is tested with every page, so it
// can't fail on one.
func (s *Site) page(v view) []byte {
	var out bytes.Buffer
	data := struct {
		view
		Menu      []menuChapter
		Reference template.HTML
	}{v, s.menu(v.Current), s.reference.Menu}
	if err := s.templates.ExecuteTemplate(&out, "page.html", data); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func htmlOf(b bytes.Buffer) template.HTML {
	return template.HTML(b.String()) //nolint:gosec // a template of ours has escaped it
}
