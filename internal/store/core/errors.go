package core

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"

	"github.com/lib/pq"

	"godwit/internal/hook"
)

// Classify wraps err with what was being done; a database that can't do it now
// becomes CodeUnavailable, a *hook.Error stays as it is.
func Classify(doing string, err error) error {
	if err == nil || hook.CodeOf(err) != "" {
		return err
	}
	switch {
	case IsState(err, lockNotAvailable):
		return &hook.Error{Code: hook.CodeUnavailable, Message: "something else has locked what is needed", Why: why(err), Err: fmt.Errorf("%s: %w: %w", doing, hook.ErrLocked, err)}
	case Unavailable(err):
		return &hook.Error{Code: hook.CodeUnavailable, Message: "the database can't be reached", Why: why(err), Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// why gives the words of Postgres or of the system, without what differs from one
// connection to the next; empty where the cause is the statement itself.
func why(err error) string {
	var pg *pq.Error
	var network *net.OpError
	switch {
	case IsState(err, queryCanceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "" // of a request that takes too long, or of a client that went away
	case errors.As(err, &pg):
		return fmt.Sprintf("%s (%s)", pg.Message, pg.Code)
	case errors.As(err, &network):
		return fmt.Sprintf("%s: %v", network.Op, network.Err)
	}
	return err.Error()
}

// fault marks an error about what was read or is to be written, which is the same
// however often it is tried.
type fault struct{ error }

func (f fault) Unwrap() error { return f.error }

// Fault marks err so.
func Fault(err error) error { return fault{err} }

// Unavailable says whether the same may succeed later: of what Postgres says,
// that it can't do it now; of all else, that the connection broke, for which
// package pq and the system have many errors.
func Unavailable(err error) bool {
	var pg *pq.Error
	var broken fault
	switch {
	case hook.CodeOf(err) == hook.CodeUnavailable:
		return true
	case errors.As(err, &pg):
		return passing(pg)
	case errors.As(err, &broken), errors.Is(err, sql.ErrNoRows), hook.CodeOf(err) != "":
		return false
	}
	return true
}

// passing says whether what Postgres reports goes by.
func passing(err *pq.Error) bool {
	switch err.Code.Class() {
	case "08", "28", "3D": // no connection, login or database
		return true
	case "40", "53", "57", "58": // rollback (deadlock), resources, operator intervention (shutdown, limits), system
		return true
	}
	switch err.Code {
	case lockNotAvailable, readOnly, idleTooLong:
		return true
	}
	return false
}

// SQLSTATEs that callers of a statement tell apart.
const (
	ForeignKeyViolation  = "23503"
	serializationFailure = "40001"
	deadlock             = "40P01"
	lockNotAvailable     = "55P03" // lock_timeout, too
	readOnly             = "25006"
	idleTooLong          = "25P03" // idle_in_transaction_session_timeout
	queryCanceled        = "57014" // statement_timeout, too
)

// IsState says whether Postgres has refused a statement with this SQLSTATE.
func IsState(err error, state string) bool {
	var pg *pq.Error
	return errors.As(err, &pg) && string(pg.Code) == state
}

// Found turns "no row" into CodeNotFound for the named thing.
func Found(what, id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return hook.Errorf(hook.CodeNotFound, "there is no %s %q", what, id)
	}
	return Classify("read "+what, err)
}

// Affected turns "no row was changed" into CodeNotFound for the named thing.
func Affected(what, id string, res sql.Result, err error) error {
	if err != nil {
		return Classify("change "+what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return Classify("change "+what, err)
	}
	if n == 0 {
		return hook.Errorf(hook.CodeNotFound, "there is no %s %q", what, id)
	}
	return nil
}

// IgnoreMissing passes over a webhook that was deleted in the meantime.
func IgnoreMissing(err error) error {
	if hook.CodeOf(err) == hook.CodeNotFound {
		return nil
	}
	return err
}

// UnlessNone is err, but for that of a row which is not there.
func UnlessNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
