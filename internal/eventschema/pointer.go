package eventschema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/internal/hook"
)

// Limits of what is answered about one state or one schema.
const (
	// MaxFaults is how many faults Check and Compile name at most.
	MaxFaults = 20
	// maxPointer bounds a fault's pointer, in bytes; the names in it are the sender's.
	maxPointer = 500
	maxWords   = 300
	maxName    = 60
)

// place makes a fault of the value at path below at. When the pointer would be
// too long, it points at the nearest value around it whose pointer is not.
func place(at string, path []string, code hook.FieldCode, detail string) hook.Field {
	pointer := at
	for _, name := range path {
		next := pointer + "/" + escape(name)
		if len(next) > maxPointer {
			return hook.Field{Pointer: pointer, Code: code, Detail: "holds, further down, a value that " + detail}
		}
		pointer = next
	}
	return hook.Field{Pointer: pointer, Code: code, Detail: detail}
}

// arrange sorts faults, drops what is said twice and keeps the first MaxFaults.
func arrange(at string, bad []hook.Field) []hook.Field {
	slices.SortFunc(bad, func(a, b hook.Field) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Detail, b.Detail))
	})
	bad = slices.CompactFunc(bad, func(a, b hook.Field) bool { return a.Pointer == b.Pointer && a.Detail == b.Detail })
	if len(bad) <= MaxFaults {
		return bad
	}
	rest := len(bad) - (MaxFaults - 1)
	return append(bad[:MaxFaults-1:MaxFaults-1], hook.Field{Pointer: at, Code: hook.FieldMore, Params: hook.Params{"count": rest}, Detail: fmt.Sprintf("has %d more faults; mend the others first", rest)})
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// tokens are the names in a JSON pointer.
func tokens(pointer string) []string {
	var out []string
	for _, name := range strings.Split(pointer, "/")[1:] {
		out = append(out, strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~"))
	}
	return out
}

// child gives the value of that name or index in v, or nil.
func child(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// short bounds a name for a message.
func short(s string) string { return cut(s, maxName) }

// cut shortens s to at most n bytes, at a character's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
