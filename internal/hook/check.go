package hook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)
	typePattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)
)

// ValidID says whether s may be a caller-chosen id: 1..128 characters of
// [A-Za-z0-9._:-].
func ValidID(s string) bool { return idPattern.MatchString(s) }

// ValidTypeName says whether s may name an event type of the catalogue:
// 1..128 characters of [A-Za-z0-9_.:-], and none that Godwit gives itself.
func ValidTypeName(s string) bool {
	return typePattern.MatchString(s) && s != HealthCheckType && s != CombinationType
}

// CheckName returns what is wrong with a name for people, or "".
// Names have 1..200 characters, no control characters.
func CheckName(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "must not be empty"
	case utf8.RuneCountInString(s) > MaxNameLength:
		return fmt.Sprintf("must have at most %d characters", MaxNameLength)
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return "must not contain control characters"
	}
	return ""
}

func checkList(at string, items []string, valid func(string) bool, want string) []Field {
	if len(items) > MaxRuleItems {
		return []Field{{at, fmt.Sprintf("must hold at most %d items", MaxRuleItems)}}
	}
	var bad []Field
	for i, item := range items {
		switch {
		case !valid(item):
			bad = append(bad, Field{fmt.Sprintf("%s/%d", at, i), want})
		case slices.Contains(items[:i], item):
			bad = append(bad, Field{fmt.Sprintf("%s/%d", at, i), "is named twice"})
		}
	}
	return bad
}

func validPattern(s string) bool {
	if s == "*" {
		return true
	}
	return ValidTypeName(strings.TrimSuffix(s, "*"))
}

// IsPrefix says whether an entry of Rule.Events stands for several types.
func IsPrefix(pattern string) bool { return strings.HasSuffix(pattern, "*") }
