package match

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/eventjson/strict"
)

// schemaWalk looks for the fields that a JSON Schema names: properties, also behind a
// $ref into its own $defs. What it does not understand names none.
type schemaWalk struct {
	defs map[string][]byte
	refs int // that were followed so far on the way
}

func newSchemaWalk(schema []byte) schemaWalk {
	w := schemaWalk{defs: map[string][]byte{}}
	if defs := part(schema, "$defs"); strict.IsObject(defs) {
		_ = strict.Outline(defs, func(name string, value []byte) { w.defs[name] = value })
	}
	return w
}

// maxRefs bounds how many $refs may lead to one another.
const maxRefs = 8

// part gives a member of an object; nil = it has none of this name.
func part(object []byte, name string) (out []byte) {
	if strict.IsObject(object) {
		_ = strict.Outline(object, func(member string, value []byte) {
			if member == name {
				out = value
			}
		})
	}
	return out
}

// resolve follows a $ref of a schema.
func (w schemaWalk) resolve(schema []byte) (schemaWalk, []byte) {
	ref, ok := strict.Text(part(schema, "$ref"))
	name, local := strings.CutPrefix(ref, "#/$defs/")
	if !ok || !local || w.refs >= maxRefs {
		return w, schema
	}
	w.refs++
	return w.resolve(w.defs[name])
}

// schema adds the fields below a schema of objects.
func (f *Fields) schema(w schemaWalk, prefix string, schema []byte, depth int) {
	w, schema = w.resolve(schema)
	properties := part(schema, "properties")
	if depth >= maxFieldDepth || !strict.IsObject(properties) {
		return
	}
	_ = strict.Outline(properties, func(name string, value []byte) {
		if !speakable(name) {
			return
		}
		path := prefix + name
		one := f.field(path)
		if one == nil {
			return // nor what is below it: a schema that refers to itself would never end
		}
		inner, property := w.resolve(value)
		for _, kind := range inner.kinds(property) {
			f.seen(one, kind, exampleOf(property))
		}
		f.schema(inner, path+".", property, depth+1)
	})
}

// kinds are those that the types of a schema stand for.
func (w schemaWalk) kinds(schema []byte) (out []FieldKind) {
	for _, name := range typesOf(schema) {
		switch name {
		case "string":
			kind := FieldText
			if format, _ := strict.Text(part(schema, "format")); format == "date-time" {
				kind = FieldTime
			}
			out = append(out, kind)
		case "number", "integer":
			out = append(out, FieldNumber)
		case "boolean":
			out = append(out, FieldBoolean)
		case "object":
			out = append(out, FieldObject)
		case "array":
			out = append(out, w.kindOfItems(part(schema, "items")))
		}
	}
	return out
}

func (w schemaWalk) kindOfItems(items []byte) FieldKind {
	_, items = w.resolve(items)
	properties := part(items, "properties")
	switch {
	case part(properties, "name") != nil && part(properties, "value") != nil:
		return FieldNamedValues
	case properties != nil:
		return FieldObjects
	}
	return FieldList
}

// typesOf gives the types that a schema names, one or several.
func typesOf(schema []byte) (out []string) {
	types := part(schema, "type")
	if name, ok := strict.Text(types); ok {
		return []string{name}
	}
	if jsontext.Value(types).Kind() == '[' {
		_ = strict.Elements(types, func(value []byte) {
			name, _ := strict.Text(value)
			out = append(out, name)
		})
	}
	return out
}

// exampleOf is the first value that a schema has as an example, or allows.
func exampleOf(schema []byte) string {
	for _, name := range []string{"examples", "enum"} {
		if list := part(schema, name); jsontext.Value(list).Kind() == '[' {
			if _, example := kindOfList(list); example != "" {
				return example
			}
		}
	}
	_, example := kindOf(part(schema, "const"))
	return example
}
