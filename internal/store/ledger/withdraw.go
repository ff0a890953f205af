package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// A withdrawal takes deliveries out of the queue: what waits for a webhook that is
// switched off is held; what waits or is held for one that was deleted, or carries
// data of a project that was deleted or that the owner lost, is cancelled.
//
// The change itself is one short transaction, which leaves a row in withdrawals.
// That row is the durable owner of what follows: any worker makes its steps, each
// bounded, and a step that was cut off is made again. Until its step has come a
// delivery is as it was, but nothing of it is sent: a claim looks at the webhook.
//
// A row of a webhook alone says nothing of what is to be done: that is asked of
// the webhook at each step, under its lock. Where it was switched on again the
// withdrawal is over, and what it has held is released by the drain.
const (
	// withdrawAtOnce is how many deliveries one step looks at: it holds the lock of
	// their webhook for a few tenths of a second at most.
	withdrawAtOnce = 500
	// withdrawalsAtOnce is how many withdrawals a change makes the first step of: the
	// deletion of a user may have a thousand webhooks.
	withdrawalsAtOnce = 20
	// withdrawAgainAfter is the pause before a withdrawal looks for what came after
	// it, from ingests that had not seen the change.
	withdrawAgainAfter = 10 * time.Second
)

const withdrawalColumns = `id, webhook_id, project_id, reason, created_at, until <= now() AS over, walk, after_at::text AS after_at, after_id, found`

// freshWithdrawal begins a withdrawal again from the start.
const freshWithdrawal = `DO UPDATE SET until = excluded.until, due_at = now(), walk = 0, after_at = '-infinity', after_id = '', found = false`

const (
	WithdrawWebhooks = `
		INSERT INTO withdrawals (webhook_id, until) SELECT w.id, now() + make_interval(secs => $1) FROM unnest($2::text[]) AS w(id)
		ON CONFLICT (webhook_id) WHERE project_id IS NULL ` + freshWithdrawal + ` RETURNING ` + withdrawalColumns
	WithdrawProjects = `
		INSERT INTO withdrawals (project_id, reason, until) SELECT p.id, '` + string(hook.ReasonProjectDeleted) + `', now() + make_interval(secs => $1)
		FROM unnest($2::text[]) AS p(id) RETURNING ` + withdrawalColumns
	WithdrawMember = `
		INSERT INTO withdrawals (webhook_id, project_id, reason, until) SELECT w.id, $2, '` + string(hook.ReasonMembershipLost) + `', now() + make_interval(secs => $1)
		FROM webhooks w WHERE w.owner_id = $3 AND w.deleted_at IS NULL RETURNING ` + withdrawalColumns
)

// Count counts deliveries that came into a status.
type Count func(hook.DeliveryStatus, int)

// Withdraw makes withdrawals as a part of the change that asks for them, and the
// first step of them, so that a short queue is out at once. The locks of the
// webhooks are held, where it is they that have changed.
func Withdraw(ctx context.Context, tx *sqlx.Tx, count Count, insert string, args ...any) error {
	var made []withdrawalRow
	if err := tx.SelectContext(ctx, &made, insert, append([]any{core.LongestIngest.Seconds()}, args...)...); err != nil {
		return err
	}
	left := withdrawAtOnce
	for _, w := range made[:min(len(made), withdrawalsAtOnce)] {
		if left == 0 {
			break // the rest is due
		}
		looked, err := takeOut(ctx, tx, count, w, left)
		if err != nil {
			return err
		}
		left -= looked
	}
	return nil
}

const (
	claimWithdrawal = `
		UPDATE withdrawals SET due_at = now() + make_interval(secs => $1)
		WHERE id = (SELECT id FROM withdrawals WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING id, webhook_id, project_id`
	lockWithdrawal = `SELECT ` + withdrawalColumns + ` FROM withdrawals WHERE id = $1 FOR UPDATE`
	// shareWebhook keeps the webhook from being switched or deleted during a step.
	shareWebhook = `SELECT enabled, deleted_at IS NOT NULL FROM webhooks WHERE id = $1 FOR SHARE`
)

