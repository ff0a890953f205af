package filter

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"godwit/internal/hook"
)

// Subject is one event, prepared for many filters: what they need of it is
// decoded when the first one asks. It is safe for concurrent use.
type Subject struct {
	event    hook.Event
	previous state
	current  state
	changed  func() []string
	// changedValue is changed as filters see it.
	changedValue func() ref.Val
}

// state is one state of the event: as decoded, and as filters see it.
type state struct {
	decoded func() (any, error)
	value   func() ref.Val
}

// NewSubject prepares e, whose states are JSON as internal/eventjson accepts it.
// A state that is no JSON makes each filter that reads it fail, and has no keys.
func NewSubject(e hook.Event) *Subject {
	s := &Subject{event: e, previous: newState("previous", e.Previous), current: newState("current", e.Current)}
	s.changed = sync.OnceValue(func() []string {
		// A state that can't be read is nil here.
		previous, _ := s.previous.decoded()
		current, _ := s.current.decoded()
		return changedKeys(previous, current)
	})
	s.changedValue = sync.OnceValue(func() ref.Val { return newNameList(s.changed()) })
	return s
}

func newState(name string, text []byte) state {
	decoded := sync.OnceValues(func() (any, error) { return decode(text) })
	return state{decoded: decoded, value: sync.OnceValue(func() ref.Val {
		state, err := decoded()
		if err != nil {
			return types.WrapErr(fmt.Errorf("decode the event's %s: %w", name, err))
		}
		return value(state)
	})}
}

// Changed returns the sorted top-level keys whose value differs between the two
// states, by meaning: neither the order of keys nor the way a number is written
// counts. Where one state is null these are all keys of the other. The caller
// must not change the slice.
func (s *Subject) Changed() []string { return s.changed() }

// ResolveName gives filters their variables; it is for CEL.
func (s *Subject) ResolveName(name string) (any, bool) {
	switch name {
	case "event.type":
		return types.String(s.event.Type), true
	case "event.project_id":
		return types.String(s.event.ProjectID), true
	case "event.company_id":
		return types.String(s.event.CompanyID), true
	case "event.actor_id":
		return types.String(s.event.ActorID), true
	case "event.occurred_at":
		return types.Timestamp{Time: s.event.OccurredAt.UTC()}, true
	case "event.previous":
		return s.previous.value(), true
	case "event.current":
		return s.current.value(), true
	case "event.changed":
		return s.changedValue(), true
	}
	return nil, false
}

// Parent is for CEL: there are no variables but those of ResolveName.
func (s *Subject) Parent() interpreter.Activation { return nil }
