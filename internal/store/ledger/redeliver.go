package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
)

// Redeliver makes of each finished delivery $1 that has no successor a new one
// under the id $2, as an ingest would, and for the redelivery $3.
const Redeliver = `
WITH old AS (
	SELECT d.id, i.new_id, d.event_id, d.webhook_id, d.event_type, d.project_id, d.company_id, d.siblings, d.blue_webhook, d.test
	FROM unnest($1::text[], $2::text[]) AS i(old_id, new_id)
	CROSS JOIN LATERAL (
		SELECT d.id, d.event_id, d.webhook_id, d.event_type, d.project_id, d.company_id, d.siblings, d.blue_webhook, d.test
		FROM deliveries d WHERE d.id = i.old_id AND NOT d.superseded AND d.status IN ('succeeded', 'failed', 'cancelled') FOR UPDATE
	) d
), succeeded_by AS (
	UPDATE deliveries d SET superseded = true, updated_at = now() WHERE d.id = ANY(ARRAY(SELECT old.id FROM old))
)
INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, blue_webhook, redelivery_of, redelivery_id, test, status, reason, dispatch_at)
SELECT old.new_id, old.event_id, old.webhook_id, old.event_type, old.project_id, old.company_id, old.siblings, old.blue_webhook, old.id, nullif($3, ''), old.test,
	CASE WHEN w.enabled OR old.test THEN 'pending' ELSE 'held' END,
	CASE WHEN w.enabled OR old.test THEN NULL ELSE 'webhook_disabled' END,
	CASE WHEN old.test THEN now() WHEN w.enabled THEN CASE WHEN w.limited THEN timestamptz 'infinity' ELSE now() END END
FROM old CROSS JOIN LATERAL (SELECT w.enabled, ` + limited + ` AS limited FROM webhooks w WHERE w.id = old.webhook_id OFFSET 0) w
RETURNING id`

// redeliver gives the ids of the new deliveries; those that have changed
// in the meantime have none.
func (s *Store) redeliver(ctx context.Context, tx *sqlx.Tx, deliveryIDs []string, redeliveryID string) (made []string, err error) {
	if len(deliveryIDs) == 0 {
		return nil, nil
	}
	deliveryIDs = slices.Sorted(slices.Values(deliveryIDs)) // they are locked in this order, as everywhere
	fresh := make([]string, len(deliveryIDs))
	for i := range fresh {
		fresh[i] = id.New(id.Delivery)
	}
	err = s.SelectIn(ctx, tx, &made, Redeliver, pq.Array(deliveryIDs), pq.Array(fresh), redeliveryID)
	s.Tally.Redelivered.Add(int64(len(made)))
	return made, err
}

// lockWebhookOf keeps the webhook of a delivery from being switched or deleted.
const lockWebhookOf = `
SELECT w.deleted_at IS NOT NULL FROM webhooks w WHERE w.id = (SELECT d.webhook_id FROM deliveries d WHERE d.id = $1) FOR SHARE`

// lockLast locks the end of the chain that a delivery is part of. It finds none
// when that end is just being redelivered.
const lockLast = `
SELECT d.id, d.webhook_id, d.status, e.expunged_at, ` + accessLost + ` AS access_lost
FROM deliveries asked
JOIN deliveries d ON d.event_id = asked.event_id AND d.webhook_id = asked.webhook_id AND NOT d.superseded
JOIN events e ON e.id = d.event_id
JOIN webhooks w ON w.id = d.webhook_id
WHERE asked.id = $1 FOR UPDATE OF d`

type lastRow struct {
	ID         string              `db:"id"`
	WebhookID  string              `db:"webhook_id"`
	Status     hook.DeliveryStatus `db:"status"`
	AccessLost bool                `db:"access_lost"`
	ExpungedAt sql.NullTime        `db:"expunged_at"`
}

// Redeliver makes a new delivery of the same event to the same webhook. It takes
// the place of the given one, or of the last one that was made of it. It is
// CodeConflict while that one is unfinished or held, and where the webhook is
// gone or its owner may not see the event any more.
func (s *Store) Redeliver(ctx context.Context, deliveryID string) (hook.Delivery, error) {
	if err := s.PrepareAll(ctx, "redeliver", Redeliver); err != nil {
		return hook.Delivery{}, err
	}
	var made []string
	err := s.InTx(ctx, "redeliver "+deliveryID, func(tx *sqlx.Tx) error {
		var deleted bool
		if err := tx.GetContext(ctx, &deleted, lockWebhookOf, deliveryID); err != nil {
			return core.Found("delivery", deliveryID, err)
		}
		if deleted {
			return hook.Errorf(hook.CodeConflict, "the webhook of %s was deleted; make a new webhook and send the event to it under a new id", deliveryID)
		}
		last, err := lastOf(ctx, tx, deliveryID)
		if err == nil {
			err = last.redeliverable(deliveryID)
		}
		if err != nil {
			return err
		}
		if made, err = s.redeliver(ctx, tx, []string{last.ID}, ""); err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.DeliveryRedelivered, ObjectID: deliveryID, After: access.Shown{"delivery_id": made[0]}})
	})
	if err != nil {
		return hook.Delivery{}, err
	}
	return s.Delivery(ctx, made[0])
}

// lastOf locks and reads the end of the chain.
func lastOf(ctx context.Context, tx *sqlx.Tx, deliveryID string) (lastRow, error) {
	const tries = 5 // each time but the last someone else was faster
	for range tries {
		var last []lastRow
		if err := tx.SelectContext(ctx, &last, lockLast, deliveryID); err != nil {
			return lastRow{}, err
		}
		if len(last) > 0 {
			return last[0], nil
		}
	}
	return lastRow{}, hook.Errorf(hook.CodeConflict, "%s is just being redelivered; look at what came of it first", deliveryID)
}

