package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// state is a JSON object as it was sent, or null.
type state json.RawMessage

// Schema makes state a huma.SchemaProvider.
func (state) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

// MarshalJSON gives the bytes, or null for none.
func (s state) MarshalJSON() ([]byte, error) { return s.bytes(), nil }

func (s state) bytes() []byte {
	if len(s) == 0 {
		return []byte("null")
	}
	return s
}
