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
// 1..128 characters of [A-Za-z0-9_.:-], and not the name of the probe.
func ValidTypeName(s string) bool { return typePattern.MatchString(s) && s != HealthCheckType }

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

// CheckRules returns what is wrong with a webhook's rules by form alone, each
// with its pointer below "/rules". Whether the named types, projects and
// companies exist is for the store to say.
func CheckRules(rules []Rule) []Field {
	if len(rules) == 0 || len(rules) > MaxRules {
		return []Field{{"/rules", fmt.Sprintf("must hold 1 to %d rules", MaxRules)}}
	}
	var bad []Field
	if n := combinations(rules); n > MaxCombinations {
		bad = append(bad, Field{"/rules", fmt.Sprintf("must stand for at most %d combinations of event and scope, not %d; use prefixes or companies", MaxCombinations, n)})
	}
	for i, r := range rules {
		at := fmt.Sprintf("/rules/%d", i)
		if len(r.Events) == 0 {
			bad = append(bad, Field{at + "/events", `must name at least one event type; ["*"] means every type`})
		}
		bad = append(bad, checkList(at+"/events", r.Events, validPattern, `must be an event type, a prefix such as "TODO_*", or "*"`)...)
		bad = append(bad, checkList(at+"/projects", r.Projects, ValidID, "must be a project id")...)
		bad = append(bad, checkList(at+"/companies", r.Companies, ValidID, "must be a company id")...)
	}
	return bad
}

// combinations counts what the rules amount to: each event type with each
// project and company.
func combinations(rules []Rule) int {
	n := 0
	for _, r := range rules {
		n += len(r.Events) * max(1, len(r.Projects)+len(r.Companies))
	}
	return n
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
