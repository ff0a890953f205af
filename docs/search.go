package docs

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The bounds of a search: what is longer is cut off.
const (
	maxQuery   = 100 // characters
	maxWords   = 8
	maxResults = 20
	around     = 90 // bytes of text before and after what was found
)

// Section is what the search finds: the text below one heading.
type Section struct {
	Address  string // relative to the guides, with its anchor
	Title    string // of its page
	Heading  string
	Text     string
	Language string // en, de or pl

	heading, title, text string // in lower case
}

func (s *Section) index() {
	s.heading, s.title, s.text = strings.ToLower(s.Heading), strings.ToLower(s.Title), strings.ToLower(s.Text)
}

// result is a section that was found, with the text around the first word.
type result struct {
	Section
	Before, Hit, After string
	score              int
}

// Search gives the page of what was found for a query: the sections that have all
// of its words, those first that have them in their heading.
func (s *Site) Search(query string) []byte {
	query = strings.TrimSpace(query)
	if r := []rune(query); len(r) > maxQuery {
		query = string(r[:maxQuery])
	}
	var body bytes.Buffer
	err := s.templates.ExecuteTemplate(&body, "results.html", map[string]any{"Query": query, "Results": s.find(query)})
	if err != nil {
		panic(err) // the template is ours, and tested
	}
	return s.page(view{Language: "en", Title: "Search", Query: query, Up: "../", Body: htmlOf(body)})
}

func (s *Site) find(query string) []result {
	words := strings.Fields(strings.ToLower(query))
	words = words[:min(len(words), maxWords)]
	if len(words) == 0 {
		return nil
	}
	var out []result
	for _, section := range s.sections {
		if score := section.score(words); score > 0 {
			out = append(out, result{Section: section, score: score})
		}
	}
	slices.SortStableFunc(out, func(a, b result) int { return cmp.Compare(b.score, a.score) })
	out = out[:min(len(out), maxResults)]
	for i := range out {
		out[i].quote(words)
	}
	return out
}

// score is 0 where a word is missing.
func (s *Section) score(words []string) int {
	score := 0
	if strings.Contains(s.heading, strings.Join(words, " ")) {
		score = 10
	}
	for _, word := range words {
		found := min(strings.Count(s.text, word), 5)
		if strings.Contains(s.heading, word) {
			found += 12
		}
		if strings.Contains(s.title, word) {
			found += 6
		}
		if found == 0 {
			return 0
		}
		score += found
	}
	return score
}

// quote cuts the text around the first word that it has. Where lower case has
// another length than the text, it is cut elsewhere.
func (r *result) quote(words []string) {
	at, length := -1, 0
	for _, word := range words {
		if i := strings.Index(r.text, word); i >= 0 && (at < 0 || i < at) {
			at, length = i, len(word)
		}
	}
	if at < 0 || at+length > len(r.Text) {
		at, length = 0, 0
	}
	from, to := max(0, at-around), min(len(r.Text), at+length+around)
	r.Before, r.Hit, r.After = whole(r.Text[from:at]), whole(r.Text[at:at+length]), whole(r.Text[at+length:to])
	if from > 0 {
		r.Before = "…" + r.Before
	}
	if to < len(r.Text) {
		r.After += "…"
	}
}

// whole leaves out characters that were cut in two.
func whole(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "")
}
