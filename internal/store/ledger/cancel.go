package ledger

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
)

// A cancellation takes what waits for a webhook out of the queue, by a filter. Its
// row in redeliveries is the durable owner of the steps: any worker makes them, each
// bounded, and one that was cut off is made again. It ends with a round through all
// that waits that has found nothing: what others have locked is passed over.

// waitingKind is a kind of what waits, by the index that has it in the order of time.
type waitingKind struct {
	statuses  []hook.DeliveryStatus
	condition string
	Step      string
}

var WaitingKinds = func() []waitingKind {
	kinds := []waitingKind{
		{[]hook.DeliveryStatus{hook.Pending}, `d.dispatch_at IS NOT NULL AND d.attempts = 0`, ""},
		{[]hook.DeliveryStatus{hook.Pending, hook.Retrying}, `d.dispatch_at IS NOT NULL AND d.attempts > 0`, ""},
		{[]hook.DeliveryStatus{hook.Held}, Held, ""},
	}
	for i, k := range kinds {
		kinds[i].Step = walkStep(`
	SELECT d.id, d.created_at AS at FROM deliveries d
	WHERE d.webhook_id = $1 AND (d.created_at, d.id) > ($2::timestamptz, $3::text) AND d.created_at < $8::timestamptz AND `+k.condition+`
	ORDER BY d.created_at, d.id LIMIT $4`, ofCancellation, `max(at)`, `, cancellation_id = $7::text`)
	}
	return kinds
}()

// ofCancellation: the filter $9 to $12 picks delivery d.
var ofCancellation = `d.status = ANY($9::text[]) AND ` + picks("$10", "$11", "$12")

// countWaiting has the arguments of queryArgs. It counts up to RedeliveryCounted.
var countWaiting = func() string {
	query, most := "", strconv.Itoa(hook.RedeliveryCounted)
	for _, k := range WaitingKinds {
		if query != "" {
			query += " + "
		}
		query += `(SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.webhook_id = $1 AND (d.created_at, d.id) >= ($2::timestamptz, $3::text) AND d.created_at < $4::timestamptz
			AND ` + k.condition + ` AND d.status = ANY($5::text[]) AND ` + picks("$6", "$7", "$8") + ` LIMIT ` + most + `) n)`
	}
	return `least(` + query + `, ` + most + `)`
}()

// CountCancellation says how many deliveries a cancellation would reach. A webhook
// that does not exist is CodeNotFound.
func (s *Store) CountCancellation(ctx context.Context, q hook.RedeliveryQuery) (n int, err error) {
	err = s.Read(ctx, func(tx *sqlx.Tx) error {
		if _, err := planRedelivery(ctx, tx, &q); err != nil {
			return err
		}
		return core.Classify("count what is to be cancelled", tx.GetContext(ctx, &n, `SELECT `+countWaiting, queryArgs(q)...))
	})
	return n, err
}

// CreateCancellation stores a cancellation and makes its first step, so that a
// short queue is out at once. A webhook that does not exist is CodeNotFound. What is
// accepted afterwards is not touched.
func (s *Store) CreateCancellation(ctx context.Context, q hook.RedeliveryQuery) (hook.Redelivery, error) {
	cancellationID := id.New(id.Redelivery)
	err := s.InTx(ctx, "create a cancellation of "+q.WebhookID, func(tx *sqlx.Tx) error {
		if _, err := planRedelivery(ctx, tx, &q); err != nil {
			return err
		}
		var count int
		err := tx.GetContext(ctx, &count, `
			INSERT INTO redeliveries (id, kind, webhook_id, since, until, statuses, event_types, reasons, status_codes, status, dispatch_at, due_at, cursor_at, cursor_id, total)
			SELECT $9, 'cancellation', $1, $2, $4, $5, $6, $7, $10, 'running', 'infinity', now(), $2, $3, `+countWaiting+` RETURNING total`, createArgs(q, cancellationID)...)
		if err != nil {
			return err
		}
		if err := access.Audit(ctx, tx, access.Change{Action: hook.CancellationStarted, ObjectID: cancellationID, After: access.ShownRedelivery(q, count)}); err != nil {
			return err
		}
		return cancelStep(ctx, tx, s.Tally.TakenOut, cancellationID)
	})
	if err != nil {
		return hook.Redelivery{}, err
	}
	return s.Redelivery(ctx, q.WebhookID, cancellationID)
}

