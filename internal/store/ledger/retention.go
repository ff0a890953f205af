package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// lockRetention gives no row while another process makes a step. It is busy
// where deliveries have waited for their first attempt for two seconds.
const lockRetention = `
SELECT r.part, r.cursor_at::text AS cursor_at, r.cursor_id, r.began_at IS NULL OR r.finished_at IS NOT NULL AS over,
	now() - make_interval(secs => $1) AS data, now() - make_interval(secs => $2) AS audit,
	EXISTS (SELECT FROM deliveries d WHERE d.dispatch_at < now() - interval '2 seconds' AND d.dispatch_at IS NOT NULL AND d.attempts = 0) AS busy
FROM retention r FOR UPDATE OF r SKIP LOCKED`

// beginRetention starts a run from the beginning.
const beginRetention = `
WITH counts AS (UPDATE retention_removed SET last_run = 0)
UPDATE retention SET part = $1, cursor_at = '-infinity', cursor_id = '', began_at = now(), finished_at = NULL`

const (
	// moveRetention keeps how far a run has come; $4 is set where events were removed.
	moveRetention = `
		UPDATE retention SET part = $1, cursor_at = $2::timestamptz, cursor_id = $3, problem = NULL,
			kept_since = CASE WHEN $4::timestamptz IS NULL THEN kept_since ELSE greatest(kept_since, $4) END`
	endRetention   = `UPDATE retention SET part = '', finished_at = now(), last_finished_at = now(), problem = NULL`
	countRetention = `
		INSERT INTO retention_removed AS r (part, total, last_run) VALUES ($1, $2, $2)
		ON CONFLICT (part) DO UPDATE SET total = r.total + $2, last_run = r.last_run + $2`
)

// retentionWait bounds how long a step waits for a lock that another process holds.
// It looks for rows that are free, so it waits for next to none.
const retentionWait = `SET LOCAL lock_timeout = '1s'`

// RetentionStep looks at up to limit of the oldest rows and removes those that
// are kept no longer, as a part of a run that goes through all tables. It begins
// a run where none goes on. What it removes and how far the run has come are one
// transaction, so that a step that was cut off is simply made again.
//
// Nothing that is unfinished, held or referred to is removed, however old it is.
func (s *Store) RetentionStep(ctx context.Context, keep hook.Keep, limit int) (step hook.RetentionStep, err error) {
	err = s.InTx(ctx, "remove what is kept no longer", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, retentionWait); err != nil {
			return err
		}
		var runs []retentionRun
		if err := tx.SelectContext(ctx, &runs, lockRetention, keep.Data.Seconds(), keep.Audit.Seconds()); err != nil {
			return err
		}
		if len(runs) == 0 {
			step = hook.RetentionStep{Busy: true}
			return nil
		}
		step, err = runs[0].step(ctx, tx, limit)
		return err
	})
	return step, err
}

func (r retentionRun) step(ctx context.Context, tx *sqlx.Tx, limit int) (hook.RetentionStep, error) {
	if r.Over {
		r.Part, r.CursorAt, r.CursorID = retentionParts[0].name, "-infinity", ""
		if _, err := tx.ExecContext(ctx, beginRetention, r.Part); err != nil {
			return hook.RetentionStep{}, err
		}
	}
	step := hook.RetentionStep{Busy: r.Busy}
	at := partAt(r.Part)
	did, err := retentionParts[at].remove(ctx, tx, r, limit)
	if err != nil {
		return step, fmt.Errorf("remove old rows of %s: %w", r.Part, err)
	}
	var keptSince *time.Time
	for part, n := range did.removed {
		if n == 0 {
			continue
		}
		if part == hook.KeptEvents {
			keptSince = &r.Data
		}
		step.Removed += n
		if _, err := tx.ExecContext(ctx, countRetention, part, n); err != nil {
			return step, err
		}
	}
	step.Seen = did.seen
	r.CursorAt, r.CursorID = did.cursorAt, did.cursorID
	if did.done {
		if at++; at == len(retentionParts) {
			step.Done = true
			_, err := tx.ExecContext(ctx, endRetention)
			return step, err
		}
		r.Part, r.CursorAt, r.CursorID = retentionParts[at].name, "-infinity", ""
	}
	_, err = tx.ExecContext(ctx, moveRetention, r.Part, r.CursorAt, r.CursorID, keptSince)
	return step, err
}

// partAt is the place of a part; an unknown one, of another build, begins anew.
func partAt(name string) int {
	for i, p := range retentionParts {
		if p.name == name {
			return i
		}
	}
	return 0
}

// RetentionFailed keeps why a run does not go on, for people to read.
func (s *Store) RetentionFailed(ctx context.Context, problem string) error {
	_, err := s.On(ctx).ExecContext(ctx, `UPDATE retention SET problem = $1`, core.Storable(problem))
	return core.Classify("keep why the removal of old rows does not go on", err)
}

// Retention tells how far the removal of what is old has come.
func (s *Store) Retention(ctx context.Context) (hook.Retention, error) {
	var row struct {
		Part       string     `db:"part"`
		Problem    string     `db:"problem"`
		BeganAt    *time.Time `db:"began_at"`
		FinishedAt *time.Time `db:"finished_at"`
		LastAt     *time.Time `db:"last_finished_at"`
		KeptSince  *time.Time `db:"kept_since"`
	}
	err := sqlx.GetContext(ctx, s.On(ctx), &row, `SELECT part, coalesce(problem, '') AS problem, began_at, finished_at, last_finished_at, kept_since FROM retention`)
	if err != nil {
		return hook.Retention{}, core.Classify("read how far the removal of old rows has come", err)
	}
	out := hook.Retention{Part: row.Part, Problem: row.Problem, BeganAt: timeOrZero(row.BeganAt), FinishedAt: timeOrZero(row.FinishedAt), LastFinishedAt: timeOrZero(row.LastAt), KeptSince: timeOrZero(row.KeptSince)}
	var counts []struct {
		Part    string `db:"part"`
		Total   int64  `db:"total"`
		LastRun int64  `db:"last_run"`
	}
	if err := sqlx.SelectContext(ctx, s.On(ctx), &counts, `SELECT part, total, last_run FROM retention_removed ORDER BY part`); err != nil {
		return out, core.Classify("read how many old rows were removed", err)
	}
	for _, c := range counts {
		out.Removed = append(out.Removed, hook.RetentionCount(c))
	}
	return out, nil
}

func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// PostgresVersion is that of the database server.
func (s *Store) PostgresVersion(ctx context.Context) (version string, err error) {
	err = sqlx.GetContext(ctx, s.On(ctx), &version, `SELECT current_setting('server_version')`)
	return version, core.Classify("read the database's version", err)
}
