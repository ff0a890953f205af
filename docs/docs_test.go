package docs

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func newSite(t *testing.T) *Site {
	t.Helper()
	s, err := New(Reference{Title: "API", Body: `<h2 id="problems">Problems</h2>`,
		Sections: []Section{{Address: "../docs#create-webhook", Title: "API", Heading: "POST /v1/webhooks: Create a webhook", Text: "Makes a webhook.", Language: "en"}}})
	require.NoError(t, err)
	return s
}

func TestEveryGuideIsInTheMenuOnce(t *testing.T) {
	var listed []string
	for _, chapter := range chapters {
		listed = append(listed, chapter.Guides...)
	}
	slices.Sort(listed)
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var found []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".md"); ok {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	require.Equal(t, found, listed)
}

var (
	links   = regexp.MustCompile(`<a [^>]*href="([^"]*)"`)
	sources = regexp.MustCompile(`<img [^>]*src="([^"]*)"`)
)

func TestEveryLinkOfAGuideLeadsSomewhere(t *testing.T) {
	s := newSite(t)
	for _, name := range s.Guides() {
		page := string(s.Guide(name))
		require.NotContains(t, page, "raw HTML omitted", name)
		for _, m := range links.FindAllStringSubmatch(page, -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			anchor, err := url.PathUnescape(anchor)
			require.NoError(t, err)
			switch {
			case strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://") || to == "../" || to == "../docs" || to == "../verify" || strings.HasSuffix(to, ".md") && s.guides[strings.TrimSuffix(to, ".md")].title != "":
				continue
			case to == "":
				to = name
			}
			require.Contains(t, s.guides, to, "%s links to %s", name, m[1])
			if anchor != "" && anchor != "top" {
				require.Contains(t, string(s.guides[to].body), `id="`+anchor+`"`, "%s links to %s", name, m[1])
			}
		}
		for _, m := range sources.FindAllStringSubmatch(page, -1) {
			require.Contains(t, Files(), m[1], name)
		}
	}
}

// TestLinksOfTheRepositoryLeadToHeadings is about README, whose links are not on a page.
func TestLinksOfTheRepositoryLeadToHeadings(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	s := newSite(t)
	found := regexp.MustCompile(`\]\(docs/([\w.-]+)\.md(?:#([^)]+))?\)`).FindAllStringSubmatch(string(raw), -1)
	require.NotEmpty(t, found)
	for _, m := range found {
		require.Contains(t, s.guides, m[1])
		if m[2] != "" {
			require.Contains(t, string(s.guides[m[1]].body), `id="`+m[2]+`"`, m[0])
		}
	}
}

func TestAPageHasNoScriptAndNothingInline(t *testing.T) {
	s := newSite(t)
	pages := [][]byte{s.ReferencePage(), s.Search("a <b>\"'&"), s.Search("")}
	for _, name := range s.Guides() {
		pages = append(pages, s.Guide(name))
	}
	for _, page := range pages {
		for _, bad := range []string{"<script", "<style", " style=", " onclick", ` src="http`} {
			require.NotContains(t, string(page), bad)
		}
	}
}

// TestGuides_SayWhomTheyAreFor, and how long they take, in their first paragraph.
func TestGuides_SayWhomTheyAreFor(t *testing.T) {
	first := regexp.MustCompile(`^# [^\n]+\n\n(?:For|Für|Dla) [^\n]*(?:minute|half an hour|look|Minuten|minut)`)
	for _, name := range newSite(t).Guides() {
		require.Regexp(t, first, string(source(name)), name)
	}
}

func TestSearch(t *testing.T) {
	s := newSite(t)
	for query, first := range map[string]string{
		"webhook-signature":  "verify",
		"RETRY-AFTER":        "limits#",
		"create a webhook":   "../docs#create-webhook",
		"timeout_headers":    "trouble#timeout_headers",
		"Bedeutung Farben":   "people.de",
		"nichts-dergleichen": "none",
	} {
		found := s.find(query)
		if first == "none" {
			require.Empty(t, found, query)
			continue
		}
		require.NotEmpty(t, found, query)
		require.LessOrEqual(t, len(found), maxResults)
		require.True(t, strings.HasPrefix(found[0].Address, first), "%s: %s", query, found[0].Address)
	}
}

