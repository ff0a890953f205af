package core

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
)

// carriedKey marks the transaction that a context carries; see Once.
type carriedKey struct{}

// Carry gives a context that carries tx.
func Carry(ctx context.Context, tx *sqlx.Tx) context.Context {
	return context.WithValue(ctx, carriedKey{}, tx)
}

// Carried gives the transaction that ctx carries; nil = none.
func Carried(ctx context.Context) *sqlx.Tx {
	tx, _ := ctx.Value(carriedKey{}).(*sqlx.Tx)
	return tx
}

// On gives what the statements of ctx run on: the transaction that it carries,
// which alone sees what it has written, else the pool.
func (s *DB) On(ctx context.Context) sqlx.ExtContext {
	if tx := Carried(ctx); tx != nil {
		return tx
	}
	return s.pool(ctx).DB
}

// ByItself runs f with the statement of a hot query, which is a transaction by
// itself, or a part of the one that ctx carries. f may run again after a conflict.
func (s *DB) ByItself(ctx context.Context, doing, query string, f func(*sqlx.Stmt) error) error {
	st, err := s.Prepared(ctx, query)
	if err != nil {
		return Classify("prepare: "+doing, err)
	}
	if Carried(ctx) != nil {
		return s.InTx(ctx, doing, func(tx *sqlx.Tx) error { return f(tx.StmtxContext(ctx, st)) })
	}
	return Classify(doing, s.Repeat(ctx, func() error { return f(st) }))
}

// within runs f as a part of a transaction that goes on: what f did is undone
// when it fails, and nothing else.
func within(ctx context.Context, tx *sqlx.Tx, doing string, f func(*sqlx.Tx) error) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT part`); err != nil {
		return Classify(doing, err)
	}
	end := `RELEASE SAVEPOINT part`
	err := f(tx)
	if err != nil {
		end = `ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part`
	}
	_, failed := tx.ExecContext(ctx, end)
	return Classify(doing, errors.Join(err, failed))
}

// SelectIn runs a prepared query in a transaction.
func (s *DB) SelectIn(ctx context.Context, tx *sqlx.Tx, into any, query string, args ...any) error {
	st, err := s.Prepared(ctx, query)
	if err != nil {
		return err
	}
	return tx.StmtxContext(ctx, st).SelectContext(ctx, into, args...)
}

// ExecIn runs a prepared statement in a transaction.
func (s *DB) ExecIn(ctx context.Context, tx *sqlx.Tx, query string, args ...any) error {
	st, err := s.Prepared(ctx, query)
	if err != nil {
		return err
	}
	_, err = tx.StmtxContext(ctx, st).ExecContext(ctx, args...)
	return err
}
