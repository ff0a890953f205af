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
