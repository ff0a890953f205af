package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// states are those of an event, made from an example.
type states struct {
	fields map[string]any // previous and current: objects or nil
	free   bool           // there is no example, so every path is right
}

// statesOf takes previous and current out of an example or an event.
func statesOf(o object, path string) *states {
	s := &states{fields: map[string]any{"previous": nil, "current": nil}}
	for name := range s.fields {
		if fields, ok := o.at(path + name).(map[string]any); ok {
			s.fields[name] = fields
		}
	}
	if s.fields["previous"] == nil && s.fields["current"] == nil {
		s.fields["current"], s.free = map[string]any{}, true
	}
	return s
}

// set carries out assignments such as current.title="Paint": the value is JSON, or a
// text where it is none. A path that the example does not have is refused.
func (s *states) set(assignments []string) error {
	for _, one := range assignments {
		path, text, found := strings.Cut(one, "=")
		if !found {
			return misused{fmt.Errorf("--set must be PATH=VALUE, such as --set current.title=Paint")}
		}
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		} else if isNumber(text) {
			value = json.Number(text) // as it is spelled
		}
		parts := strings.Split(path, ".")
		if _, known := s.fields[parts[0]]; !known {
			return misused{fmt.Errorf("--set %s: a path begins with current or previous, such as current.title", path)}
		}
		if err := s.assign(s.fields, parts, 0, value); err != nil {
			return misused{err}
		}
	}
	return nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// assign sets what parts lead to from i on, below a container.
func (s *states) assign(container any, parts []string, i int, value any) error {
	part, last := parts[i], i == len(parts)-1
	switch c := container.(type) {
	case map[string]any:
		inner, there := c[part]
		if !there && !s.free {
			return unknownPath(parts[:i+1], slices.Sorted(maps.Keys(c)))
		}
		if last {
			c[part] = value
			return nil
		}
		if inner == nil && s.free {
			inner = map[string]any{}
			c[part] = inner
		}
		return s.assign(inner, parts, i+1, value)
	case []any:
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n >= len(c) {
			return fmt.Errorf("--set %s: %s is a list of %d in the example; name a place of it, from 0", strings.Join(parts, "."), strings.Join(parts[:i], "."), len(c))
		}
		if last {
			c[n] = value
			return nil
		}
		return s.assign(c[n], parts, i+1, value)
	}
	return fmt.Errorf("--set %s: %s is no object in the example", strings.Join(parts, "."), strings.Join(parts[:i], "."))
}

// unknownPath says that the example has no such field, and which one may be meant.
func unknownPath(path, known []string) error {
	text := fmt.Sprintf("--set: there is no %s in the example", strings.Join(path, "."))
	wanted := path[len(path)-1]
	if near := nearest(wanted, known); near != "" {
		return fmt.Errorf("%s; did you mean %s?", text, near)
	}
	if len(known) > 0 {
		return fmt.Errorf("%s; there are %s", text, strings.Join(known, ", "))
	}
	return fmt.Errorf("%s", text)
}

// nearest gives the name that is spelled almost like wanted; "" = none is.
func nearest(wanted string, known []string) string {
	best, found := 3, ""
	for _, one := range known {
		if d := distance(strings.ToLower(wanted), strings.ToLower(one)); d < best && d < len(wanted) {
			best, found = d, one
		}
	}
	return found
}

// distance is how many letters have to be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
