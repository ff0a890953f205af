package hook

import (
	"errors"
	"fmt"
	"time"
)

// Code tells a caller what kind of thing went wrong. The API maps each code
// to one HTTP status.
type Code string

// The codes of errors that a caller must tell apart.
const (
	CodeInvalid     Code = "invalid"     // a value is not acceptable
	CodeNotFound    Code = "not_found"   // or not visible to the caller
	CodeConflict    Code = "conflict"    // the state does not allow it
	CodeStale       Code = "stale"       // If-Match names another version
	CodeUnavailable Code = "unavailable" // a part that is needed can't be reached
	CodeQuota       Code = "quota_exceeded"
	CodeRateLimited Code = "rate_limited" // Wait says for how long
)

// ErrLocked is in the chain of an error of CodeUnavailable where all is in reach,
// but something else has locked what is needed.
var ErrLocked = errors.New("locked by something else")

// LockedDelivery is the error where others have locked a delivery for too long.
func LockedDelivery(id string) error {
	return &Error{Code: CodeUnavailable, Message: "the delivery " + id + " is locked in the database", Err: ErrLocked}
}

// Error is an error with a Code. Message and Fields are for the caller, Err is
// for the log alone.
type Error struct {
	Code    Code
	Message string
	Fields  []Field
	Err     error
	// Why is the cause in a few words that stay the same while the cause does; for
	// operators. Empty = Err says it.
	Why string
	// Wait is how long to wait before the same succeeds; 0 = nobody knows.
	Wait time.Duration
	// Quota is the limit of CodeQuota and of some of CodeRateLimited; nil = none.
	Quota *Quota
	// From is when the state will allow by itself what is a CodeConflict now; zero =
	// that is not known.
	From time.Time
	// Changed is who made the change that CodeStale is about; nil = not known.
	Changed *Deed
	// Deleted is the webhook that was deleted, of which CodeNotFound says nothing else.
	Deleted *DeletedWebhook
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without fields.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes an error of CodeInvalid that points at one value, of which only the
// words say what is wrong.
func Invalid(pointer, format string, args ...any) *Error {
	return Field{Pointer: pointer, Code: FieldOther, Detail: fmt.Sprintf(format, args...)}.Invalid()
}

// Why gives the cause of err in a few words, without a secret.
func Why(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Why != "" {
		return e.Why
	}
	return err.Error()
}

// CodeOf gives the code of err, or "" when err carries none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
