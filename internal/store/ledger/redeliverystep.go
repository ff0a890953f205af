package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

const (
	// stepSize is how many deliveries one step lets go.
	stepSize = 50
	// lookAtOnce is how many one step looks at for these.
	lookAtOnce = 2000
	// looksAtOnce is how often one step looks further where it finds nothing.
	looksAtOnce = 10
	// underWay is how many deliveries of one redelivery may be unfinished at a time:
	// more would only wait in the queue, before what happens now.
	underWay = 500
	// stepAgainAfter is when the workflow of a redelivery is started again if it
	// makes no step; longer than it ever waits.
	stepAgainAfter = 5 * time.Minute
)

// runningRow is a redelivery of many that is locked, and its webhook.
type runningRow struct {
	pickedRow
	ID        string    `db:"id"`
	WebhookID string    `db:"webhook_id"`
	Until     time.Time `db:"until"`
	CursorAt  time.Time `db:"cursor_at"`
	CursorID  string    `db:"cursor_id"`
	UnderWay  int       `db:"under_way"`
	enabled   bool
	deleted   bool
}

// The locks go from the webhook to its redelivery, so that the webhook stays on,
// or off, and its places can be set.
const (
	webhookOfRedelivery = `SELECT webhook_id FROM redeliveries WHERE id = $1 AND status = 'running' AND kind = 'redelivery'`
	lockSwitch          = `SELECT enabled, deleted_at IS NOT NULL FROM webhooks WHERE id = $1 FOR NO KEY UPDATE`
	lockRedelivery      = `
		SELECT r.id, r.webhook_id, r.until, r.statuses, r.event_types, r.reasons, r.status_codes, r.cursor_at, r.cursor_id,
			(SELECT count(*) FROM deliveries d WHERE d.redelivery_id = r.id AND ` + OnItsWay + `) AS under_way
		FROM redeliveries r WHERE r.id = $1 AND r.status = 'running' FOR UPDATE`
)

// NextOfRedelivery looks at the next $9 deliveries, and says of each whether it is
// to be sent again.
var NextOfRedelivery = `
SELECT d.id, d.created_at, d.status, ` + again + ` AS again FROM (
	SELECT d.* ` + ofRedelivery("ORDER BY d.created_at, d.id LIMIT $9") + ` ORDER BY d.created_at, d.id LIMIT $9
) d ORDER BY d.created_at, d.id`

// releasePicked queues what was held. It gets its own workflow: an older one
// that still waits finds itself superseded.
const releasePicked = `
UPDATE deliveries d SET status = CASE WHEN d.attempts = 0 THEN 'pending' ELSE 'retrying' END, reason = NULL, redelivery_id = $2,
	generation = d.generation + CASE WHEN d.run_id IS NOT NULL THEN 1 ELSE 0 END, dispatch_at = 'infinity', updated_at = now()
WHERE d.id IN (SELECT d.id FROM deliveries d WHERE d.id = ANY($1) AND d.status = 'held' ORDER BY d.id FOR NO KEY UPDATE) RETURNING d.id`

// RedeliverStep lets the next deliveries of a redelivery of many go, if there is
// room for them, and ends it when the last one is finished. What it does and how
// far it has come is written in one transaction, so a step that was cut off is
// simply made again. However far the next ones lie, each step gets closer.
func (s *Store) RedeliverStep(ctx context.Context, redeliveryID string) (hook.RedeliveryStep, error) {
	if err := s.PrepareAll(ctx, "redeliver", Redeliver); err != nil {
		return hook.RedeliveryStep{}, err
	}
	var step hook.RedeliveryStep
	for range looksAtOnce {
		var further bool
		err := s.InTx(ctx, "make a step of "+redeliveryID, func(tx *sqlx.Tx) error {
			r, err := lockRunning(ctx, tx, redeliveryID)
			if errors.Is(err, errNotRunning) {
				step = hook.RedeliveryStep{Done: true}
				return nil
			}
			if err != nil {
				return err
			}
			step, further, err = s.step(ctx, tx, r)
			return err
		})
		if err != nil || !further {
			return step, err
		}
	}
	return step, nil
}

func lockRunning(ctx context.Context, tx *sqlx.Tx, redeliveryID string) (runningRow, error) {
	var r runningRow
	var webhooks []string
	if err := tx.SelectContext(ctx, &webhooks, webhookOfRedelivery, redeliveryID); err != nil {
		return r, err
	}
	if len(webhooks) == 0 {
		return r, errNotRunning
	}
	var enabled, deleted bool
	if err := tx.QueryRowxContext(ctx, lockSwitch, webhooks[0]).Scan(&enabled, &deleted); err != nil {
		return r, err
	}
	var running []runningRow
	if err := tx.SelectContext(ctx, &running, lockRedelivery, redeliveryID); err != nil {
		return r, err
	}
	if len(running) == 0 { // cancelled in the meantime
		return r, errNotRunning
	}
	r = running[0]
	r.enabled, r.deleted = enabled, deleted
	return r, nil
}

