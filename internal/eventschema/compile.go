package eventschema

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// Limits of schemas.
const (
	// MaxSchema bounds a schema as it is sent, in bytes.
	MaxSchema = 64 << 10
	// MaxSchemaDepth is how deep objects and arrays of a schema may be nested.
	MaxSchemaDepth = 64
	// MaxBound is the largest value of minLength, maxItems and their like.
	MaxBound = 1<<31 - 1
)

// base is the address of a schema that names none. It has a path, so that a
// relative $ref leads away from it and is refused.
const base = "godwit:///schema"

// Schema is a compiled schema. It is safe for concurrent use; nil lets
// everything pass.
type Schema struct {
	document any
	patterns *compiled
	// enumerated is how many values the schema lists in enum and const.
	enumerated int
	idle       chan *program
}

// maxIdle is how many programs a schema keeps for checks that run at once.
const maxIdle = 4

// Compile reads a schema. An error is a *hook.Error of CodeInvalid whose fields
// point below "/schema". raw is not kept.
func Compile(raw []byte) (*Schema, error) {
	document, err := read(raw)
	if err != nil {
		return nil, err
	}
	survey := inspect(document)
	if len(survey.bad) > 0 {
		return nil, refused(survey.bad)
	}
	patterns := newCompiled()
	whole, err := newCompiler(document, patterns.engine).Compile(base)
	if err != nil {
		return nil, refused(compileFaults(document, err))
	}
	if at, found := findEndless(whole); found {
		return nil, schemaFault(schemaPointer(at), "leads back to itself without going into the value, so that a check would never end; remove one of the references")
	}
	s := &Schema{document: document, patterns: patterns, enumerated: survey.enumerated, idle: make(chan *program, maxIdle)}
	p, err := newProgram(document, patterns)
	if err != nil {
		return nil, refused(compileFaults(document, err))
	}
	s.idle <- p
	return s, nil
}

func read(raw []byte) (any, error) {
	if len(raw) > MaxSchema {
		return nil, schemaFault("/schema", "must have at most %d bytes, not %d; leave out what only describes", MaxSchema, len(raw))
	}
	if err := strict.Check(raw); err != nil {
		return nil, schemaFault("/schema", "is not acceptable JSON: %s", err)
	}
	if !strict.IsObject(raw) {
		return nil, schemaFault("/schema", "must be an object that holds a JSON Schema 2020-12")
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, schemaFault("/schema", "can't be read as JSON")
	}
	return document, nil
}

// newCompiler makes a compiler that knows document under the address base and
// loads nothing.
func newCompiler(document any, patterns jsonschema.RegexpEngine) *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	assertFormats(c)
	c.UseRegexpEngine(patterns)
	c.UseLoader(jsonschema.SchemeURLLoader{}) // knows no scheme, so every address is an error
	if err := c.AddResource(base, document); err != nil {
		panic(fmt.Sprintf("add a schema to an empty compiler: %v", err))
	}
	return c
}

// refused makes one error of what is wrong with a schema.
func refused(bad []hook.Field) error {
	bad = arrange("/schema", bad)
	message := fmt.Sprintf("%d places of the schema are not acceptable", len(bad))
	if len(bad) == 1 {
		message = bad[0].Pointer + " " + bad[0].Detail
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: message, Fields: bad}
}

func schemaFault(at, format string, args ...any) error {
	return hook.Field{Pointer: at, Code: hook.FieldSchema, Detail: fmt.Sprintf(format, args...)}.Invalid()
}
