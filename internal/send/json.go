package send

import (
	"encoding/json"
	"unicode/utf8"
)

// The bodies are written by hand: encoding/json compacts a RawMessage and
// escapes <, > and & in it, and a receiver is promised the producer's bytes.

// appendString appends s as a JSON string (RFC 8259 section 7). Invalid UTF-8
// becomes U+FFFD; <, > and & stay, so that a URL reads as it was typed.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&0xf])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// appendField appends name, which needs no escapes, and value. The name brings
// its own comma or brace.
func appendField(b []byte, name, value string) []byte {
	return appendString(append(b, name...), value)
}

// appendRaw appends the producer's bytes as they are; none stand for null.
func appendRaw(b []byte, name string, raw json.RawMessage) []byte {
	b = append(b, name...)
	if len(raw) == 0 {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

// appendStrings appends a JSON array; no values make [].
func appendStrings(b []byte, values []string) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, v)
	}
	return append(b, ']')
}
