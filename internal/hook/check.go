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
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$`)
	typePattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)
)

// IDForm says what a caller-chosen id must look like.
const IDForm = "must have 1 to 128 characters out of A-Z a-z 0-9 . _ : - / @ | = + ~ , ! $ & ' ( ) * ;"

// ValidID says whether s may be a caller-chosen id; see IDForm. These are the
// characters that a path may hold (RFC 3986), and / and |. What would end a path
// (? and #), the escape itself (%), white space and quotes are left out.
func ValidID(s string) bool { return idPattern.MatchString(s) }

// ValidTypeName says whether s may name an event type of the catalogue:
// 1..128 characters of [A-Za-z0-9_.:-], and none that Godwit gives itself.
func ValidTypeName(s string) bool {
	return typePattern.MatchString(s) && s != HealthCheckType && s != CombinationType
}

// CheckName returns what is wrong with a name for people at a pointer, if anything.
// Names have 1..200 characters, no control characters.
func CheckName(at, s string) []Field {
	switch {
	case strings.TrimSpace(s) == "":
		return []Field{{Pointer: at, Code: FieldEmpty, Detail: "must not be empty"}}
	case utf8.RuneCountInString(s) > MaxNameLength:
		return []Field{{Pointer: at, Code: FieldTooLong, Params: Params{"max": MaxNameLength}, Detail: fmt.Sprintf("must have at most %d characters", MaxNameLength)}}
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return []Field{{Pointer: at, Code: FieldControl, Detail: "must not contain control characters"}}
	}
	return nil
}

func checkList(at string, items []string, valid func(string) bool, want string) []Field {
	if len(items) > MaxRuleItems {
		return []Field{{Pointer: at, Code: FieldCount, Params: Params{"min": 0, "max": MaxRuleItems}, Detail: fmt.Sprintf("must hold at most %d items", MaxRuleItems)}}
	}
	var bad []Field
	for i, item := range items {
		switch {
		case !valid(item):
			bad = append(bad, Field{Pointer: fmt.Sprintf("%s/%d", at, i), Code: FieldForm, Params: Params{"expected": want}, Detail: want})
		case slices.Contains(items[:i], item):
			bad = append(bad, Field{Pointer: fmt.Sprintf("%s/%d", at, i), Code: FieldTwice, Detail: "is named twice"})
		}
	}
	return bad
}

func validPattern(s string) bool {
	if rest, suffix := strings.CutPrefix(s, "*"); suffix {
		return rest == "" || ValidTypeName(rest)
	}
	return ValidTypeName(strings.TrimSuffix(s, "*"))
}

// IsPattern says whether an entry of Rule.Events stands for several types.
func IsPattern(entry string) bool {
	return strings.HasPrefix(entry, "*") || strings.HasSuffix(entry, "*")
}
