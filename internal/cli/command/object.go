package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// object is a JSON object of the API. Commands read it by paths such as
// last_attempt.status_code or rules.events, so that a field which an older server lacks is just empty.
type object struct {
	raw    json.RawMessage
	fields map[string]any
}

// UnmarshalJSON keeps the object as it came.
func (o *object) UnmarshalJSON(raw []byte) error {
	o.raw = bytes.Clone(raw)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return decoder.Decode(&o.fields)
}

// MarshalJSON gives it back as it came.
func (o object) MarshalJSON() ([]byte, error) {
	if o.raw == nil {
		return json.Marshal(o.fields)
	}
	return o.raw, nil
}

// at gives the value at a path; nil = there is none.
func (o object) at(path string) any {
	var value any = o.fields
	for part := range strings.SplitSeq(path, ".") {
		value = within(value, part)
	}
	return value
}

// within gives the field of an object, or those of all objects of a list.
func within(value any, field string) any {
	switch v := value.(type) {
	case map[string]any:
		return v[field]
	case []any:
		var all []any
		for _, one := range v {
			switch inner := within(one, field).(type) {
			case nil:
			case []any:
				all = append(all, inner...)
			default:
				all = append(all, inner)
			}
		}
		return all
	}
	return nil
}

// text is the value at a path as a person reads it; "" = there is none.
func (o object) text(path string) string { return textOf(o.at(path)) }

func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return clean(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case json.Number:
		return v.String()
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = textOf(one)
		}
		return strings.Join(parts, ", ")
	}
	raw, _ := json.Marshal(value) // of what was JSON
	return clean(string(raw))
}

// number is the value at a path as a number; 0 = there is none.
func (o object) number(path string) int {
	n, _ := o.at(path).(json.Number)
	i, _ := n.Int64()
	return int(i)
}

// list gives the objects of a list at a path.
func (o object) list(path string) (all []object) {
	values, _ := o.at(path).([]any)
	for _, value := range values {
		if fields, ok := value.(map[string]any); ok {
			all = append(all, object{fields: fields})
		}
	}
	return all
}

// time is the time at a path, by this machine's zone.
func (o object) time(path string) (time.Time, bool) {
	text, _ := o.at(path).(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.Local(), err == nil
}

// clean takes out what would steer a terminal: names come from other people.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		if unicode.IsSpace(c) {
			return ' '
		}
		return -1
	}, text)
}

// cleanLines is clean for a text of several lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// moment reads a time that is given as one, or as how long ago it was.
func moment(flag, text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC().Format(time.RFC3339Nano), nil
	}
	ago, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		ago, err = time.ParseDuration(days + "h")
		ago *= 24
	}
	if err != nil || ago < 0 {
		return "", misused{fmt.Errorf("--%s must be how long ago, such as 2h or 7d, or a time such as 2026-05-04T09:30:00Z", flag)}
	}
	return now.Add(-ago).UTC().Format(time.RFC3339Nano), nil
}
