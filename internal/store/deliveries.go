package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// ledgerStore keeps events, their deliveries and the attempts of these.
type ledgerStore struct {
	*subscriptionStore
	opened opened
	takes  ends
	claims ends
	hop    hop // of Queued
	ages   ages
	// many is held by statements that pass over deliveries which others have locked,
	// so that those of one process do not pass over each other's.
	many sync.Mutex
}

// What delivery d still needs is asked for by these conditions: no index knows
// the status, so that a success, which nearly every delivery comes to, changes
// none. What is under way has a time to be dispatched at, what is held its reason;
// a success leaves both as they are until its workflow is noted.
const (
	onItsWay   = `(d.status IN ('pending', 'retrying') AND d.dispatch_at IS NOT NULL)`
	held       = `(d.status = 'held' AND d.reason = 'webhook_disabled')`
	unfinished = `(d.status IN ('pending', 'retrying', 'held') AND (d.dispatch_at IS NOT NULL OR d.reason = 'webhook_disabled'))`
)

const deliveryColumnList = `d.id AS delivery_id, d.event_id AS delivery_event_id, d.webhook_id, d.event_type, d.project_id, d.company_id,
	d.status AS delivery_status, d.reason, d.attempts, d.unused, d.generation, d.next_attempt_at, d.batch_id, d.run_id,
	d.redelivery_of, d.superseded, d.redelivery_id, d.created_at, d.updated_at, d.finished_at, d.test`

// shownDelivery is a delivery with its event's sequence.
const shownDelivery = deliveryColumnList + `, (SELECT e.sequence FROM events e WHERE e.id = d.event_id) AS event_sequence`

type deliveryRow struct {
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

func (r deliveryRow) delivery() (hook.Delivery, error) {
	return hook.Delivery{
		ID: r.ID, EventID: r.EventID, WebhookID: r.WebhookID, EventType: r.EventType, ProjectID: r.ProjectID, CompanyID: r.CompanyID,
		Status: hook.DeliveryStatus(r.Status), Reason: hook.Reason(r.Reason.String), Attempts: r.Attempts, Unused: r.Unused, Generation: r.Generation,
		NextAttemptAt: nullTime(r.NextAttemptAt), Batch: r.BatchID.String, RunID: r.RunID.String,
		RedeliveryOf: r.RedeliveryOf.String, Superseded: r.Superseded, RedeliveryID: r.RedeliveryID.String,
		Sequence: r.EventSequence.Int64, Test: r.Test.Bool, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), FinishedAt: nullTime(r.FinishedAt),
	}, nil
}

// Delivery reads one delivery.
func (s *ledgerStore) Delivery(ctx context.Context, id string) (hook.Delivery, error) {
	var r deliveryRow
	if err := sqlx.GetContext(ctx, s.on(ctx), &r, `SELECT `+shownDelivery+` FROM deliveries d WHERE d.id = $1`, id); err != nil {
		return hook.Delivery{}, found("delivery", id, err)
	}
	return r.delivery()
}

// Deliveries lists deliveries that the request may see, newest first.
func (s *ledgerStore) Deliveries(ctx context.Context, f hook.DeliveryFilter, page hook.Page) ([]hook.Delivery, error) {
	return searched(ctx, s.DB, deliverySearch(ctx, f, page), page, deliveryRow.delivery)
}

// Backlog is how many deliveries that the request may see are in each of the
// states that still need work: pending, retrying and held.
func (s *ledgerStore) Backlog(ctx context.Context) (map[hook.DeliveryStatus]int, error) {
	var counts []struct {
		Status hook.DeliveryStatus `db:"status"`
		N      int                 `db:"n"`
	}
	query, args := asked(ctx, countBacklog)
	err := sqlx.SelectContext(ctx, s.on(ctx), &counts, query, args...)
	out := map[hook.DeliveryStatus]int{hook.Pending: 0, hook.Retrying: 0, hook.Held: 0}
	for _, c := range counts {
		out[c.Status] = c.N
	}
	return out, classify("count the backlog", err)
}

// noTest: delivery d is no test. Tests are neither held, nor sent again with many
// others, nor part of the ledger.
const noTest = `d.test IS NULL`

// cancelWaiting cancels a delivery that waits or is held. An attempt under way
// keeps its place.
const cancelWaiting = `
UPDATE deliveries d SET status = 'cancelled', reason = $2, dispatch_at = NULL, next_attempt_at = NULL, finished_at = now(), updated_at = now(),
	slot_until = NULLIF(slot_until, 'infinity')
WHERE d.id = $1 AND ` + unfinished
