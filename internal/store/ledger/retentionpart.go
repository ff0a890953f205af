package ledger

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// retentionRun is the row of the run, locked by the step that is being made.
type retentionRun struct {
	Part     string    `db:"part"`
	CursorAt string    `db:"cursor_at"` // as Postgres writes it: it may be -infinity
	CursorID string    `db:"cursor_id"`
	Over     bool      `db:"over"`
	Busy     bool      `db:"busy"`
	Data     time.Time `db:"data"`  // what is older may go
	Audit    time.Time `db:"audit"` // the same of the audit log
}

// removed is what a step of a part came to, and where the next one goes on.
type removed struct {
	removed  map[string]int
	seen     int
	cursorAt string
	cursorID string
	done     bool
}

// retentionPart is a table, or a few that go together.
type retentionPart struct {
	name   string
	remove func(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (removed, error)
}
