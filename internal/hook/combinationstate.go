package hook

import (
	"bytes"
	"encoding/json"
	"time"
)

const (
	stateStart = `{"events":`
	stateEnd   = `}`
)

// CombinationState is the current state of an event that a combination makes:
// an object whose field events lists the parts in their order. The states of the
// parts keep their bytes.
func CombinationState(parts []Event) json.RawMessage {
	b := append([]byte(stateStart), '[')
	for i, e := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPart(b, e)
	}
	return append(append(b, ']'), stateEnd...)
}

// CombinationEvents gives the list inside of what CombinationState made; nil
// for anything else.
func CombinationEvents(state json.RawMessage) json.RawMessage {
	list, ok := bytes.CutPrefix(state, []byte(stateStart))
	if list, end := bytes.CutSuffix(list, []byte(stateEnd)); ok && end {
		return list
	}
	return nil
}

func appendPart(b []byte, e Event) []byte {
	type party struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	var actor any
	if e.ActorID != "" {
		actor = e.ActorID
	}
	for _, field := range []struct {
		name  string
		value any
	}{
		{`{"id":`, e.ID},
		{`,"sequence":`, e.Sequence},
		{`,"type":`, e.Type},
		{`,"timestamp":`, e.OccurredAt.UTC().Format(time.RFC3339Nano)},
		{`,"project":`, party{e.ProjectID, e.ProjectName}},
		{`,"company":`, party{e.CompanyID, e.CompanyName}},
		{`,"actor_id":`, actor},
	} {
		b = appendValue(append(b, field.name...), field.value)
	}
	b = appendState(append(b, `,"previous":`...), e.Previous)
	return append(appendState(append(b, `,"current":`...), e.Current), '}')
}

// appendValue appends text and null as JSON, in which <, > and & stay.
func appendValue(b []byte, value any) []byte {
	out := bytes.NewBuffer(b)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // strings can be encoded, and there is nothing else in it
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// appendState appends the producer's bytes as they are; none stand for null.
func appendState(b []byte, state json.RawMessage) []byte {
	if len(state) == 0 {
		return append(b, "null"...)
	}
	return append(b, state...)
}
