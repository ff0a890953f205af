package mail

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line makes foreign text fit for one line of a message, such as a name in the
// subject: no line breaks, no control characters, no marks that turn the
// direction of what stands beside them, valid UTF-8, at most limit characters.
func line(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff':
			return -1
		}
		return r // strings.Map gives U+FFFD for a byte that is not UTF-8
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	if i := slices.IndexFunc(texts, func(s string) bool { return s != "" }); i >= 0 {
		return texts[i]
	}
	return ""
}
