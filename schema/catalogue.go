package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"godwit/internal/hook"
)

//go:embed catalogue.json
var catalogue []byte

// Catalogue lists the built-in event types, grouped, in the order in which
// people should see them. Each has its own example; what the example
// lacks (there is no previous state of something new) is nil. Every call makes
// fresh data, which the caller may change.
func Catalogue() []hook.EventType {
	var entries []struct {
		Name        string          `json:"name"`
		Group       string          `json:"group"`
		Title       string          `json:"title"`
		Description string          `json:"description"`
		Previous    json.RawMessage `json:"previous"`
		Current     json.RawMessage `json:"current"`

		Translations map[string]hook.TypeWords `json:"translations"`
	}
	if err := json.Unmarshal(catalogue, &entries); err != nil {
		panic(fmt.Sprintf("read the embedded catalogue: %v", err)) // a test reads the same bytes
	}
	types := make([]hook.EventType, len(entries))
	for i, e := range entries {
		types[i] = hook.EventType{
			Name:            e.Name,
			Group:           e.Group,
			Title:           e.Title,
			Description:     e.Description,
			Translations:    e.Translations,
			Builtin:         true,
			ExamplePrevious: example(e.Previous),
			ExampleCurrent:  example(e.Current),
		}
	}
	return types
}

// example is the state without the file's white space, or nil for null.
func example(state json.RawMessage) json.RawMessage {
	if bytes.Equal(state, []byte("null")) {
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, state); err != nil {
		panic(fmt.Sprintf("read an example of the embedded catalogue: %v", err)) // as above
	}
	return compact.Bytes()
}
