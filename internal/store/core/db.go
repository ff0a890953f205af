package core

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/seal"
)

// DB is the connections to Postgres, and what every part of a Store needs of them:
// transactions, prepared statements, the clock, the keys of sealed values.
type DB struct {
	pools
	Ring   *seal.Ring
	url    string // with the password: never shown
	dialer *dialer
	Clock  *clock
	Tally  tally
}

// Open makes a DB on the database of the given URL, of so many connections, 0 =
// DefaultConnections; local is this machine's clock, nil = time.Now. It does not
// connect yet.
func Open(databaseURL string, ring *seal.Ring, connections int, local func() time.Time) (*DB, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, errors.New("the database URL can't be parsed") // err would show the password
	}
	q := u.Query()
	set := setSession(q)
	// The driver's own: bytes go as they are, not as text; see blobs.
	q.Set("binary_parameters", "yes")
	if !q.Has("connect_timeout") {
		q.Set("connect_timeout", strconv.Itoa(int(connectTimeout.Seconds())))
	}
	u.RawQuery = q.Encode()
	server, err := pq.NewConnector(u.String())
	if err != nil {
		return nil, errors.New("the database URL is not one that Postgres understands")
	}
	ask, err := pq.NewConnector(u.String())
	if err != nil {
		return nil, errors.New("the database URL is not one that Postgres understands")
	}
	d := newDialer(ask)
	server.Dialer(d)
	if local == nil {
		local = time.Now
	}
	db := &DB{pools: newPools(connector{server, set}), Ring: ring, url: u.String(), dialer: d, Clock: newClock(local)}
	db.bound(cmp.Or(connections, DefaultConnections))
	return db, nil
}

// Calm says whether connections to the database were in order for some seconds.
// While they are not, and shortly after, ends of attempts wait here or in other
// processes to be written: what looks lost may not be.
func (s *DB) Calm() bool { return s.dialer.calm() }

// Close ends the pools. Statements under way are waited for.
func (s *DB) Close() error {
	var errs []error
	for _, p := range s.byName() {
		errs = append(errs, p.DB.Close())
	}
	s.dialer.close()
	return errors.Join(errs...)
}

// SchemaVersion is the version of the newest migration that the database has;
// 0 means that it was never migrated.
func (s *DB) SchemaVersion(ctx context.Context) (int64, error) {
	var exists bool
	if err := s.QuickPool.DB.GetContext(ctx, &exists, `SELECT to_regclass('goose_db_version') IS NOT NULL`); err != nil {
		return 0, Classify("look for the schema", err)
	}
	if !exists {
		return 0, nil
	}
	var version int64
	err := s.QuickPool.DB.GetContext(ctx, &version, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`)
	return version, Classify("read the schema's version", err)
}

// ReadOnly says whether the database takes no changes now.
func (s *DB) ReadOnly(ctx context.Context) (readOnly bool, err error) {
	err = s.QuickPool.DB.GetContext(ctx, &readOnly, `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool`)
	return readOnly, Classify("look whether the database takes changes", err)
}

// Prepared gives the statement of a hot query.
func (s *DB) Prepared(ctx context.Context, query string) (*sqlx.Stmt, error) {
	p := s.pool(ctx)
	if st, ok := p.statements.Load(query); ok {
		return st.(*sqlx.Stmt), nil
	}
	st, err := p.DB.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, raced := p.statements.LoadOrStore(query, st); raced {
		return first.(*sqlx.Stmt), st.Close()
	}
	return st, nil
}

// PrepareAll prepares what a transaction will use. Inside of one a statement's
// first use takes a second connection: when every connection of the pool waits
// for another one, none of them goes on.
func (s *DB) PrepareAll(ctx context.Context, doing string, queries ...string) error {
	for _, query := range queries {
		if _, err := s.Prepared(ctx, query); err != nil {
			return Classify("prepare to "+doing, err)
		}
	}
	return nil
}

// InTx runs f in one transaction; it commits when f returns nil. f may run
// again after a conflict with another transaction.
// Where ctx carries a transaction, f is a part of that.
func (s *DB) InTx(ctx context.Context, doing string, f func(*sqlx.Tx) error) error {
	if tx := Carried(ctx); tx != nil {
		return s.Repeat(ctx, func() error { return within(ctx, tx, doing, f) })
	}
	return s.Repeat(ctx, func() error { return s.RunTx(ctx, doing, f) })
}

// Repeat runs f again while it ends in a conflict that Postgres has resolved
// against it. The locks have one order (a webhook, then its deliveries by their
// ids), so that there should be none. The pause is random and grows: those that
// have met would meet again.
func (s *DB) Repeat(ctx context.Context, f func() error) error {
	const tries = 6
	longest := 10 * time.Millisecond
	for n := 1; ; n++ {
		err := f()
		if n == tries || !IsState(err, deadlock) && !IsState(err, serializationFailure) {
			return err
		}
		if Pause(ctx, rand.N(longest)) != nil {
			return err
		}
		s.Tally.repeated.Add(1)
		longest *= 3
	}
}

// Pause waits; the error is that ctx ended before.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RunTx runs f in one transaction, and once.
func (s *DB) RunTx(ctx context.Context, doing string, f func(*sqlx.Tx) error) error {
	leave, err := s.Enter(ctx)
	if err != nil {
		return Classify(doing, err)
	}
	defer leave()
	tx, err := s.pool(ctx).DB.BeginTxx(ctx, nil)
	if err != nil {
		return Classify(doing, err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := f(tx); err != nil {
		return Classify(doing, err)
	}
	return Classify(doing, tx.Commit())
}

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
