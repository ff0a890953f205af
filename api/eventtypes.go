package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"godwit/internal/hook"
)

// eventType is an entry of the catalogue. What a caller has written in JSON is
// answered byte for byte.
type eventType struct {
	Name        string     `json:"name" doc:"Its name, such as TODO_CREATED"`
	Group       string     `json:"group" minLength:"1" maxLength:"200" doc:"Where the catalogue lists it"`
	Title       string     `json:"title" maxLength:"200" doc:"What people read instead of the name, in English"`
	Description string     `json:"description" maxLength:"2000" doc:"What happened when such an event is published"`
	Builtin     bool       `json:"builtin" doc:"Came with Godwit and can't be changed or deleted"`
	ArchivedAt  *time.Time `json:"archived_at" doc:"Since when no new rule can take it; null = it is not archived"`
	Example     example    `json:"example" doc:"What such an event looks like; test events carry it"`
	Schema      state      `json:"schema" doc:"JSON Schema 2020-12 that previous and current must fit; null = any object fits"`

	Translations map[string]typeWords `json:"translations" nullable:"false" doc:"What people read in other languages, by language; what is left out there is not translated"`
}

// typeWords is what people read of a type in one language.
type typeWords struct {
	Title       string `json:"title,omitempty" maxLength:"200" doc:"The title"`
	Description string `json:"description,omitempty" maxLength:"2000" doc:"The description"`
	Group       string `json:"group,omitempty" maxLength:"200" doc:"The group"`
}

type example struct {
	Previous state `json:"previous" doc:"An example of the state before; null = none"`
	Current  state `json:"current" doc:"An example of the state after; null = none"`
}

func viewEventType(t hook.EventType) eventType {
	out := eventType{Name: t.Name, Group: t.Group, Title: cmp.Or(t.Title, t.Name), Description: t.Description, Builtin: t.Builtin, Translations: map[string]typeWords{},
		Example: example{Previous: state(t.ExamplePrevious), Current: state(t.ExampleCurrent)}, Schema: state(t.Schema)}
	for language, words := range t.Translations {
		out.Translations[language] = typeWords(words)
	}
	if !t.ArchivedAt.IsZero() {
		at := t.ArchivedAt.UTC()
		out.ArchivedAt = &at
	}
	return out
}

// WriteTo writes the type as JSON, with the example's and the schema's spaces.
func (t eventType) WriteTo(w io.Writer) (int64, error) {
	head := struct {
		Name         string               `json:"name"`
		Group        string               `json:"group"`
		Title        string               `json:"title"`
		Description  string               `json:"description"`
		Translations map[string]typeWords `json:"translations"`
		Builtin      bool                 `json:"builtin"`
		ArchivedAt   *time.Time           `json:"archived_at"`
	}{t.Name, t.Group, t.Title, t.Description, t.Translations, t.Builtin, t.ArchivedAt}
	shown := slices.Concat([]byte(`{"previous":`), t.Example.Previous.bytes(), []byte(`,"current":`), t.Example.Current.bytes(), []byte("}"))
	return writeObject(w, head, verbatim{"example", shown}, verbatim{"schema", t.Schema.bytes()})
}

// eventTypeList is a list[eventType] that writes its rows by themselves.
type eventTypeList struct {
	Data       []eventType `json:"data" nullable:"false" doc:"The types, by group and name"`
	NextCursor *string     `json:"next_cursor" maxLength:"400" doc:"Pass it as cursor for the rows after these; null = there are none"`
}

// WriteTo writes the list as JSON.
func (l eventTypeList) WriteTo(w io.Writer) (int64, error) {
	rows := bytes.NewBufferString("[")
	for i, t := range l.Data {
		if i > 0 {
			rows.WriteByte(',')
		}
		if _, err := t.WriteTo(rows); err != nil {
			return 0, err
		}
	}
	rows.WriteByte(']')
	head := struct {
		NextCursor *string `json:"next_cursor"`
	}{l.NextCursor}
	return writeObject(w, head, verbatim{"data", rows.Bytes()})
}

type eventTypesInput struct {
	Limit    int    `query:"limit" minimum:"1" maximum:"200" doc:"How many rows; all of them when left out"`
	Cursor   string `query:"cursor" maxLength:"400" doc:"The next_cursor of the page before; opaque"`
	Archived string `query:"archived" enum:"true,false" doc:"Only those that are archived, or only those that are not"`
}

// has says whether the filter lets a type through.
func (in *eventTypesInput) has(t hook.EventType) bool {
	return in.Archived == "" || (in.Archived == "true") == !t.ArchivedAt.IsZero()
}

// eventTypes lists the catalogue by group and name. It is small and read as a
// whole, so it comes in one page unless a limit is given.
func (s *server) eventTypes(ctx context.Context, in *eventTypesInput) (*reply[eventTypeList], error) {
	types, err := s.Store.EventTypes(ctx)
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		after, ok := parseCursor(in.Cursor)
		at := slices.IndexFunc(types, func(t hook.EventType) bool { return t.Name == after.ID })
		if !ok || at < 0 {
			return nil, badCursor()
		}
		types = types[at+1:]
	}
	types = slices.DeleteFunc(slices.Clone(types), func(t hook.EventType) bool { return !in.has(t) })
	page := PageQuery{Limit: in.Limit}
	if page.Limit == 0 {
		page.Limit = len(types)
	}
	key := func(t hook.EventType) hook.Cursor { return hook.Cursor{Time: t.CreatedAt, ID: t.Name} }
	return &reply[eventTypeList]{Body: eventTypeList(pageOf(types, page, viewEventType, key).Body)}, nil
}

type byName struct {
	Name string `path:"name" doc:"Name of the event type: 1 to 128 characters out of A-Z a-z 0-9 _ . : -"`
}

type putEventTypeInput struct {
	Name string `path:"name" doc:"Name of the event type: 1 to 128 characters out of A-Z a-z 0-9 _ . : -"`
	Payload
}

func (s *server) putEventType(ctx context.Context, in *putEventTypeInput) (*putReply[eventType], error) {
	form, bad, err := decodeForm[eventTypeForm](in.raw)
	if err != nil {
		return nil, err
	}
	badSchema, err := s.checkSchema(ctx, form)
	if err != nil {
		return nil, err
	}
	if err := besides(newTypeName(in.Name), invalid(slices.Concat(bad, form.check(), badSchema))); err != nil {
		return nil, err
	}
	t, created, err := s.Store.PutEventType(ctx, form.eventType(in.Name, s.Now()))
	if err != nil {
		return nil, err
	}
	return put(viewEventType(t), created), nil
}

// newTypeName says why a name of an event type that is about to be created can't be one.
func newTypeName(name string) error {
	if hook.ValidTypeName(name) {
		return nil
	}
	return badParameter(hook.Field{Pointer: "{name}", Code: hook.FieldForm, Params: hook.Params{"expected": "event_type"},
		Detail: "must have 1 to 128 characters out of A-Z a-z 0-9 _ . : - and be neither " + hook.HealthCheckType + " nor " + hook.CombinationType})
}

// checkSchema reads the schema and holds the example to it, in turn where they are
// large.
func (s *server) checkSchema(ctx context.Context, form eventTypeForm) ([]hook.Field, error) {
	leave, err := s.computing.EnterToRead(ctx, form.size())
	if err != nil {
		return nil, err
	}
	defer leave()
	return form.checkSchema(ctx), nil
}

func (s *server) deleteEventType(ctx context.Context, in *byName) (*struct{}, error) {
	return remove(ctx, &ByID{ID: in.Name}, s.Store.DeleteEventType)
}
