package access

import (
	"encoding/json"
	"io"
)

// WriteJSON writes v as JSON; values that hold bytes which must stay as they are
// write themselves.
func WriteJSON(w io.Writer, v any) error {
	if own, ok := v.(io.WriterTo); ok {
		_, err := own.WriteTo(w)
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