const claimCancellation = `
UPDATE redeliveries SET due_at = now() + make_interval(secs => $1)
WHERE id = (SELECT id FROM redeliveries WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id`

// CancelNext makes the next step of a cancellation that is due, and says whether
// there was one. One whose step fails, or is cut off, is due again after the lease.
func (s *Store) CancelNext(ctx context.Context, lease time.Duration) (made bool, err error) {
	var due []string
	err = s.ByItself(ctx, "claim a cancellation", claimCancellation, func(st *sqlx.Stmt) error {
		due = nil
		return st.SelectContext(ctx, &due, lease.Seconds())
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	return true, s.InTx(ctx, "cancel deliveries", func(tx *sqlx.Tx) error { return cancelStep(ctx, tx, s.Tally.TakenOut, due[0]) })
}

// cancellationRow is a cancellation that is locked, and how far it has come.
type cancellationRow struct {
	pickedRow
	ID        string    `db:"id"`
	WebhookID string    `db:"webhook_id"`
	Since     time.Time `db:"since"`
	Until     time.Time `db:"until"`
	Walk      int       `db:"walk"`
	CursorAt  string    `db:"cursor_at"`
	CursorID  string    `db:"cursor_id"`
	Found     bool      `db:"found"`
}

const (
	lockCancellation = `
		SELECT id, webhook_id, since, until, statuses, event_types, reasons, status_codes, walk, cursor_at::text AS cursor_at, cursor_id, found
		FROM redeliveries WHERE id = $1 AND status = 'running' AND kind = 'cancellation' FOR UPDATE`
	moveCancellation = `
		UPDATE redeliveries SET walk = $2, cursor_at = $3::timestamptz, cursor_id = $4, found = $5, released = released + $6, due_at = clock_timestamp() WHERE id = $1`
	endCancellation = `
		UPDATE redeliveries SET status = 'completed', dispatch_at = NULL, due_at = NULL, finished_at = now(), released = released + $2 WHERE id = $1`
)

// cancelStep looks at up to withdrawAtOnce deliveries.
func cancelStep(ctx context.Context, tx *sqlx.Tx, count Count, cancellationID string) error {
	var running []cancellationRow
	if err := tx.SelectContext(ctx, &running, lockCancellation, cancellationID); err != nil || len(running) == 0 {
		return err
	}
	c, looked, cancelled := running[0], 0, 0
	for looked < withdrawAtOnce && c.Walk < len(WaitingKinds) {
		if !slices.ContainsFunc(WaitingKinds[c.Walk].statuses, func(s hook.DeliveryStatus) bool { return slices.Contains(c.Statuses, string(s)) }) {
			c.Walk++
			continue
		}
		var r walkResult
		err := tx.GetContext(ctx, &r, WaitingKinds[c.Walk].Step, c.WebhookID, c.CursorAt, c.CursorID, withdrawAtOnce-looked,
			hook.Cancelled, hook.ReasonCancelledByOwner, c.ID, c.Until, c.Statuses, c.EventTypes, c.Reasons, c.codes())
		if err != nil {
			return err
		}
		count(hook.Cancelled, r.Taken)
		more := looked+r.Looked == withdrawAtOnce
		looked, cancelled, c.Found = looked+r.Looked, cancelled+r.Taken, c.Found || r.Taken > 0
		if more {
			c.CursorAt, c.CursorID = r.LastAt.String, r.LastID.String
		} else {
			c.Walk, c.CursorAt, c.CursorID = c.Walk+1, c.Since.UTC().Format(time.RFC3339Nano), ""
		}
	}
	if c.Walk == len(WaitingKinds) {
		if !c.Found {
			_, err := tx.ExecContext(ctx, endCancellation, c.ID, cancelled)
			return err
		}
		c.Walk, c.Found = 0, false
	}
	_, err := tx.ExecContext(ctx, moveCancellation, c.ID, c.Walk, c.CursorAt, c.CursorID, c.Found, cancelled)
	return err
}