// TestSearch_TakesAnything: hostile and endless queries are cut off and escaped.
func TestSearch_TakesAnything(t *testing.T) {
	s := newSite(t)
	for _, query := range []string{"", "   ", "<script>alert(1)</script>", strings.Repeat("webhook ", 1000), strings.Repeat("ß", 5000), "\x00\xff\xfe", "İstanbul ǅ", "a\u0300"} {
		page := string(s.Search(query))
		require.NotContains(t, page, "<script")
		require.Less(t, len(page), 100_000)
	}
	for _, r := range s.find("a") {
		require.LessOrEqual(t, len(r.Before)+len(r.Hit)+len(r.After), 2*around+len("a")+2*len("…"))
	}
}

func TestAnchorsAreThoseOfTheRepositorysViewer(t *testing.T) {
	a := anchors{}
	for heading, want := range map[string]string{
		"When it does not fit": "when-it-does-not-fit", "`slack`, `discord`": "slack-discord", "timeout_headers": "timeout_headers",
		"Größe: was zählt?": "größe-was-zählt", "Łatwo — i już": "łatwo--i-już",
	} {
		require.Equal(t, want, string(a.Generate([]byte(heading), 0)))
	}
	require.Equal(t, "größe-was-zählt-1", string(a.Generate([]byte("Größe: was zählt?"), 0)))
}

// What the guide for people calls a button or a state, the app calls so too: bold
// words are the app's texts in the guide's language.
func TestPeople_NamesWhatTheAppShows(t *testing.T) {
	for guide, language := range map[string]string{"people": "en", "people.de": "de", "people.pl": "pl"} {
		var texts strings.Builder
		entries, err := os.ReadDir("../web/src/i18n/" + language)
		require.NoError(t, err)
		for _, entry := range entries {
			raw, err := os.ReadFile("../web/src/i18n/" + language + "/" + entry.Name())
			require.NoError(t, err)
			texts.Write(raw)
		}
		bold := regexp.MustCompile(`\*\*([^*]+)\*\*`).FindAllStringSubmatch(string(source(guide)), -1)
		require.Greater(t, len(bold), 25)
		for _, m := range bold {
			require.Contains(t, texts.String(), ": '"+m[1]+"'", guide)
		}
	}
}

// TestTrouble_NamesEveryReason: the app links each reason to its heading.
func TestTrouble_NamesEveryReason(t *testing.T) {
	raw, err := os.ReadFile("../internal/hook/reason.go")
	require.NoError(t, err)
	reasons := regexp.MustCompile(`Reason = "(\w+)"`).FindAllStringSubmatch(string(raw), -1)
	require.NotEmpty(t, reasons)
	for _, m := range reasons {
		require.Contains(t, string(source("trouble")), "\n### "+m[1]+"\n")
	}
}

// TestApp_LinksWhatItShowsToHeadings: an empty list and a problem of the web app lead to the
// heading that says more. Where a link begins with # it leads to a problem of the
// reference.
func TestApp_LinksWhatItShowsToHeadings(t *testing.T) {
	s := newSite(t)
	problems := regexp.MustCompile("\\n\\| `(\\w+)` \\| \\d{3} ").FindAllStringSubmatch(string(source("errors")), -1)
	require.NotEmpty(t, problems)
	empty, links := 0, 0
	require.NoError(t, filepath.WalkDir("../web/src", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".tsx") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		empty += strings.Count(string(raw), "<Empty ")
		for _, m := range regexp.MustCompile(`<(Guide to|Empty .*guide)="([^"]*)"`).FindAllStringSubmatch(string(raw), -1) {
			if links++; m[1] != "Guide to" {
				empty--
			}
			guide, anchor, _ := strings.Cut(m[2], "#")
			if guide == "" {
				require.True(t, slices.ContainsFunc(problems, func(p []string) bool { return p[1] == anchor }), "%s links to #%s", path, anchor)
				continue
			}
			require.Contains(t, s.guides, guide, path)
			if anchor != "" {
				require.Contains(t, string(s.guides[guide].body), `id="`+anchor+`"`, "%s links to %s", path, m[2])
			}
		}
		return nil
	}))
	require.Zero(t, empty, "empty states without a link")
	require.Greater(t, links, 15)
}