// Withdraw makes the next step of a withdrawal that is due, and says whether there
// was one. One whose step fails, or is cut off, is due again after the lease.
func (s *Store) Withdraw(ctx context.Context, lease time.Duration) (made bool, err error) {
	var due []struct {
		ID        int64          `db:"id"`
		WebhookID sql.NullString `db:"webhook_id"`
		ProjectID sql.NullString `db:"project_id"`
	}
	err = s.ByItself(ctx, "claim a withdrawal", claimWithdrawal, func(st *sqlx.Stmt) error {
		due = nil
		return st.SelectContext(ctx, &due, lease.Seconds())
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	d := due[0]
	return true, s.InTx(ctx, "withdraw deliveries", func(tx *sqlx.Tx) error {
		if d.WebhookID.Valid && !d.ProjectID.Valid { // first, as everywhere
			if _, err := tx.ExecContext(ctx, shareWebhook, d.WebhookID); err != nil {
				return err
			}
		}
		var w []withdrawalRow
		if err := tx.SelectContext(ctx, &w, lockWithdrawal, d.ID); err != nil || len(w) == 0 {
			return err
		}
		_, err := takeOut(ctx, tx, s.Tally.TakenOut, w[0], withdrawAtOnce)
		return err
	})
}

// outcome is what a withdrawal makes of deliveries; of a webhook that is on,
// nothing.
type outcome struct {
	status hook.DeliveryStatus
	reason hook.Reason
}

func outcomeOf(ctx context.Context, tx *sqlx.Tx, w withdrawalRow) (outcome, error) {
	if w.ProjectID.Valid {
		return outcome{hook.Cancelled, hook.Reason(w.Reason.String)}, nil
	}
	var enabled, deleted bool
	err := tx.QueryRowxContext(ctx, shareWebhook, w.WebhookID).Scan(&enabled, &deleted)
	switch {
	case errors.Is(err, sql.ErrNoRows): // retention has removed it with all that it had
		return outcome{}, nil
	case err != nil:
		return outcome{}, err
	case deleted:
		return outcome{hook.Cancelled, hook.ReasonWebhookDeleted}, nil
	case enabled:
		return outcome{}, nil
	}
	return outcome{hook.Held, hook.ReasonWebhookDisabled}, nil
}

const (
	endWithdrawal  = `DELETE FROM withdrawals WHERE id = $1`
	moveWithdrawal = `
		UPDATE withdrawals SET walk = $2, after_at = $3::timestamptz, after_id = $4, found = $5, due_at = clock_timestamp() + make_interval(secs => $6)
		WHERE id = $1`
)

// takeOut makes a step of a withdrawal that looks at up to limit deliveries, and
// says at how many it did. The withdrawal ends with a round that began after every
// ingest sees the change, and that has found nothing.
func takeOut(ctx context.Context, tx *sqlx.Tx, count Count, w withdrawalRow, limit int) (looked int, err error) {
	o, err := outcomeOf(ctx, tx, w)
	if err != nil {
		return 0, err
	}
	if o.status == "" {
		_, err = tx.ExecContext(ctx, endWithdrawal, w.ID)
		return 0, err
	}
	walks := walksOf(w)
	for looked < limit && w.Walk < len(walks) {
		want := limit - looked
		n, taken, err := w.walk(ctx, tx, o, walks[w.Walk], want)
		if err != nil {
			return looked, err
		}
		count(o.status, taken)
		if looked += n; n < want {
			w.Walk, w.AfterAt, w.AfterID = w.Walk+1, "-infinity", ""
		}
	}
	pause := time.Duration(0)
	if w.Walk == len(walks) {
		if w.Over && !w.Found {
			_, err = tx.ExecContext(ctx, endWithdrawal, w.ID)
			return looked, err
		}
		w.Walk, w.Found, pause = 0, false, withdrawAgainAfter
	}
	_, err = tx.ExecContext(ctx, moveWithdrawal, w.ID, w.Walk, w.AfterAt, w.AfterID, w.Found, pause.Seconds())
	return looked, err
}

// walkResult is what the statement of a walk came to.
type walkResult struct {
	Looked int            `db:"looked"`
	Taken  int            `db:"taken"`
	LastAt sql.NullString `db:"last_at"`
	LastID sql.NullString `db:"last_id"`
}

// walk makes one statement of a step.
func (w *withdrawalRow) walk(ctx context.Context, tx *sqlx.Tx, o outcome, query string, limit int) (looked, taken int, err error) {
	var r []walkResult
	err = tx.SelectContext(ctx, &r, query, w.WebhookID, w.AfterAt, w.AfterID, limit, o.status, o.reason, w.ProjectID, w.CreatedAt)
	if err != nil {
		return 0, 0, err
	}
	w.Found = w.Found || r[0].Taken > 0
	if r[0].LastAt.Valid {
		w.AfterAt = r[0].LastAt.String
	}
	if r[0].LastID.Valid {
		w.AfterID = r[0].LastID.String
	}
	return r[0].Looked, r[0].Taken, nil
}

// WithdrawUnowned makes a withdrawal of each webhook for which something waits
// that nothing will send, and says how many it made. There should be none: it
// repairs what a defect has left.
func (s *Store) WithdrawUnowned(ctx context.Context) (int, error) {
	var found []string
	err := s.HousekeepingPool.DB.SelectContext(ctx, &found, Unowned) // rare, and planned by what there is now
	return len(found), core.Classify("look for deliveries without an owner", err)
}
