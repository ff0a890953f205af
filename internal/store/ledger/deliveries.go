package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// What delivery d still needs is asked for by these conditions: no index knows
// the status, so that a success, which nearly every delivery comes to, changes
// none. What is under way has a time to be dispatched at, what is held its reason;
// a success leaves both as they are until its workflow is noted.
const (
	OnItsWay   = `(d.status IN ('pending', 'retrying') AND d.dispatch_at IS NOT NULL)`
	Held       = `(d.status = 'held' AND d.reason = 'webhook_disabled')`
	Unfinished = `(d.status IN ('pending', 'retrying', 'held') AND (d.dispatch_at IS NOT NULL OR d.reason = 'webhook_disabled'))`
)

// DeliveryColumnList are the columns of a DeliveryRow, of delivery d.
const DeliveryColumnList = `d.id AS delivery_id, d.event_id AS delivery_event_id, d.webhook_id, d.event_type, d.project_id, d.company_id,
	d.status AS delivery_status, d.reason, d.attempts, d.unused, d.generation, d.next_attempt_at, d.batch_id, d.run_id,
	d.redelivery_of, d.superseded, d.redelivery_id, d.created_at, d.updated_at, d.finished_at, d.test`

// shownDelivery is a delivery with its event's sequence.
const shownDelivery = DeliveryColumnList + `, (SELECT e.sequence FROM events e WHERE e.id = d.event_id) AS event_sequence`

// DeliveryRow is a delivery as stored. Its columns carry a prefix, so that it can
// stand in one row beside an event and a webhook.
type DeliveryRow struct {
	ID            string         `db:"delivery_id"`
	EventID       string         `db:"delivery_event_id"`
	WebhookID     string         `db:"webhook_id"`
	EventType     string         `db:"event_type"`
	ProjectID     string         `db:"project_id"`
	CompanyID     string         `db:"company_id"`
	Status        string         `db:"delivery_status"`
	Reason        sql.NullString `db:"reason"`
	Attempts      int            `db:"attempts"`
	Unused        int            `db:"unused"`
	Generation    int            `db:"generation"`
	NextAttemptAt sql.NullTime   `db:"next_attempt_at"`
	BatchID       sql.NullString `db:"batch_id"`
	RunID         sql.NullString `db:"run_id"`
	RedeliveryOf  sql.NullString `db:"redelivery_of"`
	Superseded    bool           `db:"superseded"`
	RedeliveryID  sql.NullString `db:"redelivery_id"`
	CreatedAt     time.Time      `db:"created_at"`
	UpdatedAt     time.Time      `db:"updated_at"`
	FinishedAt    sql.NullTime   `db:"finished_at"`
	EventSequence sql.NullInt64  `db:"event_sequence"`
	Test          sql.NullBool   `db:"test"`
}

func (r DeliveryRow) delivery() (hook.Delivery, error) {
	return hook.Delivery{
		ID: r.ID, EventID: r.EventID, WebhookID: r.WebhookID, EventType: r.EventType, ProjectID: r.ProjectID, CompanyID: r.CompanyID,
		Status: hook.DeliveryStatus(r.Status), Reason: hook.Reason(r.Reason.String), Attempts: r.Attempts, Unused: r.Unused, Generation: r.Generation,
		NextAttemptAt: core.NullTime(r.NextAttemptAt), Batch: r.BatchID.String, RunID: r.RunID.String,
		RedeliveryOf: r.RedeliveryOf.String, Superseded: r.Superseded, RedeliveryID: r.RedeliveryID.String,
		Sequence: r.EventSequence.Int64, Test: r.Test.Bool, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), FinishedAt: core.NullTime(r.FinishedAt),
	}, nil
}

// Delivery reads one delivery.
func (s *Store) Delivery(ctx context.Context, id string) (hook.Delivery, error) {
	var r DeliveryRow
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+shownDelivery+` FROM deliveries d WHERE d.id = $1`, id); err != nil {
		return hook.Delivery{}, core.Found("delivery", id, err)
	}
	return r.delivery()
}

// NoTest: delivery d is no test. Tests are neither held, nor sent again with many
// others, nor part of the ledger.
const NoTest = `d.test IS NULL`

// cancelWaiting cancels a delivery that waits or is held. An attempt under way
// keeps its place.
const cancelWaiting = `
UPDATE deliveries d SET status = 'cancelled', reason = $2, dispatch_at = NULL, next_attempt_at = NULL, finished_at = now(), updated_at = now(),
	slot_until = NULLIF(slot_until, 'infinity')
WHERE d.id = $1 AND ` + Unfinished
