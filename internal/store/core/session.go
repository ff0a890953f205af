package core

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// setting is one of a Postgres session.
type setting struct{ name, value string }

// planSettings are set on every connection of the pool, so that a Postgres with
// any settings of its own plans as the one does that the tests measure. The
// database URL does not win over them.
var planSettings = []setting{
	// Plans are kept for the life of a connection; one that was made while the
	// tables were small must not outlive their growth. Every statement on a large
	// table has its index; on the few tables that are read from end to end the
	// setting only adds a cost that no plan can avoid.
	{"enable_seqscan", "off"},
	{"plan_cache_mode", "force_generic_plan"},
	// That cost is far beyond what the server compiles a statement for, which takes
	// half a second each time. No statement here is long enough to be worth it, nor
	// to be split among processes.
	{"jit", "off"},
	{"max_parallel_workers_per_gather", "0"},
	{"random_page_cost", "1.1"}, // for an SSD
}

// Limits of what a connection may do. Whoever waits longer than idleInTransaction
// for a process that was frozen, or cut off, inside a transaction gets what it
// held; lockTimeout is longer, so that waiting for such a process succeeds.
const (
	idleInTransaction = 5 * time.Second
	lockTimeout       = 7 * time.Second
	statementTimeout  = LongestIngest
)

// limitSettings are set on every connection whose database URL does not set them.
func limitSettings() []setting {
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	return []setting{
		{"lock_timeout", milliseconds(lockTimeout)},
		{"statement_timeout", milliseconds(statementTimeout)},
		{"idle_in_transaction_session_timeout", milliseconds(idleInTransaction)},
		// Postgres finds a client that vanished, and lets go what it held.
		{"tcp_keepalives_idle", "10"},
		{"tcp_keepalives_interval", "3"},
		{"tcp_keepalives_count", "3"},
		{"tcp_user_timeout", "15000"},
	}
}

// setSession is the statement that sets up a connection. q is the query of the
// database URL.
func setSession(q url.Values) string {
	var b strings.Builder
	set := func(s setting) { fmt.Fprintf(&b, "SET %s = %s;", s.name, pq.QuoteLiteral(s.value)) }
	for _, s := range planSettings {
		set(s)
	}
	for _, s := range limitSettings() {
		if !q.Has(s.name) {
			set(s)
		}
	}
	return b.String()
}

// connector makes connections and sets them up. That takes a statement, and not
// parameters of the connection's start: poolers refuse those that they don't know.
type connector struct {
	driver.Connector
	set string // the statement
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, c.set, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// PoolerError says why Godwit can't work with what answers for Postgres.
type PoolerError struct {
	Problem string
	Err     error
}

func (e *PoolerError) Error() string { return e.Problem }
func (e *PoolerError) Unwrap() error { return e.Err }

// What a PoolerError says: first of one that gives each transaction another
// session, then of one that refuses what drivers send when a connection starts.
const (
	noSessions = "a connection does not keep its session: a pooler such as PgBouncer stands before the database in transaction or statement mode. " +
		"Godwit needs prepared statements, settings of the session and LISTEN: set pool_mode = session for this database, or name Postgres itself"
	startRefused = "the database refuses how a connection starts (%v). A pooler such as PgBouncer does not take settings in the URL: leave them out, or list them in its ignore_startup_parameters; and set pool_mode = session"
)

// CheckSessions is that of any pool. Two connections are open at the same time:
// with a session for each, neither ever meets the process of the other, nor
// another one than its first. A pooler without sessions gives out the one that was
// used last, or all in turn; so one connection asks twice in a row.
func CheckSessions(ctx context.Context, db *sql.DB) error {
	const protocolViolation = "08P01"
	one, err := db.Conn(ctx)
	if IsState(err, protocolViolation) {
		return &PoolerError{fmt.Sprintf(startRefused, err), err}
	}
	if err != nil {
		return err
	}
	defer one.Close()
	other, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer other.Close()
	first, second := 0, 0
	for _, on := range []*sql.Conn{one, one, other, one, one, other} {
		var pid int
		if err := on.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			return err
		}
		mine, others := &first, &second
		if on == other {
			mine, others = &second, &first
		}
		if pid == *others || *mine != 0 && pid != *mine {
			return &PoolerError{noSessions, nil}
		}
		*mine = pid
	}
	return nil
}

// LongestIngest is how long an ingest may go on that has seen a webhook disabled.
const LongestIngest = time.Minute

// OpenSession opens a pool whose connections are set as those of a DB.
func OpenSession(databaseURL string) (*sql.DB, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, err
	}
	server, err := pq.NewConnector(databaseURL)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{server, setSession(u.Query())}), nil
}
