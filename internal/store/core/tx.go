package core

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
)

// txKey is the key of a context's transaction.
type txKey struct{}

// WithTx gives a context with the transaction that a request is made in. Nothing but a
// context goes through the router to the handler of a request, so Once and Snapshot hand
// theirs on so; everywhere else a transaction is a value that is passed.
func WithTx(ctx context.Context, tx *sqlx.Tx) context.Context {
	return context.WithValue(ctx, txKey{}, tx)
}

// TxOf gives the transaction of a request; nil = it has none.
func TxOf(ctx context.Context) *sqlx.Tx {
	tx, _ := ctx.Value(txKey{}).(*sqlx.Tx)
	return tx
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