// redeliverable says why the end of a chain can't be redelivered.
func (l lastRow) redeliverable(asked string) error {
	name := l.ID
	if asked != l.ID {
		name = asked + " was redelivered as " + l.ID + ", which"
	}
	switch {
	case l.Status == hook.Pending:
		return hook.Errorf(hook.CodeConflict, "%s is on its way; wait for what becomes of it, or POST /v1/deliveries/%s/cancel first", name, l.ID)
	case l.Status == hook.Retrying:
		return hook.Errorf(hook.CodeConflict, "%s has attempts left; POST /v1/deliveries/%s/retry-now makes the next one at once", name, l.ID)
	case l.Status == hook.Held:
		return hook.Errorf(hook.CodeConflict, "%s is held; POST /v1/webhooks/%s/enable releases it, and POST /v1/webhooks/%[2]s/redeliver where the webhook is enabled", name, l.WebhookID)
	case l.ExpungedAt.Valid:
		return hook.Errorf(hook.CodeConflict, "the payload of the event of %s was expunged at %s, so there is nothing to send; publish the event under a new id",
			name, l.ExpungedAt.Time.UTC().Format(time.RFC3339))
	case l.AccessLost:
		return hook.Errorf(hook.CodeConflict, "the owner of webhook %s is not a member of the event's project any more; make the owner a member again first", l.WebhookID)
	}
	return nil
}

// waiting is what a delivery's owner can still bear on.
type waiting struct {
	Status hook.DeliveryStatus `db:"status"`
	NextAt *time.Time          `db:"next_attempt_at"`
	Queued bool                `db:"queued"`
	Off    bool                `db:"off"` // its webhook is switched off
}

func lockWaiting(ctx context.Context, tx *sqlx.Tx, deliveryID string) (w waiting, err error) {
	err = tx.GetContext(ctx, &w, `
		SELECT d.status, d.next_attempt_at, coalesce(d.dispatch_at, '-infinity') = 'infinity' AS queued,
			NOT (SELECT w.enabled FROM webhooks w WHERE w.id = d.webhook_id) AS off
		FROM deliveries d WHERE d.id = $1 FOR UPDATE`, deliveryID)
	return w, core.Found("delivery", deliveryID, err)
}

// retryNow gives the next attempt to a new workflow: the one that waits for it
// finds itself superseded. The attempt needs a place where there are limits.
const retryNow = `
UPDATE deliveries d SET next_attempt_at = now(), generation = d.generation + 1, updated_at = now(),
	dispatch_at = CASE WHEN ` + limited + ` AND d.slot_until IS DISTINCT FROM 'infinity' THEN timestamptz 'infinity' ELSE now() END
FROM webhooks w WHERE d.id = $1 AND w.id = d.webhook_id`

// RetryNow makes the next attempt of a retrying delivery due at once. It is
// CodeConflict for one in any other state, and while an attempt is under way.
// One that only waits for its webhook's limits is due already and stays so.
func (s *Store) RetryNow(ctx context.Context, deliveryID string) (hook.Delivery, error) {
	err := s.InTx(ctx, "retry "+deliveryID, func(tx *sqlx.Tx) error {
		w, err := lockWaiting(ctx, tx, deliveryID)
		switch {
		case err != nil:
			return err
		case w.Status == hook.Pending:
			return hook.Errorf(hook.CodeConflict, "%s waits for its first attempt, which is made as soon as its webhook has room for it", deliveryID)
		case w.Status == hook.Held, w.Status == hook.Retrying && w.Off:
			return hook.Errorf(hook.CodeConflict, "%s is held because its webhook is or was switched off; enable the webhook, which releases it", deliveryID)
		case w.Status != hook.Retrying:
			return hook.Errorf(hook.CodeConflict, "%s is %s; POST /v1/deliveries/%[1]s/redeliver sends the event again", deliveryID, w.Status)
		case w.Queued:
			return nil
		case w.NextAt == nil:
			return hook.Errorf(hook.CodeConflict, "an attempt of %s is under way; wait for what becomes of it", deliveryID)
		}
		if _, err := tx.ExecContext(ctx, retryNow, deliveryID); err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.DeliveryRetried, ObjectID: deliveryID, Before: access.Shown{"next_attempt_at": w.NextAt.UTC()}})
	})
	if err != nil {
		return hook.Delivery{}, err
	}
	return s.Delivery(ctx, deliveryID)
}

// Cancel ends a delivery that is not finished; then it is CodeConflict. An
// attempt that is under way may still succeed.
func (s *Store) Cancel(ctx context.Context, deliveryID string) (hook.Delivery, error) {
	err := s.InTx(ctx, "cancel "+deliveryID, func(tx *sqlx.Tx) error {
		w, err := lockWaiting(ctx, tx, deliveryID)
		if err != nil {
			return err
		}
		if !w.Status.Unfinished() && w.Status != hook.Held {
			return hook.Errorf(hook.CodeConflict, "%s is %s already, nothing of it is left to be cancelled", deliveryID, w.Status)
		}
		if _, err := tx.ExecContext(ctx, cancelWaiting, deliveryID, hook.ReasonCancelledByOwner); err != nil {
			return err
		}
		s.Tally.TakenOut(hook.Cancelled, 1)
		return access.Audit(ctx, tx, access.Change{Action: hook.DeliveryCancelled, ObjectID: deliveryID, Before: access.Shown{"status": w.Status}, After: access.Shown{"status": hook.Cancelled}})
	})
	if err != nil {
		return hook.Delivery{}, err
	}
	return s.Delivery(ctx, deliveryID)
}
