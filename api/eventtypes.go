package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/hook"
)

type eventTypeForm struct {
	Group       string   `json:"group" minLength:"1" maxLength:"200" doc:"Where the catalogue lists it"`
	Description string   `json:"description" maxLength:"2000" doc:"What happened when such an event is published"`
	_           struct{} `additionalProperties:"false" notyet:"schema"`
}

const maxDescription = 2000

func (f eventTypeForm) check() []hook.Field {
	bad := checkName("/group", f.Group)
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if utf8.RuneCountInString(f.Description) > maxDescription || strings.ContainsFunc(f.Description, control) {
		bad = append(bad, hook.Field{Pointer: "/description",
			Detail: fmt.Sprintf("must have at most %d characters, no control characters but line breaks and tabs", maxDescription)})
	}
	return bad
}

type eventType struct {
	Name        string  `json:"name"`
	Group       string  `json:"group"`
	Description string  `json:"description"`
	Builtin     bool    `json:"builtin" doc:"Came with Godwit and can't be deleted"`
	Example     example `json:"example"`
}

type example struct {
	Previous state `json:"previous"`
	Current  state `json:"current"`
}

func viewEventType(t hook.EventType) eventType {
	return eventType{Name: t.Name, Group: t.Group, Description: t.Description, Builtin: t.Builtin,
		Example: example{Previous: state(t.ExamplePrevious), Current: state(t.ExampleCurrent)}}
}

type eventTypesInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" doc:"How many rows; all of them when left out"`
	Cursor string `query:"cursor" maxLength:"400" doc:"The next_cursor of the page before; opaque"`
}

// eventTypes lists the catalogue by group and name. It is small and read as a
// whole, so it comes in one page unless a limit is given.
func (s *server) eventTypes(ctx context.Context, in *eventTypesInput) (*listReply[eventType], error) {
	types, err := s.Store.EventTypes.EventTypes(ctx)
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		after, ok := parseCursor(in.Cursor)
		at := slices.IndexFunc(types, func(t hook.EventType) bool { return t.Name == after.ID })
		if !ok || at < 0 {
			return nil, badParameter("cursor", "must be the next_cursor of an answer of this list, unchanged")
		}
		types = types[at+1:]
	}
	page := PageQuery{Limit: in.Limit}
	if page.Limit == 0 {
		page.Limit = len(types)
	}
	key := func(t hook.EventType) hook.Cursor { return hook.Cursor{Time: t.CreatedAt, ID: t.Name} }
	return pageOf(types, page, viewEventType, key), nil
}

type byName struct {
	Name string `path:"name" doc:"Name of the event type: 1 to 128 characters out of A-Z a-z 0-9 _ . : -"`
}

type putEventTypeInput struct {
	Name string `path:"name" doc:"Name of the event type: 1 to 128 characters out of A-Z a-z 0-9 _ . : -"`
	Payload
}

func (s *server) putEventType(ctx context.Context, in *putEventTypeInput) (*putReply[eventType], error) {
	if !hook.ValidTypeName(in.Name) {
		return nil, badParameter("name", "must have 1 to 128 characters out of A-Z a-z 0-9 _ . : - and not be "+hook.HealthCheckType)
	}
	form, err := decode[eventTypeForm](in.raw)
	if err != nil {
		return nil, err
	}
	t, created, err := s.Store.EventTypes.PutEventType(ctx, hook.EventType{Name: in.Name, Group: form.Group, Description: form.Description})
	if err != nil {
		return nil, err
	}
	return put(viewEventType(t), created), nil
}

func (s *server) deleteEventType(ctx context.Context, in *byName) (*struct{}, error) {
	return remove(ctx, &ByID{ID: in.Name}, s.Store.EventTypes.DeleteEventType)
}
