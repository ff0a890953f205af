package outcome

import (
	"cmp"
	"context"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/health"
	"godwit/internal/store/ledger"
)

const settle = `
WITH took AS (
	UPDATE deliveries SET status = $4, reason = $5, dispatch_at = NULL, next_attempt_at = NULL, slot_until = NULL, updated_at = now(),
		finished_at = CASE WHEN $4 <> 'held' THEN now() END
	WHERE id = $1 AND generation = $2 AND attempts = $3 AND status IN ('pending', 'retrying')
	RETURNING id, webhook_id, begun_at
), ` + ledger.LoseAttempts + `
SELECT webhook_id FROM took`

// Settle gives an unfinished delivery a status without a further attempt, if
// it is still as in p. An attempt that was never finished is marked lost.
func (s *Store) Settle(ctx context.Context, p hook.Parcel, status hook.DeliveryStatus, reason hook.Reason) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	d := p.Delivery
	return s.InTx(ctx, "settle "+d.ID, func(tx *sqlx.Tx) error {
		switch {
		case status == hook.Held:
			// Not where it was switched on in the meantime: nothing would release it.
			var off []string
			err := tx.SelectContext(ctx, &off, `SELECT id FROM webhooks WHERE id = $1 AND NOT enabled FOR SHARE`, d.WebhookID)
			if err != nil || len(off) == 0 {
				return err
			}
		case reason == hook.ReasonExhausted: // changes the webhook's health
			if _, err := tx.ExecContext(ctx, health.LockHealth, d.WebhookID); err != nil {
				return err
			}
		}
		var settled []string
		err := tx.SelectContext(ctx, &settled, settle, d.ID, d.Generation, d.Attempts, status, reason)
		if err != nil || len(settled) == 0 || reason != hook.ReasonExhausted {
			return err
		}
		_, _, err = s.HappenIn(ctx, tx, settled[0], hook.Cause{What: hook.DeliveryExhausted, Reason: cmp.Or(p.Last.Result.Reason, hook.ReasonWorkerLost), DeliveryID: d.ID})
		if err != nil {
			return core.IgnoreMissing(err)
		}
		return s.TellFailed(ctx, tx, d.ID)
	})
}
