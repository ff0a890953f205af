package hook_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestSameMeaning(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 30, 0, 123_456_000, time.UTC)
	stored := hook.Event{ID: "e1", Type: "T", ProjectID: "p1", ActorID: "una", OccurredAt: at,
		Previous: nil, Current: json.RawMessage(`{"a":1,"b":{"c":[1.50,"é"],"d":null}}`)}
	for name, change := range map[string]func(e *hook.Event) bool{
		"nothing": func(*hook.Event) bool { return true },
		"order and spaces": func(e *hook.Event) bool {
			e.Current = json.RawMessage(`{ "b": {"d":null, "c":[1.5,"\u00e9"]}, "a": 1.0 }`)
			return true
		},
		"null for none": func(e *hook.Event) bool { e.Previous = json.RawMessage(`null`); return true },
		"nanoseconds":   func(e *hook.Event) bool { e.OccurredAt = at.Add(999); return true },
		"another zone":  func(e *hook.Event) bool { e.OccurredAt = at.In(time.FixedZone("", 3600)); return true },
		"no time":       func(e *hook.Event) bool { e.OccurredAt = time.Time{}; return true },
		"a microsecond": func(e *hook.Event) bool { e.OccurredAt = at.Add(time.Microsecond); return false },
		"another value": func(e *hook.Event) bool {
			e.Current = json.RawMessage(`{"a":2,"b":{"c":[1.50,"é"],"d":null}}`)
			return false
		},
		"order of a list": func(e *hook.Event) bool {
			e.Current = json.RawMessage(`{"a":1,"b":{"c":["é",1.50],"d":null}}`)
			return false
		},
		"null left out": func(e *hook.Event) bool { e.Current = json.RawMessage(`{"a":1,"b":{"c":[1.50,"é"]}}`); return false },
		"a key more": func(e *hook.Event) bool {
			e.Current = json.RawMessage(`{"a":1,"b":{"c":[1.50,"é"],"d":null},"e":null}`)
			return false
		},
		"text for a number": func(e *hook.Event) bool {
			e.Current = json.RawMessage(`{"a":"1","b":{"c":[1.50,"é"],"d":null}}`)
			return false
		},
		"an empty object": func(e *hook.Event) bool { e.Previous = json.RawMessage(`{}`); return false },
		"type":            func(e *hook.Event) bool { e.Type = "U"; return false },
		"project":         func(e *hook.Event) bool { e.ProjectID = "p2"; return false },
		"actor":           func(e *hook.Event) bool { e.ActorID = ""; return false },
	} {
		e := stored
		require.Equal(t, change(&e), hook.SameMeaning(stored, e), name)
	}
}
