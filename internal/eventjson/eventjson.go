package eventjson

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// Parse reads one event. Previous and Current alias body, so body must not be
// changed while the event is in use. OccurredAt is zero and ID, ActorID are
// empty when the producer gave none.
//
// Malformed JSON is a *strict.SyntaxError; bad values are one *hook.Error of
// CodeInvalid with a field for each.
func Parse(body []byte) (hook.Event, error) {
	r := reader{bad: hook.Faults{Most: hook.MaxEventFaults}}
	switch err := strict.Members(body, r.member); {
	case errors.Is(err, strict.ErrKind):
		return hook.Event{}, hook.Field{Code: hook.FieldType, Params: anObject, Detail: "must be a JSON object that holds one event"}.Invalid()
	case err != nil:
		return hook.Event{}, err
	}
	return r.finish()
}

// Item is one element of a batch: an event, or the error that Parse gave for it beside
// what could be read of it.
type Item struct {
	Event hook.Event
	Err   error
	form  form
}

// ParseBatch reads {"events":[…]}. The error is about the batch as a whole;
// what is wrong with one event is in its Item. Each event may have up to
// hook.MaxEventBytes bytes; a longer one is an Item with ErrTooLarge.
func ParseBatch(body []byte) ([]Item, error) {
	var events []byte
	bad := hook.Faults{Most: hook.MaxEventFaults}
	err := strict.Outline(body, func(name string, value []byte) {
		if name == "events" {
			events = value
			return
		}
		bad.Add(func() hook.Field {
			return hook.Field{Code: hook.FieldUnknown, Pointer: pointer(name), Detail: "is not a field of a batch; leave it out"}
		})
	})
	if err != nil && !errors.Is(err, strict.ErrKind) {
		return nil, err
	}
	items, malformed := itemsOf(events, parseItem)
	switch {
	case err != nil:
		return nil, hook.Field{Code: hook.FieldType, Params: anObject, Detail: "must be a JSON object such as {\"events\":[…]}"}.Invalid()
	case malformed != nil || len(items) < 1 || len(items) > hook.MaxBatch:
		bad.Add(func() hook.Field { return manyEvents("/events") })
	}
	return items, invalid(bad.Fields())
}

func parseItem(value []byte) Item {
	event, err := Parse(value)
	return Item{Event: event, Err: err}
}

// manyEvents is the fault of a batch with too few or too many events.
func manyEvents(at string) hook.Field {
	return hook.Field{Pointer: at, Code: hook.FieldCount, Params: hook.Params{"min": 1, "max": hook.MaxBatch},
		Detail: fmt.Sprintf("must be an array of 1 to %d events", hook.MaxBatch)}
}

// ErrTooLarge is an Item's error for an event of more than hook.MaxEventBytes.
var ErrTooLarge = fmt.Errorf("the event is larger than %d bytes", hook.MaxEventBytes)

// itemsOf reads the events of a JSON array, up to one more than hook.MaxBatch.
func itemsOf(events []byte, parse func([]byte) Item) (items []Item, err error) {
	err = strict.Elements(events, func(value []byte) {
		if len(items) > hook.MaxBatch {
			return
		}
		if len(value) > hook.MaxEventBytes {
			items = append(items, Item{Err: ErrTooLarge})
			return
		}
		items = append(items, parse(value))
	})
	return items, err
}

// reader collects the members of one event and what is wrong with them.
type reader struct {
	event hook.Event
	seen  []string // of required
	bad   hook.Faults
}

func (r *reader) member(name string, value []byte) {
	if slices.Contains(required, name) {
		r.seen = append(r.seen, name)
	}
	switch name {
	case "id":
		r.event.ID = r.id(name, value)
	case "actor_id":
		r.event.ActorID = r.id(name, value)
	case "type":
		if s, ok := strict.Text(value); ok && hook.Operational(s) {
			r.fault(name, operationalType)
			return
		}
		r.event.Type = r.text(name, value, hook.ValidTypeName, typeForm)
	case "project_id":
		r.event.ProjectID = r.text(name, value, hook.ValidID, projectForm)
	case "occurred_at":
		r.event.OccurredAt = r.time(name, value)
	case "previous":
		r.event.Previous = r.state(name, value)
	case "current":
		r.event.Current = r.state(name, value)
	default:
		r.fault(name, hook.Field{Code: hook.FieldUnknown, Detail: "is not a field of an event; leave it out or put it into current"})
	}
}

// Faults that events and CloudEvents have in common.
var (
	operationalType = hook.Field{Code: hook.FieldOwnEvent, Detail: "is a type that Godwit makes itself, of what happens to webhooks; it can't be published"}
	bothNull        = hook.Field{Code: hook.FieldBothNull, Detail: "previous and current must not both be null; give at least one of them as an object"}
	typeForm        = badForm("event_type", "must be a string, the name of an event type of the catalogue (GET /v1/event-types)")
	projectForm     = badForm("project_id", "must be a string, the id of a project")
	idForm          = badForm("id", "must be a string and "+hook.IDForm)
)

// required are the fields that every event has.
var required = []string{"type", "project_id"}

func (r *reader) finish() (hook.Event, error) {
	for _, name := range required {
		if !slices.Contains(r.seen, name) {
			r.fault(name, hook.Field{Code: hook.FieldRequired, Detail: "is required"})
		}
	}
	if r.event.Previous == nil && r.event.Current == nil && !r.faulty("/previous") && !r.faulty("/current") {
		r.fault("current", bothNull)
	}
	return r.event, invalid(r.bad.Fields())
}

// id reads an optional id: null is the same as none.
func (r *reader) id(name string, value []byte) string {
	if strict.IsNull(value) {
		return ""
	}
	return r.text(name, value, hook.ValidID, idForm)
}

func (r *reader) text(name string, value []byte, valid func(string) bool, want hook.Field) string {
	s, ok := strict.Text(value)
	if !ok || !valid(s) {
		r.fault(name, want)
		return ""
	}
	return s
}

func (r *reader) time(name string, value []byte) time.Time {
	if strict.IsNull(value) {
		return time.Time{}
	}
	s, _ := strict.Text(value)
	return r.occurredAt(name, s)
}

func (r *reader) occurredAt(name, text string) time.Time {
	t, ok := hook.ParseTime(text)
	if !ok || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		r.fault(name, badForm("time", hook.TimeFormat))
		return time.Time{}
	}
	return t.UTC()
}

func (r *reader) state(name string, value []byte) []byte {
	switch {
	case strict.IsObject(value):
		return value
	case !strict.IsNull(value):
		r.fault(name, hook.Field{Code: hook.FieldType, Params: anObject, Detail: "must be a JSON object or null"})
	}
	return nil
}

func (r *reader) fault(name string, f hook.Field) {
	r.bad.Add(func() hook.Field { f.Pointer = pointer(name); return f })
}

var anObject = hook.Params{"expected": "object"}

// badForm is the fault of a text that must be something else.
func badForm(expected, words string) hook.Field {
	return hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": expected}, Detail: words}
}

func (r *reader) faulty(pointer string) bool {
	return slices.ContainsFunc(r.bad.Fields(), func(f hook.Field) bool { return f.Pointer == pointer })
}

// pointer makes the JSON pointer (RFC 6901) of a top-level member.
func pointer(name string) string {
	return string(jsontext.Pointer("").AppendToken(name))
}

// invalid gives nil, not a typed nil, when nothing is bad.
func invalid(bad []hook.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: "the event has fields that are not acceptable", Fields: bad}
}
