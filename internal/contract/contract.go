package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const root = "openapi.json"

// Document is an OpenAPI 3.1 document. It is safe for concurrent use.
type Document struct {
	doc map[string]any

	mu       sync.Mutex // compiler and schemas
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by JSON pointer
}

// New reads a document. Schemas are compiled when they are needed, once, by
// JSON Schema 2020-12 with formats asserted.
func New(raw []byte) (*Document, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	doc, ok := parsed.(map[string]any)
	if !ok {
		return nil, errors.New("the document is no JSON object")
	}
	d := &Document{doc: doc, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	return d, d.compiler.AddResource(root, parsed)
}

// Exchange is a request and its answer.
type Exchange struct {
	Method string
	// Path is of the request, escaped, without the query.
	Path string
	// Sent is the request's body; empty = none.
	Sent   []byte
	Status int
	Header http.Header
	Body   []byte
}

// Check returns what of x the document does not describe: the operation, the
// status, the headers, the media type, the body; and the request's body, if it
// was accepted.
func (d *Document) Check(x Exchange) error {
	at, described := d.operation(x.Method, x.Path)
	if !described {
		if x.Status == http.StatusNotFound || x.Status == http.StatusMethodNotAllowed {
			return nil
		}
		return fmt.Errorf("%s %s is answered with %d, but not described", x.Method, x.Path, x.Status)
	}
	err := d.checkAnswer(at, x)
	if err == nil && x.Status < 300 && len(x.Sent) > 0 && d.at(pointer(at, "requestBody")) != nil {
		err = d.validate(pointer(at, "requestBody", "content", "application/json", "schema"), x.Sent)
	}
	if err != nil {
		return fmt.Errorf("%s %s answered with %d: %w", x.Method, x.Path, x.Status, err)
	}
	return nil
}

func (d *Document) checkAnswer(operation string, x Exchange) error {
	at := d.follow(pointer(operation, "responses", strconv.Itoa(x.Status)))
	answer, ok := d.at(at).(map[string]any)
	if !ok {
		return errors.New("this status is not described")
	}
	if err := d.checkHeaders(at, x.Header); err != nil {
		return err
	}
	if answer["content"] == nil {
		if len(x.Body) > 0 {
			return errors.New("there is a body, but none is described")
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	if err != nil || d.at(pointer(at, "content", media)) == nil {
		return fmt.Errorf("the media type %q is not described", x.Header.Get("Content-Type"))
	}
	return d.validate(pointer(at, "content", media, "schema"), x.Body)
}

// checkHeaders holds headers that are text against the answer at a pointer. Of
// those that are not described, Location alone is missed.
func (d *Document) checkHeaders(at string, sent http.Header) error {
	headers, _ := d.at(pointer(at, "headers")).(map[string]any)
	if sent.Get("Location") != "" && headers["Location"] == nil {
		return errors.New("the header Location is not described")
	}
	for name := range headers {
		at := d.follow(pointer(at, "headers", name))
		value := sent.Get(name)
		if value == "" {
			if d.at(pointer(at, "required")) == true {
				return fmt.Errorf("the header %s is missing", name)
			}
			continue
		}
		if d.at(pointer(at, "schema", "type")) != "string" {
			continue
		}
		schema, err := d.schema(pointer(at, "schema"))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			return fmt.Errorf("the header %s: %w", name, err)
		}
	}
	return nil
}

// operation finds the operation of a request. Of two paths that fit, the one
// with fewer parameters is meant.
func (d *Document) operation(method, path string) (at string, found bool) {
	paths, _ := d.doc["paths"].(map[string]any)
	fewest := len(path) + 1
	for template, item := range paths {
		operations, _ := item.(map[string]any)
		n, fits := match(template, path)
		if fits && n < fewest && operations[strings.ToLower(method)] != nil {
			at, fewest = pointer("", "paths", template, strings.ToLower(method)), n
		}
	}
	return at, at != ""
}

// match says whether path is of the template, and how many parameters that has.
func match(template, path string) (parameters int, fits bool) {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return 0, false
	}
	for i := range want {
		switch {
		case strings.HasPrefix(want[i], "{") && have[i] != "":
			parameters++
		case want[i] != have[i]:
			return 0, false
		}
	}
	return parameters, true
}

// Fits holds JSON against a schema of the document by its name.
func (d *Document) Fits(schema string, text []byte) error {
	return d.validate(pointer("", "components", "schemas", schema), text)
}

// validate holds text against the schema at a pointer.
func (d *Document) validate(at string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	schema, err := d.schema(at)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (d *Document) schema(at string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if schema, ok := d.schemas[at]; ok {
		return schema, nil
	}
	schema, err := d.compiler.Compile(root + "#" + at)
	if err != nil {
		return nil, fmt.Errorf("compile the schema at %s: %w", at, err)
	}
	d.schemas[at] = schema
	return schema, nil
}

// follow gives the pointer to what a reference at a pointer stands for.
func (d *Document) follow(at string) string {
	value, _ := d.at(at).(map[string]any)
	if ref, ok := value["$ref"].(string); ok {
		return strings.TrimPrefix(ref, "#")
	}
	return at
}

// at gives the value at a pointer; nil = there is none.
func (d *Document) at(at string) any {
	var value any = d.doc
	for _, name := range strings.Split(at, "/")[1:] {
		object, _ := value.(map[string]any)
		value = object[unescape.Replace(name)]
	}
	return value
}

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// pointer is a JSON pointer (RFC 6901), made longer by names.
func pointer(at string, names ...string) string {
	for _, name := range names {
		at += "/" + escape.Replace(name)
	}
	return at
}

// Examples lists the examples of bodies with the pointers of their schemas.
func (d *Document) Examples() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	collect(d.doc, "", out)
	return out
}

// CheckExamples returns what is wrong with the examples of bodies.
func (d *Document) CheckExamples() error {
	var bad []error
	for at, example := range d.Examples() {
		if err := d.validate(at, example); err != nil {
			bad = append(bad, fmt.Errorf("the example at %s: %w", at, err))
		}
	}
	return errors.Join(bad...)
}

func collect(value any, at string, into map[string]json.RawMessage) {
	object, _ := value.(map[string]any)
	for name, member := range object {
		if name == "example" { // may hold anything
			continue
		}
		collect(member, pointer(at, name), into)
	}
	if object["schema"] != nil && object["example"] != nil {
		raw, _ := json.Marshal(object["example"]) // it came from JSON
		into[pointer(at, "schema")] = raw
	}
}
