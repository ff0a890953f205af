package eventschema

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"godwit/internal/hook"
)

// Read gives Name, Schema and SchemaVersion of those of the named event types that
// exist, in any order. A version must never stand for two schemas, not even when a
// type is deleted and made anew.
type Read func(ctx context.Context, names []string) ([]hook.EventType, error)

// MaxKnown is how many types Schemas remembers; when there are more it forgets
// them all and starts again.
const MaxKnown = 10_000

// Schemas holds events to the schemas of their types and remembers what it has
// read of them: types that exist alone, so that no sender can make it grow. It
// is safe for concurrent use.
//
// What it remembers may be outdated, so Check answers with the version that it
// has used. An event may be accepted only while its type still has that
// version; else Forget the type and Check again. A refusal is never outdated:
// before it is given the type is read anew.
type Schemas struct {
	source  Read
	compile func(raw []byte) (*Schema, error)
	mu      sync.RWMutex
	known   map[string]*entry
}

// entry is what is known of one type; nil for one that does not exist.
type entry struct {
	version int64
	// compiled gives the schema, or why a stored schema can't be compiled. That takes up
	// to a second, so requests that need it at the same time wait for one of them.
	compiled func() (*Schema, error)
}

// New makes Schemas that know nothing yet and ask read.
func New(read Read) *Schemas {
	return &Schemas{source: read, compile: Compile, known: map[string]*entry{}}
}

// Check holds each event's states to the schema of its type. versions[i] is the
// version of the schema that events[i] was held to, 0 when its type has none or
// does not exist; faults[i] is nil when events[i] fits, else an error of
// CodeInvalid with pointers below "/previous" and "/current", or of
// CodeUnavailable when the stored schema can't be used. Both are as long as
// events. err is the source's or that of an ended ctx; both are nil then.
//
// Types that are not known yet are read all at once; with known types and
// events that fit, the source is not asked.
func (s *Schemas) Check(ctx context.Context, events []hook.Event) (versions []int64, faults []*hook.Error, err error) {
	types, missing := s.recall(events)
	if err := s.read(ctx, missing, types); err != nil {
		return nil, nil, err
	}
	versions, faults = make([]int64, len(events)), make([]*hook.Error, len(events))
	var doubted []string
	for i, e := range events {
		if err := ctx.Err(); err != nil { // checks of many large events take seconds
			return nil, nil, err
		}
		versions[i], faults[i] = types[e.Type].check(ctx, e)
		if faults[i] != nil && !slices.Contains(missing, e.Type) && !slices.Contains(doubted, e.Type) {
			doubted = append(doubted, e.Type)
		}
	}
	if err := s.read(ctx, doubted, types); err != nil {
		return nil, nil, err
	}
	for i, e := range events {
		if faults[i] != nil && slices.Contains(doubted, e.Type) && types[e.Type].differs(versions[i]) {
			versions[i], faults[i] = types[e.Type].check(ctx, e)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return versions, faults, nil
}

// Forget makes the next Check read these types anew.
func (s *Schemas) Forget(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.known, name)
	}
}

// recall gives what is known of the events' types and names the others.
func (s *Schemas) recall(events []hook.Event) (types map[string]*entry, missing []string) {
	types = map[string]*entry{}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range events {
		if _, seen := types[e.Type]; seen {
			continue
		}
		known := s.known[e.Type]
		types[e.Type] = known
		if known == nil {
			missing = append(missing, e.Type)
		}
	}
	return types, missing
}

// read asks the source for these types and writes what it says into types and
// into what is remembered.
func (s *Schemas) read(ctx context.Context, names []string, types map[string]*entry) error {
	if len(names) == 0 {
		return nil
	}
	rows, err := s.source(ctx, names)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]*entry{}
	for _, row := range rows {
		known := s.known[row.Name] // another request may have read it since
		if known == nil || known.version != row.SchemaVersion {
			known = s.newEntry(row)
		}
		found[row.Name] = known
	}
	for _, name := range names {
		types[name] = found[name]
		delete(s.known, name)
	}
	if len(s.known)+len(found) > MaxKnown {
		clear(s.known)
	}
	maps.Copy(s.known, found)
	return nil
}

func (s *Schemas) newEntry(t hook.EventType) *entry {
	return &entry{version: t.SchemaVersion, compiled: sync.OnceValues(func() (*Schema, error) {
		if t.Schema == nil {
			return nil, nil
		}
		return s.compile(t.Schema)
	})}
}

// differs says whether the type now has another version than this one.
func (e *entry) differs(version int64) bool {
	if e == nil {
		return version != 0
	}
	return e.version != version
}

func (e *entry) check(ctx context.Context, event hook.Event) (int64, *hook.Error) {
	if e == nil {
		return 0, nil
	}
	schema, broken := e.compiled()
	if broken != nil {
		return e.version, &hook.Error{Code: hook.CodeUnavailable, Err: broken,
			Message: fmt.Sprintf("the schema of event type %s can't be used by this version of Godwit; put the type with another one", event.Type)}
	}
	bad := slices.Concat(schema.Check(ctx, "/previous", event.Previous), schema.Check(ctx, "/current", event.Current))
	switch len(bad) {
	case 0:
		return e.version, nil
	case 1:
		return e.version, &hook.Error{Code: hook.CodeInvalid, Message: bad[0].Pointer + " " + bad[0].Detail, Fields: bad}
	}
	message := fmt.Sprintf("%d values do not fit the schema of event type %s.", len(bad), event.Type)
	bad = hook.FirstFaults(bad, hook.MaxEventFaults)
	return e.version, &hook.Error{Code: hook.CodeInvalid, Message: message, Fields: bad}
}
