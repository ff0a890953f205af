package core

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
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

	listening listening
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

// Close ends the pools. Statements under way are waited for.
func (s *DB) Close() error {
	var errs []error
	for _, p := range s.byName() {
		errs = append(errs, p.DB.Close())
	}
	s.dialer.close()
	return errors.Join(errs...)
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
// Where ctx has a transaction, f is a part of that.
func (s *DB) InTx(ctx context.Context, doing string, f func(*sqlx.Tx) error) error {
	if tx := TxOf(ctx); tx != nil {
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

// uses is what the statements of ctx run on: what via has set, else what a request
// changes, or Godwit's own work.
func (s *DB) uses(ctx context.Context) use {
	if u, set := ctx.Value(useKey{}).(use); set {
		return u
	}
	if owner := ownerOf(ctx); owner != "" {
		return use{s.ChangesPool, owner}
	}
	return use{s.HousekeepingPool, ""}
}

// Enter waits for the turn of ctx, and gives what ends it. What is a part of a
// transaction has its turn.
func (s *DB) Enter(ctx context.Context) (leave func(), err error) {
	if TxOf(ctx) != nil {
		return func() {}, nil
	}
	u := s.uses(ctx)
	return u.pool.enter(ctx, u.owner)
}

// pool is the one that the statements of ctx run on.
func (s *DB) pool(ctx context.Context) *pool { return s.uses(ctx).pool }

// ByProject has events accepted in the turns of their project.
func (s *DB) ByProject(ctx context.Context, events []hook.Event) context.Context {
	return viaFor(ctx, s.IntakePool, "project "+events[0].ProjectID)
}
