package filter

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"godwit/internal/hook"
)

// decode reads one state of an event into the types of encoding/json, numbers
// as they are written. No text and null are nil.
func decode(text json.RawMessage) (any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var state any
	err := d.Decode(&state)
	return state, err
}

// value is the CEL value of a decoded state. Everything in it is converted at
// once, so that filters share the work.
func value(state any) ref.Val {
	switch state := state.(type) {
	case map[string]any:
		members := make(map[string]ref.Val, len(state))
		for name, member := range state {
			members[name] = value(member)
		}
		return types.NewMap(types.DefaultTypeAdapter, members)
	case []any:
		elements := make([]ref.Val, len(state))
		for i, element := range state {
			elements[i] = value(element)
		}
		return types.NewList(types.DefaultTypeAdapter, elements)
	case json.Number:
		return number(state)
	}
	return types.DefaultTypeAdapter.NativeToValue(state)
}

// changedKeys lists the names that differ between two states, sorted. A state
// that is no object has no names.
func changedKeys(previous, current any) []string {
	before, _ := previous.(map[string]any)
	after, _ := current.(map[string]any)
	changed := map[string]bool{}
	for name, old := range before {
		if now, ok := after[name]; !ok || !hook.SameValue(old, now) {
			changed[name] = true
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			changed[name] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}
