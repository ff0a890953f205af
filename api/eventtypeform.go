package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/eventjson/strict"
	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// eventTypeForm is all of an event type: what a PUT leaves out, the type has no
// longer.
type eventTypeForm struct {
	Group       string       `json:"group" minLength:"1" maxLength:"200" doc:"Where the catalogue lists it"`
	Title       *string      `json:"title,omitempty" nullable:"true" maxLength:"200" doc:"What people read instead of the name, in English; null = the name"`
	Description string       `json:"description" maxLength:"2000" doc:"What happened when such an event is published"`
	Schema      state        `json:"schema,omitempty" doc:"JSON Schema 2020-12 that previous and current of each further event must fit, at most 64 KiB; null = any object fits"`
	Example     *exampleForm `json:"example,omitempty" doc:"What such an event looks like; must fit the schema"`
	Archived    *bool        `json:"archived,omitempty" nullable:"true" default:"false" doc:"true: rules that name it go on, new rules can't take it, its events are still accepted"`
	_           struct{}     `additionalProperties:"false"`

	Translations map[string]typeWordsForm `json:"translations,omitempty" nullable:"true" maxProperties:"20" doc:"What people read in other languages: each key is a language such as de or pt-BR"`
}

// typeWordsForm is what people read of a type in one language.
type typeWordsForm struct {
	Title       string   `json:"title,omitempty" maxLength:"200" doc:"The title"`
	Description string   `json:"description,omitempty" maxLength:"2000" doc:"The description"`
	Group       string   `json:"group,omitempty" maxLength:"200" doc:"The group"`
	_           struct{} `additionalProperties:"false"`
}

type exampleForm struct {
	Previous state    `json:"previous,omitempty" doc:"An example of the state before; null = none"`
	Current  state    `json:"current,omitempty" doc:"An example of the state after; null = none"`
	_        struct{} `additionalProperties:"false"`
}

const (
	maxDescription  = 2000
	maxTranslations = 20
)

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$`)

func (f eventTypeForm) check() []hook.Field {
	bad := slices.Concat(hook.CheckName("/group", f.Group), checkDescription("/description", f.Description))
	if title := orElse(f.Title, ""); title != "" {
		bad = append(bad, hook.CheckName("/title", title)...)
	}
	if len(f.Translations) > maxTranslations {
		bad = append(bad, hook.Field{Pointer: "/translations", Code: hook.FieldCount, Params: hook.Params{"max": maxTranslations},
			Detail: fmt.Sprintf("must have at most %d languages, not %d", maxTranslations, len(f.Translations))})
		return bad
	}
	for _, language := range slices.Sorted(maps.Keys(f.Translations)) {
		bad = append(bad, f.Translations[language].check(string(jsontext.Pointer("/translations").AppendToken(language)), language)...)
	}
	return bad
}

// size is how much there is to read for checkSchema.
func (f eventTypeForm) size() int {
	size := len(f.Schema)
	if f.Example != nil {
		size += len(f.Example.Previous) + len(f.Example.Current)
	}
	return size
}

func (f typeWordsForm) check(at, language string) []hook.Field {
	bad := checkDescription(at+"/description", f.Description)
	if !languageTag.MatchString(language) {
		bad = append(bad, hook.Field{Pointer: at, Code: hook.FieldForm, Params: hook.Params{"expected": "language"}, Detail: "must be a language such as de or pt-BR (BCP 47)"})
	}
	for _, name := range []struct{ at, text string }{{"/title", f.Title}, {"/group", f.Group}} {
		if name.text != "" {
			bad = append(bad, hook.CheckName(at+name.at, name.text)...)
		}
	}
	return bad
}

func checkDescription(at, description string) []hook.Field {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if utf8.RuneCountInString(description) <= maxDescription && !strings.ContainsFunc(description, control) {
		return nil
	}
	return []hook.Field{{Pointer: at, Code: hook.FieldTooLong, Params: hook.Params{"max": maxDescription},
		Detail: fmt.Sprintf("must have at most %d characters, no control characters but line breaks and tabs", maxDescription)}}
}

// checkSchema compiles the schema and holds the example to it.
func (f eventTypeForm) checkSchema(ctx context.Context) []hook.Field {
	var schema *eventschema.Schema
	var bad []hook.Field
	if f.Schema != nil {
		var err error
		if schema, err = eventschema.Compile(f.Schema); err != nil {
			bad = fieldsIn("/schema", err)
		}
	}
	if f.Example == nil {
		return bad
	}
	return slices.Concat(bad, checkExample(ctx, schema, "/example/previous", f.Example.Previous), checkExample(ctx, schema, "/example/current", f.Example.Current))
}

func checkExample(ctx context.Context, schema *eventschema.Schema, at string, example state) []hook.Field {
	if example != nil && !strict.IsObject(example) {
		return []hook.Field{{Code: hook.FieldType, Params: hook.Params{"expected": "object"}, Pointer: at, Detail: "must be an object, or null for none"}}
	}
	return schema.Check(ctx, at, json.RawMessage(example))
}

// fieldsIn gives the fields of an error that has some, else one at the pointer.
func fieldsIn(at string, err error) []hook.Field {
	var known *hook.Error
	if errors.As(err, &known) && len(known.Fields) > 0 {
		return known.Fields
	}
	return []hook.Field{{Code: hook.FieldSchema, Pointer: at, Detail: wordsOf(err)}}
}

// eventType gives what the form asks for; a type that becomes archived is so
// since now.
func (f eventTypeForm) eventType(name string, now time.Time) hook.EventType {
	t := hook.EventType{Name: name, Group: f.Group, Title: orElse(f.Title, ""), Description: f.Description, Schema: json.RawMessage(f.Schema)}
	for language, words := range f.Translations {
		if t.Translations == nil {
			t.Translations = map[string]hook.TypeWords{}
		}
		t.Translations[language] = hook.TypeWords{Title: words.Title, Description: words.Description, Group: words.Group}
	}
	if f.Example != nil {
		t.ExamplePrevious, t.ExampleCurrent = json.RawMessage(f.Example.Previous), json.RawMessage(f.Example.Current)
	}
	if orElse(f.Archived, false) {
		t.ArchivedAt = now.UTC()
	}
	return t
}
