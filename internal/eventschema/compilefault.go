package eventschema

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"godwit/internal/hook"
)

// compileFaults says in our words why the compiler refuses a document.
func compileFaults(document any, err error) []hook.Field {
	var meta *jsonschema.SchemaValidationError
	var load *jsonschema.LoadURLError
	var nothing *jsonschema.JSONPointerNotFoundError
	var anchor *jsonschema.AnchorNotFoundError
	switch {
	case errors.As(err, &meta):
		return metaFaults(document, meta)
	case errors.As(err, &load):
		return []hook.Field{place("/schema", referenceTo(document, load.URL), hook.FieldSchema, fmt.Sprintf(
			"refers to %q, which is not part of this schema and is not loaded; put it into $defs and refer to it as #/$defs/<name>", short(load.URL)))}
	case errors.As(err, &nothing):
		return nowhere(document, nothing.URL)
	case errors.As(err, &anchor):
		return nowhere(document, anchor.Reference)
	}
	detail := strings.ReplaceAll(err.Error(), base, "")
	return []hook.Field{{Code: hook.FieldSchema, Pointer: "/schema", Detail: "is not acceptable: " + cut(detail, maxWords)}}
}

func nowhere(document any, target string) []hook.Field {
	return []hook.Field{place("/schema", referenceTo(document, target), hook.FieldSchema, "leads to a place that the schema does not have; add it there or mend the reference")}
}

// metaFaults points at what the metaschema does not allow.
func metaFaults(document any, err *jsonschema.SchemaValidationError) []hook.Field {
	at := schemaPointer(err.URL)
	part := document
	for _, name := range tokens(strings.TrimPrefix(at, "/schema")) {
		part = child(part, name)
	}
	return faultsOf(at, part, err.Err)
}

// schemaPointer turns the address of a part of the schema into a JSON pointer
// into the request.
func schemaPointer(address string) string {
	_, fragment, _ := strings.Cut(address, "#")
	plain, err := url.PathUnescape(fragment)
	if err != nil || plain != "" && !strings.HasPrefix(plain, "/") {
		return "/schema"
	}
	return "/schema" + plain
}

// referenceTo finds the reference in the document that the library has resolved
// to target: the longest one that target ends with; nil when there is none.
func referenceTo(document any, target string) []string {
	target = unescaped(target)
	var best []string
	longest := -1
	walk(nil, document, func(path []string, v any) {
		ref, ok := v.(string)
		if !ok || len(path) == 0 || !isReference(path[len(path)-1]) {
			return
		}
		whole := unescaped(ref)
		address, _, _ := strings.Cut(whole, "#")
		for _, end := range []string{whole, address} {
			end = strings.TrimLeft(end, "./")
			if strings.HasSuffix(target, end) && len(end) > longest {
				best, longest = append([]string(nil), path...), len(end)
			}
		}
	})
	return best
}

func isReference(name string) bool {
	return name == "$ref" || name == "$dynamicRef" || name == "$recursiveRef"
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// walk calls visit for v and everything inside of it. path is reused.
func walk(path []string, v any, visit func(path []string, v any)) {
	visit(path, v)
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			walk(append(path, name), item, visit)
		}
	case []any:
		for i, item := range v {
			walk(append(path, strconv.Itoa(i)), item, visit)
		}
	}
}
