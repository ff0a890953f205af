package match

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// Bounds of what is told of a type's fields.
const (
	// MaxFieldEvents, MaxFieldBytes and MaxFieldTime bound the events that are looked at.
	MaxFieldEvents = 200
	MaxFieldBytes  = 2 << 20
	MaxFieldTime   = 3 * time.Second
	// fieldPage is how many events are read at a time, 15 MiB in all: nobody waits in a
	// queue for this.
	fieldPage = 60
	// MaxFields is how many fields are told, the first that were found.
	MaxFields = 200
	// maxFieldDepth is how many names a path has at most, and maxFieldPath how many
	// bytes.
	maxFieldDepth = 4
	maxFieldPath  = 256
	// maxFieldExample bounds an example, in characters.
	maxFieldExample = 100
)

// FieldKind is what a field holds, as far as it decides what can be asked of it.
type FieldKind string

// The kinds of fields. A list of named values holds objects with name and value, as
// custom fields are.
const (
	FieldText        FieldKind = "text"
	FieldTime        FieldKind = "time"
	FieldNumber      FieldKind = "number"
	FieldBoolean     FieldKind = "boolean"
	FieldObject      FieldKind = "object"
	FieldList        FieldKind = "list"
	FieldObjects     FieldKind = "objects"
	FieldNamedValues FieldKind = "named_values"
)

// Field is a place in the states of a type's events that a condition can ask about.
type Field struct {
	// Path is what follows current. or previous. in a condition.
	Path string
	// Kinds are what it held, the most frequent first; none = only null.
	Kinds []FieldKind
	// Example is one of its values as text; of a list the first element, of named
	// values the name of the first. Empty = there is none.
	Example string
	// Seen is in how many of the events it was, with a value other than null.
	Seen int
}

// Fields collects the fields of one type's events.
type Fields struct {
	found []*found
	at    map[string]*found
	event int // the number of the event that is looked at; 0 = none
}

type found struct {
	Field
	counts map[FieldKind]int
	event  int // that was counted last
}

// NewFields begins with what the catalogue says of a type: its example, and then its
// schema.
func NewFields(t hook.EventType) *Fields {
	f := &Fields{at: map[string]*found{}}
	f.states(t.ExampleCurrent, t.ExamplePrevious)
	f.schema(newSchemaWalk(t.Schema), "", t.Schema, 0)
	return f
}

// Add looks at an event.
func (f *Fields) Add(e hook.Event) {
	f.event++
	f.states(e.Current, e.Previous)
}

// Look adds the newest events that read gives, within the bounds.
func (f *Fields) Look(ctx context.Context, read func(context.Context, hook.Page) ([]hook.Event, error)) (examined int, err error) {
	r := reading{read: read, most: bounds{MaxFieldEvents, fieldPage, MaxFieldBytes, MaxFieldTime}}
	err = r.back(ctx, nil, func(_ context.Context, e hook.Event) bool {
		f.Add(e)
		return true
	})
	return r.events, err
}

// List gives the fields in the order in which they were found.
func (f *Fields) List() []Field {
	out := make([]Field, len(f.found))
	for i, one := range f.found {
		out[i] = one.Field
		slices.SortStableFunc(out[i].Kinds, func(a, b FieldKind) int { return cmp.Compare(one.counts[b], one.counts[a]) })
	}
	return out
}

func (f *Fields) states(states ...[]byte) {
	for _, state := range states {
		f.object("", state, 1)
	}
}

// object looks at the members of an object; what is no object has none. States were
// held to the rules of package strict before they were stored.
func (f *Fields) object(prefix string, text []byte, depth int) {
	if depth > maxFieldDepth || !strict.IsObject(text) {
		return
	}
	_ = strict.Outline(text, func(name string, value []byte) {
		if !speakable(name) {
			return
		}
		path := prefix + name
		kind, example := kindOf(value)
		if one := f.field(path); one != nil && kind != "" {
			f.seen(one, kind, example)
		}
		f.object(path+".", value, depth+1)
	})
}

// field gives the field of a path; nil where there are too many already.
func (f *Fields) field(path string) *found {
	one := f.at[path]
	if one == nil && len(f.found) < MaxFields && len(path) <= maxFieldPath {
		one = &found{Field: Field{Path: path, Kinds: []FieldKind{}}, counts: map[FieldKind]int{}}
		f.at[path], f.found = one, append(f.found, one)
	}
	return one
}

func (f *Fields) seen(one *found, kind FieldKind, example string) {
	if one.counts[kind]++; one.counts[kind] == 1 {
		one.Kinds = append(one.Kinds, kind)
	}
	one.Example = cmp.Or(one.Example, example)
	if f.event > one.event {
		one.event = f.event
		one.Seen++
	}
}

// names are what a condition can write behind a dot.
var (
	speakableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reservedNames = strings.Fields("as break const continue else false for function if import in let loop namespace null package return true var void while")
)

func speakable(name string) bool {
	return speakableName.MatchString(name) && !slices.Contains(reservedNames, name)
}

// kindOf says what a value is; "" for null, and for an empty list, whose elements
// nobody knows, it is a list.
func kindOf(value []byte) (FieldKind, string) {
	switch jsontext.Value(value).Kind() {
	case '"':
		text, _ := strict.Text(value)
		if _, ok := hook.ParseTime(text); ok {
			return FieldTime, text
		}
		return FieldText, shortened(text)
	case '0':
		return FieldNumber, shortened(string(value))
	case 't', 'f':
		return FieldBoolean, string(value)
	case '{':
		return FieldObject, ""
	case '[':
		return kindOfList(value)
	}
	return "", ""
}

func kindOfList(text []byte) (FieldKind, string) {
	var first []byte
	_ = strict.Elements(text, func(value []byte) {
		if first == nil {
			first = value
		}
	})
	if !strict.IsObject(first) {
		_, example := kindOf(first)
		return FieldList, example
	}
	members := map[string][]byte{}
	_ = strict.Outline(first, func(name string, value []byte) {
		if name == "name" || name == "value" {
			members[name] = value
		}
	})
	if len(members) < 2 {
		return FieldObjects, ""
	}
	name, _ := strict.Text(members["name"])
	return FieldNamedValues, shortened(name)
}

func shortened(text string) string {
	if utf8.RuneCountInString(text) <= maxFieldExample {
		return text
	}
	return string([]rune(text)[:maxFieldExample]) + "…"
}
