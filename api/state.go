package api

import (
	"bytes"
	"encoding/json"
	"io"

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

// verbatim is a member of an answer's object whose bytes stay as they are.
type verbatim struct {
	name  string
	value []byte
}

// writeObject writes head, a struct with at least one member, as a JSON object
// to which members are added. Package json would take the spaces out of them.
func writeObject(w io.Writer, head any, members ...verbatim) (int64, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(head); err != nil {
		return 0, err
	}
	out.Truncate(out.Len() - len("}\n"))
	for _, m := range members {
		out.WriteString(`,"` + m.name + `":`)
		out.Write(m.value)
	}
	out.WriteString("}\n")
	return out.WriteTo(w)
}
