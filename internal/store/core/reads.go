package core

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// Reads for people have their own pool. However many of them are slow, what
// accepts events and writes down outcomes has its connections.
const (
	// readTimeout bounds one statement of a read. The slowest that is meant to
	// succeed takes a tenth of a second at 3 million deliveries.
	readTimeout = 5 * time.Second
	// readIdle ends the snapshot of a process that has stopped in the middle of it.
	readIdle = 10 * time.Second
)

// BeginRead makes a transaction that of a read: all of it sees the moment of its
// first statement, it writes nothing, and it has limits. And it walks through an
// index in its order, however few rows a plan expects in it.
var BeginRead = fmt.Sprintf(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
	SET LOCAL statement_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d; SET LOCAL enable_bitmapscan = off`,
	readTimeout.Milliseconds(), readIdle.Milliseconds())

// Read runs read in a transaction that sees the database at one moment: what one of
// its statements counts, the next one lists. It writes nothing. A statement that takes
// longer than readTimeout is CodeUnavailable.
func (s *DB) Read(ctx context.Context, read func(*sqlx.Tx) error) error {
	if tx := TxOf(ctx); tx != nil { // which may have written what is to be read
		return read(tx)
	}
	return s.RunTx(Via(ctx, s.reads), "read", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, BeginRead); err != nil {
			return Classify("begin a snapshot", err)
		}
		return tooSlow(ctx, read(tx))
	})
}

// Snapshot is Read for a whole request: it runs read with a context whose reads all
// see one moment.
func (s *DB) Snapshot(ctx context.Context, read func(context.Context) error) error {
	return s.Read(ctx, func(tx *sqlx.Tx) error { return read(WithTx(ctx, tx)) })
}

// tooSlow says what to do about a read that ran into readTimeout.
func tooSlow(ctx context.Context, err error) error {
	if ctx.Err() != nil || !IsState(err, queryCanceled) {
		return err
	}
	return &hook.Error{Code: hook.CodeUnavailable, Err: err,
		Message: "the read took longer than " + readTimeout.String() + " and was ended; ask for less: a shorter time (since, until), one webhook, or a smaller limit"}
}
