package api

import (
	"context"
	"slices"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
	"godwit/internal/match"
)

// fieldsSpan is how far back events are looked at unless the request says so.
const fieldsSpan = 30 * 24 * time.Hour

type typeFieldsInput struct {
	Name  string  `path:"name" doc:"Name of the event type"`
	Since instant `query:"since" doc:"How far to look back for events; 30 days when left out"`
}

type typeFields struct {
	Data     []typeField `json:"data" nullable:"false" maxItems:"200" doc:"The fields: those of the type's example, then of its schema, then of its events"`
	Examined int         `json:"examined" minimum:"0" maximum:"200" doc:"How many events were looked at, the newest first"`
}

// typeField is a field that conditions can ask about.
type typeField struct {
	Path    string            `json:"path" pattern:"^[A-Za-z0-9_.]{1,256}$" doc:"What follows current. or previous. in a condition"`
	Kinds   []match.FieldKind `json:"kinds" nullable:"false" maxItems:"8" enum:"text,time,number,boolean,object,list,objects,named_values" doc:"What it held, the most frequent first; empty = nothing but null. named_values is a list of objects that have name and value, objects a list of others"`
	Example *string           `json:"example" doc:"One of its values as text, of a list the first element, cut to 100 characters; null = there was none"`
	Seen    int               `json:"seen" minimum:"0" maximum:"200" doc:"In how many of the events it had a value"`
}

// typeFields tells what conditions can ask about a type. It does not wait in the queue
// of what computes: it is a read in a snapshot, which would hold a connection while it
// waits, and its bounds let it compute for some hundredths of a second at most.
func (s *server) typeFields(ctx context.Context, in *typeFieldsInput) (*reply[typeFields], error) {
	types, err := s.Store.EventTypes(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(types, func(t hook.EventType) bool { return t.Name == in.Name })
	if i < 0 {
		return nil, hook.Errorf(hook.CodeNotFound, "There is no event type %q.", shorten(in.Name, maxNamed))
	}
	fields := match.NewFields(types[i])
	filter := hook.EventFilter{Type: in.Name, Kind: hook.KindOf(in.Name, false), Since: in.Since.Time}
	if filter.Since.IsZero() {
		filter.Since = s.Now().Add(-fieldsSpan)
	}
	stopped := new(hook.Cursor) // a list that has looked at enough ends there
	examined, err := fields.Look(ctx, func(ctx context.Context, page hook.Page) ([]hook.Event, error) {
		page.Stopped = stopped
		return s.Store.Events(ctx, filter, page)
	})
	if err != nil {
		return nil, err
	}
	out := typeFields{Data: []typeField{}, Examined: examined}
	for _, f := range fields.List() {
		out.Data = append(out.Data, typeField{f.Path, f.Kinds, view.Optional(f.Example), f.Seen})
	}
	return &reply[typeFields]{Body: out}, nil
}
