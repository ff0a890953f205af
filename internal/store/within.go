package store

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
)

// carriedKey marks the transaction that a context carries; see Once.
type carriedKey struct{}

// carried gives the transaction that ctx carries; nil = none.
func carried(ctx context.Context) *sqlx.Tx {
	tx, _ := ctx.Value(carriedKey{}).(*sqlx.Tx)
	return tx
}

// on gives what the statements of ctx run on: the transaction that it carries,
// which alone sees what it has written, else the pool.
func (s *DB) on(ctx context.Context) sqlx.ExtContext {
	if tx := carried(ctx); tx != nil {
		return tx
	}
	return s.pool(ctx).db
}

// byItself runs f with the statement of a hot query, which is a transaction by
// itself, or a part of the one that ctx carries. f may run again after a conflict.
func (s *DB) byItself(ctx context.Context, doing, query string, f func(*sqlx.Stmt) error) error {
	st, err := s.prepared(ctx, query)
	if err != nil {
		return classify("prepare: "+doing, err)
	}
	if carried(ctx) != nil {
		return s.inTx(ctx, doing, func(tx *sqlx.Tx) error { return f(tx.StmtxContext(ctx, st)) })
	}
	return classify(doing, s.repeat(ctx, func() error { return f(st) }))
}

// within runs f as a part of a transaction that goes on: what f did is undone
// when it fails, and nothing else.
func within(ctx context.Context, tx *sqlx.Tx, doing string, f func(*sqlx.Tx) error) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT part`); err != nil {
		return classify(doing, err)
	}
	end := `RELEASE SAVEPOINT part`
	err := f(tx)
	if err != nil {
		end = `ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part`
	}
	_, failed := tx.ExecContext(ctx, end)
	return classify(doing, errors.Join(err, failed))
}

// selectIn and execIn run a prepared statement in a transaction.
func (s *DB) selectIn(ctx context.Context, tx *sqlx.Tx, into any, query string, args ...any) error {
	st, err := s.prepared(ctx, query)
	if err != nil {
		return err
	}
	return tx.StmtxContext(ctx, st).SelectContext(ctx, into, args...)
}

func (s *DB) execIn(ctx context.Context, tx *sqlx.Tx, query string, args ...any) error {
	st, err := s.prepared(ctx, query)
	if err != nil {
		return err
	}
	_, err = tx.StmtxContext(ctx, st).ExecContext(ctx, args...)
	return err
}
