package hook

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// storedPrecision is how exactly the time of an event is kept.
const storedPrecision = time.Microsecond

// SameMeaning says whether e, which comes with the id of stored, says the same:
// neither the order of keys, nor white space, nor the way a number or a
// character is written counts. A time counts as exactly as it is kept and shown;
// an event that leaves it out contradicts none.
func SameMeaning(stored, e Event) bool {
	apart := stored.OccurredAt.Sub(e.OccurredAt).Abs()
	return stored.Type == e.Type && stored.ProjectID == e.ProjectID && stored.ActorID == e.ActorID &&
		(e.OccurredAt.IsZero() || apart < storedPrecision) &&
		SameJSON(stored.Previous, e.Previous) && SameJSON(stored.Current, e.Current)
}

// SameJSON compares two JSON texts as SameMeaning does.
func SameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, okX := decodeJSON(a)
	y, okY := decodeJSON(b)
	return okX && okY && SameValue(x, y)
}

// decodeJSON reads no text as null.
func decodeJSON(text json.RawMessage) (v any, ok bool) {
	if len(text) == 0 {
		return nil, true
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err == nil
}

// SameValue compares two values that encoding/json has decoded with UseNumber by
// what they mean, numbers exactly.
func SameValue(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, SameValue)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, SameValue)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || CanonicalNumber(a) == CanonicalNumber(b))
	}
	// What is left are strings, bools and nil; of two kinds they are unequal.
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// CanonicalNumber writes a JSON number so that equal values have equal texts:
// digits without zeros at either end, and the power of ten. It never writes a
// number out, for 1e1000000000 is ten bytes in an event.
func CanonicalNumber(literal json.Number) string {
	text, negative := strings.CutPrefix(string(literal), "-")
	mantissa, power := text, new(big.Int)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		power.SetString(strings.TrimPrefix(text[i+1:], "+"), 10)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	power.Add(power, big.NewInt(int64(len(digits)-len(short)-len(fraction))))
	if negative {
		short = "-" + short
	}
	return short + "e" + power.String()
}
