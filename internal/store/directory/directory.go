package directory

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// put is the answer of an upsert: the row's times and whether it is new.
type put struct {
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
	Created   bool      `db:"created"`
	Company   string    `db:"company_name"` // of a project
}

// putReturning ends an upsert. xmax is 0 only in a row that was just inserted.
const putReturning = ` RETURNING created_at, updated_at, xmax = 0 AS created`

// lockParent locks what is to be deleted before anything else is done: whoever adds
// to it waits until it is gone, and can't keep it from being deleted. A row that
// others share one after another never becomes free for FOR UPDATE, so those who add
// wait in the line of an advisory lock first; see shareParent.
func lockParent(ctx context.Context, tx *sqlx.Tx, table, id string) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, table+" "+id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `SELECT FROM `+table+` WHERE id = $1 FOR UPDATE`, id)
	return err
}

// shareParent waits for whoever is about to delete the parent of what is added.
func shareParent(ctx context.Context, tx sqlx.ExecerContext, table, id string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))`, table+" "+id)
	return err
}