// step says further where it has only looked, and there is more to be looked at.
func (s *Store) step(ctx context.Context, tx *sqlx.Tx, r runningRow) (step hook.RedeliveryStep, further bool, err error) {
	if r.deleted {
		step, err = endRedelivery(ctx, tx, r.ID, hook.RedeliveryCancelled)
		return step, false, err
	}
	var next []picked
	room := underWay - r.UnderWay
	err = tx.SelectContext(ctx, &next, NextOfRedelivery, r.WebhookID, r.CursorAt, r.CursorID, r.Until, r.Statuses, r.EventTypes, r.Reasons, r.codes(), lookAtOnce)
	if err != nil {
		return step, false, err
	}
	looked, held, finished := pick(next, max(1, min(room, stepSize)))
	none := len(held)+len(finished) == 0
	further = none && len(next) == lookAtOnce
	switch {
	case none && !further && r.UnderWay == 0:
		step, err = endRedelivery(ctx, tx, r.ID, hook.RedeliveryCompleted)
		return step, false, err
	case none && !further:
		r.CursorAt, r.CursorID = r.Until, "" // not to be looked through again
		return step, false, r.moved(ctx, tx, 0)
	case !further && (!r.enabled || room <= 0):
		return hook.RedeliveryStep{More: true, Off: !r.enabled}, false, r.moved(ctx, tx, 0)
	}
	r.CursorAt, r.CursorID = looked.CreatedAt, looked.ID
	if further {
		return hook.RedeliveryStep{More: true}, true, r.moved(ctx, tx, 0)
	}
	n, err := s.letGo(ctx, tx, r, held, finished)
	if err != nil {
		return step, false, err
	}
	return hook.RedeliveryStep{Released: n, More: true}, false, r.moved(ctx, tx, n)
}

// picked is a delivery that a step has looked at.
type picked struct {
	ID        string              `db:"id"`
	CreatedAt time.Time           `db:"created_at"`
	Status    hook.DeliveryStatus `db:"status"`
	Again     bool                `db:"again"`
}

// pick gives up to n deliveries that are to be sent again, and the last one that
// it has looked at for them.
func pick(next []picked, n int) (looked picked, held, finished []string) {
	for _, d := range next {
		if len(held)+len(finished) == n {
			break
		}
		switch looked = d; {
		case !d.Again:
		case d.Status == hook.Held:
			held = append(held, d.ID)
		default:
			finished = append(finished, d.ID)
		}
	}
	return looked, held, finished
}

// letGo releases and redelivers, gently: see hook.Health.Drain. A drain that
// releases all that is held goes on as it is.
func (s *Store) letGo(ctx context.Context, tx *sqlx.Tx, r runningRow, held, finished []string) (int, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE webhooks SET drain = 1, drain_until = NULL WHERE id = $1 AND drain = 0`, r.WebhookID); err != nil {
		return 0, err
	}
	var released []string
	if err := tx.SelectContext(ctx, &released, releasePicked, pq.Array(held), r.ID); err != nil {
		return 0, err
	}
	s.Tally.Redelivered.Add(int64(len(released)))
	made, err := s.redeliver(ctx, tx, finished, r.ID)
	return len(released) + len(made), err
}

// moved writes down how far the redelivery has come.
func (r runningRow) moved(ctx context.Context, tx *sqlx.Tx, released int) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE redeliveries SET cursor_at = $2, cursor_id = $3, released = released + $4, dispatch_at = now() + make_interval(secs => $5) WHERE id = $1`,
		r.ID, r.CursorAt, r.CursorID, released, stepAgainAfter.Seconds())
	return err
}

func endRedelivery(ctx context.Context, tx *sqlx.Tx, redeliveryID string, status hook.RedeliveryStatus) (hook.RedeliveryStep, error) {
	_, err := tx.ExecContext(ctx, `UPDATE redeliveries SET status = $2, dispatch_at = NULL, finished_at = now() WHERE id = $1`, redeliveryID, status)
	return hook.RedeliveryStep{Done: true}, err
}

// errNotRunning ends a step for which there is nothing.
var errNotRunning = core.Fault(errors.New("there is no such redelivery that runs"))
