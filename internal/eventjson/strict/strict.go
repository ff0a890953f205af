package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep objects and arrays may be nested: far above what records
// are like, and low enough for whatever reads them by recursion.
const MaxDepth = 100

// ErrKind is returned for well-formed JSON of another kind than was asked for.
var ErrKind = errors.New("another kind of JSON value")

// SyntaxError says where and why a text is not acceptable JSON. Its message is
// fit for the text's sender and quotes at most one character of it.
type SyntaxError struct {
	Reason string
	// Offset counts the bytes before the fault.
	Offset int64
	// Pointer leads to the value that holds the fault, as far as that is known and
	// not too long; else it leads to one around that value.
	Pointer string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset)
}

// maxNames is how many names of an object Outline remembers. No object that it is for
// has as many, and a body of 8 MiB may hold a million.
const maxNames = 1000

// maxPointer bounds the pointer of a SyntaxError, in bytes.
const maxPointer = 300

// faultPointer gives the pointer, or the longest one around it that is not too long.
func faultPointer(p jsontext.Pointer) string {
	for len(p) > maxPointer {
		p = p.Parent()
	}
	return string(p)
}

// Members calls visit for each member of the object in text, in order; value
// aliases text. It returns a *SyntaxError for malformed text, for which visit
// may have been called already, and ErrKind when text is no object.
func Members(text []byte, visit func(name string, value []byte)) error {
	if err := checkDepth(text); err != nil {
		return err
	}
	return members(text, visit)
}

// Outline is Members for an object whose values will be judged one by one, or that
// Check has accepted, and costs far less memory: duplicate names, bad UTF-8 and deep
// nesting inside the values are not seen, nor are duplicates among the names after the
// first maxNames.
func Outline(text []byte, visit func(name string, value []byte)) error {
	seen := map[string]bool{}
	var twice error
	err := members(text, func(name string, value []byte) {
		if seen[name] && twice == nil {
			twice = &SyntaxError{Reason: "a name that its object already holds"}
		}
		if len(seen) < maxNames {
			seen[name] = true
		}
		visit(name, value)
	}, lenient()...)
	if err == nil {
		err = twice
	}
	return err
}

func lenient() []jsontext.Options {
	return []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
}

func members(text []byte, visit func(name string, value []byte), options ...jsontext.Options) error {
	d, err := open(text, '{', options...)
	if err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		end := d.InputOffset()
		visit(name, text[end-int64(len(value)):end:end])
	}
	return finish(d)
}

// Elements calls visit for each element of the array in text, in order. Like
// Outline it only splits: each element is judged by itself.
func Elements(text []byte, visit func(value []byte)) error {
	d, err := open(text, '[', lenient()...)
	if err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		end := d.InputOffset()
		visit(text[end-int64(len(value)) : end : end])
	}
	return finish(d)
}

// Check returns a *SyntaxError unless text is one strict JSON value.
func Check(text []byte) error {
	if err := checkDepth(text); err != nil {
		return err
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if _, err := d.ReadValue(); err != nil {
		return syntaxError(err)
	}
	return atEnd(d)
}

// Text gives the string that a JSON string stands for; ok is false for a value
// of another kind.
func Text(value []byte) (_ string, ok bool) {
	if jsontext.Value(value).Kind() != '"' {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err == nil
}

// IsNull says whether value is the literal null.
func IsNull(value []byte) bool { return jsontext.Value(value).Kind() == 'n' }

// IsObject says whether value is an object.
func IsObject(value []byte) bool { return jsontext.Value(value).Kind() == '{' }

func open(text []byte, want jsontext.Kind, options ...jsontext.Options) (*jsontext.Decoder, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), options...)
	if kind := d.PeekKind(); kind != want {
		if _, err := d.ReadValue(); err != nil {
			return nil, syntaxError(err)
		}
		if err := atEnd(d); err != nil {
			return nil, err
		}
		return nil, ErrKind
	}
	_, err := d.ReadToken()
	return d, err
}

func finish(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return syntaxError(err)
	}
	return atEnd(d)
}

func atEnd(d *jsontext.Decoder) error {
	_, err := d.ReadToken()
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case err != nil:
		return syntaxError(err)
	}
	return &SyntaxError{Reason: "more data after the JSON value", Offset: d.InputOffset()}
}

func syntaxError(err error) error {
	if errors.Is(err, io.EOF) {
		return &SyntaxError{Reason: "no JSON value"}
	}
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return &SyntaxError{Reason: "unreadable JSON"}
	}
	fault := &SyntaxError{Reason: syntactic.Err.Error(), Offset: syntactic.ByteOffset, Pointer: faultPointer(syntactic.JSONPointer)}
	// The library quotes more than one character of some faults.
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		fault.Reason = "a name that its object already holds"
	case strings.Contains(fault.Reason, "surrogate pair"):
		fault.Reason = "half of a surrogate pair, which is no character (send both halves, or leave it out),"
	case strings.Contains(fault.Reason, "escape sequence"):
		fault.Reason = "an escape sequence that JSON does not have"
	}
	return fault
}

// checkDepth counts brackets outside of strings. On malformed text the count
// may be off, which is harmless: such text is refused anyway.
func checkDepth(text []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return &SyntaxError{Reason: fmt.Sprintf("more than %d levels of nesting", MaxDepth), Offset: int64(i)}
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
