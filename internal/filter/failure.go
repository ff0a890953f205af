package filter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// Error says why a source is no acceptable filter. Message is fit for its
// author.
type Error struct {
	// Line and Column locate the fault; both count from 1, Column in characters.
	Line, Column int
	// Length is how many characters are at fault; 0 = that is not known.
	Length int
	// Unfinished: what is there may become a filter when its author goes on.
	Unfinished bool
	Message    string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Kind says in which way a filter failed on an event. The set is closed: a kind
// is a metric's label.
type Kind string

// The kinds of failure.
const (
	// KindMissingKey: the event has no such key, or a list no such element.
	KindMissingKey Kind = "missing_key"
	// KindType: a value is of another type than the filter takes it for.
	KindType Kind = "type"
	// KindCost: the filter needs more work or memory than it may.
	KindCost Kind = "cost"
	// KindOther: division by zero, an unreadable timestamp, a context that ended.
	KindOther Kind = "other"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{KindMissingKey, KindType, KindCost, KindOther} }

// EvalError says why a filter failed on an event. Message is a sentence for the
// webhook's owner; of the event it quotes at most 80 characters.
type EvalError struct {
	Kind    Kind
	Message string
	err     error
	limited bool // by the bound of the evaluation
}

func (e *EvalError) Error() string { return e.Message }

// Unwrap returns what ended the evaluation; nil for a result that is no bool.
func (e *EvalError) Unwrap() error { return e.err }

const (
	// maxMessage bounds an Error's message, maxQuote a key named in an EvalError.
	maxMessage = 400
	maxQuote   = 80
)

// errTooBig ends an evaluation that builds too long a text or list.
var errTooBig = errors.New("the filter builds a text or a list that is too long")

// evalError tells the library's errors apart. They don't have their own types
// but for a cancellation, so the rest goes by their texts, which a test pins.
func evalError(ctx context.Context, err error) *EvalError {
	text := err.Error()
	key, noKey := strings.CutPrefix(text, "no such key: ")
	var cancelled interpreter.EvalCancelledError
	switch {
	case ctx.Err() != nil:
		return stopped(context.Cause(ctx))
	case errors.As(err, &cancelled):
		return &EvalError{Kind: KindCost, Message: fmt.Sprintf("the filter needs more than %d steps on this event", MaxCost), err: err, limited: true}
	case errors.Is(err, errTooBig), errors.Is(err, errPattern):
		return &EvalError{Kind: KindCost, Message: text, err: err}
	case noKey:
		key = cut(key, maxQuote)
		return &EvalError{Kind: KindMissingKey, Message: fmt.Sprintf("there is no key %q; ask first, with has(…), or read it with .? and orValue(…)", key), err: err}
	case strings.HasPrefix(text, "index out of bounds"):
		return &EvalError{Kind: KindMissingKey, Message: "a list has fewer elements than the filter asks for; see its size(…) first", err: err}
	case isTypeError(text):
		return &EvalError{Kind: KindType, Message: "a value is of a type that the filter does not expect, or null; " +
			"convert it with double(…), int(…) or string(…), ask for its type(…) first, or write .?key.orValue(…) where it may be null", err: err}
	case strings.HasSuffix(text, "expected iterable type"):
		return &EvalError{Kind: KindType, Message: "a value that the filter goes through is no list and no object, or null; write .?key.orValue([]) where it may be null", err: err}
	}
	return &EvalError{Kind: KindOther, Message: "the filter failed: " + otherFault(text), err: err}
}

// otherFault puts what is left into words. The library's own may hold names of
// Go's types, so they are passed on only where they are known.
func otherFault(text string) string {
	if strings.HasPrefix(text, "the pattern of ") { // our own words, of parsePattern
		return cut(text, maxQuote)
	}
	for _, known := range []string{"division by zero", "divide by zero", "modulus by zero", "integer overflow", "unsigned integer overflow",
		"timestamp overflow", "duration overflow", "index out of range", errTime.Error()} {
		if strings.Contains(text, known) {
			return known
		}
	}
	return "a function can't work with the value that it was given"
}

func isTypeError(text string) bool {
	for _, part := range []string{"no such overload", "type conversion error", "unsupported index type", "invalid qualifier type", "unsupported key type"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func stopped(cause error) *EvalError {
	return &EvalError{Kind: KindOther, Message: "the evaluation was stopped before its end", err: cause}
}

func notBool(value ref.Val) *EvalError {
	return &EvalError{Kind: KindType, Message: fmt.Sprintf("the filter's result is of type %s, not true or false", value.Type().TypeName())}
}

// cut shortens text to so many characters.
func cut(text string, characters int) string {
	for i := range text {
		if characters--; characters < 0 {
			return text[:i] + "…"
		}
	}
	return text
}
