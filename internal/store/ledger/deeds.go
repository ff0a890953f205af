package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
)

// againBy finds who had delivery d sent again: with others, by the redelivery that has
// its id; or by itself, which the audit log has under the delivery that was asked for,
// any earlier one of the event and the webhook.
var againBy = `
SELECT a.at, a.role, a.key_id, a.user_id FROM (
	(SELECT a.* FROM (` + access.NewestDeed("d.redelivery_id", "ARRAY['redelivery.started']") + `) a)
	UNION ALL
	(SELECT a.at, a.role, a.key_id, a.user_id FROM deliveries asked JOIN audit_log a ON a.object_id = asked.id AND a.action = 'delivery.redelivered'
	WHERE d.redelivery_id IS NULL AND d.redelivery_of IS NOT NULL AND asked.event_id = d.event_id AND asked.webhook_id = d.webhook_id AND a.after->>'delivery_id' = d.id)
) a LIMIT 1`

// cancelledBy finds who cancelled delivery d: by itself, or with others by the
// cancellation that marked it.
var cancelledBy = `
SELECT a.at, a.role, a.key_id, a.user_id FROM (
	(` + access.NewestDeed("d.id", "ARRAY['delivery.cancelled']") + `)
	UNION ALL
	(` + access.NewestDeed("d.cancellation_id", "ARRAY['cancellation.started']") + `)
) a LIMIT 1`

var (
	selectMade = `SELECT d.created_at AS since, a.* FROM deliveries d LEFT JOIN LATERAL (` + againBy + `) a ON true
		WHERE d.id = $1 AND (d.redelivery_of IS NOT NULL OR d.redelivery_id IS NOT NULL)`
	selectReplaced = `SELECT d.id, d.created_at AS since, a.* FROM deliveries d LEFT JOIN LATERAL (` + againBy + `) a ON true
		WHERE d.event_id = $2 AND d.webhook_id = $3 AND d.redelivery_of = $1`
	selectCancelled = `SELECT d.finished_at AS since, a.* FROM deliveries d LEFT JOIN LATERAL (` + cancelledBy + `) a ON true
		WHERE d.id = $1 AND d.status = 'cancelled' AND d.reason = 'cancelled_by_owner'`
)

type deedRow struct {
	access.DeedRow
	ID    sql.NullString `db:"id"`
	Since time.Time      `db:"since"`
}

// DeliveryDeeds tells who had a delivery sent again or cancelled, as far as the audit
// log goes back.
func (s *Store) DeliveryDeeds(ctx context.Context, d hook.Delivery) (out hook.DeliveryDeeds, err error) {
	ask := func(query string, args ...any) (*hook.Deed, string, error) {
		var found []deedRow
		if err := sqlx.SelectContext(ctx, s.On(ctx), &found, query, args...); err != nil || len(found) == 0 {
			return nil, "", core.Classify("look for who did something with a delivery", err)
		}
		deed := found[0].Deed(found[0].Since)
		return &deed, found[0].ID.String, nil
	}
	if d.RedeliveryOf != "" || d.RedeliveryID != "" {
		if out.Made, _, err = ask(selectMade, d.ID); err != nil {
			return out, err
		}
	}
	if d.Superseded {
		if out.Replaced, out.NewID, err = ask(selectReplaced, d.ID, d.EventID, d.WebhookID); err != nil {
			return out, err
		}
	}
	if d.Status == hook.Cancelled && d.Reason == hook.ReasonCancelledByOwner {
		out.Cancelled, _, err = ask(selectCancelled, d.ID)
	}
	return out, err
}
