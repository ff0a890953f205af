package filter

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/hook"
)

const (
	// maxPath bounds a path, in bytes, and maxSegments its names.
	maxPath     = 256
	maxSegments = 16
	// keyLength is how many characters of five bits a key has: enough that two
	// values never share one.
	keyLength = 26
)

// errPath says what a path may be.
var errPath = fmt.Errorf("must be type, project_id, company_id, actor_id, or a path such as current.id or previous.task.id: "+
	"names joined by dots, without spaces and brackets, at most %d names and %d bytes", maxSegments, maxPath)

// CheckPath returns an error that says what is allowed, unless path names what
// Subject.Key can look up.
func CheckPath(path string) error {
	if _, ok := eventField(path); ok {
		return nil
	}
	segments := strings.Split(path, ".")
	if len(path) > maxPath || len(segments) < 2 || len(segments) > maxSegments || !utf8.ValidString(path) {
		return errPath
	}
	if segments[0] != "current" && segments[0] != "previous" {
		return errPath
	}
	for _, segment := range segments {
		if segment == "" || strings.ContainsFunc(segment, unfit) {
			return errPath
		}
	}
	return nil
}

func unfit(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("[]", r)
}

// eventField returns the function that reads the event's own field.
func eventField(path string) (read func(*Subject) string, ok bool) {
	switch path {
	case "type":
		return func(s *Subject) string { return s.event.Type }, true
	case "project_id":
		return func(s *Subject) string { return s.event.ProjectID }, true
	case "company_id":
		return func(s *Subject) string { return s.event.CompanyID }, true
	case "actor_id":
		return func(s *Subject) string { return s.event.ActorID }, true
	}
	return nil, false
}

// Key returns a text of 26 characters for the string, number or bool at path:
// the same text for the same value, however a number is written, and different
// ones for "1" and 1. It returns false for what is absent, null, an object or
// an array, for a field of the event that is empty, and for a path that
// CheckPath refuses. Where the state that path names is null, the other one is
// read, so that a deletion carries the id of what it deleted.
func (s *Subject) Key(path string) (string, bool) {
	if CheckPath(path) != nil {
		return "", false
	}
	if read, ok := eventField(path); ok {
		if text := read(s); text != "" {
			return hash("s", text), true
		}
		return "", false
	}
	switch found := s.at(strings.Split(path, ".")).(type) {
	case string:
		return hash("s", found), true
	case json.Number:
		return hash("n", hook.CanonicalNumber(found)), true
	case bool:
		return hash("b", fmt.Sprint(found)), true
	}
	return "", false
}

// at returns what is at a path, nil when nothing is.
func (s *Subject) at(segments []string) any {
	first, second := s.current, s.previous
	if segments[0] == "previous" {
		first, second = second, first
	}
	found, err := first.decoded()
	if err == nil && found == nil {
		// A state that can't be read is nil.
		found, _ = second.decoded()
	}
	for _, name := range segments[1:] {
		object, _ := found.(map[string]any)
		found = object[name]
	}
	return found
}

func hash(kind, text string) string {
	sum := sha256.Sum256([]byte(kind + text))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:keyLength]
}
