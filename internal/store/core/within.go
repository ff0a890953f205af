package core

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// On gives what the statements of ctx run on: their transaction,
// which alone sees what it has written, else the pool.
func (s *DB) On(ctx context.Context) sqlx.ExtContext {
	if tx := TxOf(ctx); tx != nil {
		return tx
	}
	return s.pool(ctx).DB
}

// ByItself runs f with the statement of a hot query, which is a transaction by
// itself, or a part of the one that ctx has. f may run again after a conflict.
func (s *DB) ByItself(ctx context.Context, doing, query string, f func(*sqlx.Stmt) error) error {
	st, err := s.Prepared(ctx, query)
	if err != nil {
		return Classify("prepare: "+doing, err)
	}
	if TxOf(ctx) != nil {
		return s.InTx(ctx, doing, func(tx *sqlx.Tx) error { return f(tx.StmtxContext(ctx, st)) })
	}
	return Classify(doing, s.Repeat(ctx, func() error { return f(st) }))
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
