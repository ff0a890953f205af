package health

import (
	"context"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// rateOf is how many requests of a webhook have succeeded in a second, since the
// beginning of the hour before this one.
const rateOf = `
SELECT coalesce(sum(h.n), 0) / greatest(1, extract(epoch FROM now() - greatest(w.created_at, date_trunc('hour', now(), 'UTC') - interval '1 hour')))::float8
FROM webhooks w LEFT JOIN health_counts h
	ON h.webhook_id = w.id AND h.reason = '' AND h.hour >= date_trunc('hour', now(), 'UTC') - interval '1 hour'
WHERE w.id = $1 GROUP BY w.created_at`

// pauseWebhook gives a webhook the pauses among the causes.
func pauseWebhook(ctx context.Context, tx *sqlx.Tx, r LockedRow, causes []hook.Cause) error {
	before := r.Pause()
	after := before
	for _, c := range causes {
		if c.What != hook.ReceiverPaused {
			continue
		}
		var rate float64
		if after.Pace == 0 {
			if err := tx.GetContext(ctx, &rate, rateOf, r.WebhookID); err != nil {
				return err
			}
		}
		after = after.After(r.Now, c.Wait, rate)
	}
	if after == before {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE webhooks SET paused_until = $2, pace = $3, paused_since = $4 WHERE id = $1`,
		r.WebhookID, after.Until, after.Pace, after.Since)
	return err
}

// outweighed: webhook $1 has taken a delivery since delivery $2 began. See
// saveHealth for succeeded_at.
const outweighed = `
SELECT coalesce(w.succeeded_at >= (SELECT min(a.started_at) FROM attempts a WHERE a.delivery_id = $2), false) FROM webhooks w WHERE w.id = $1`

// Outweighed says whether a webhook has taken other deliveries since this one,
// which used up its attempts, began: then no probe is asked.
func (s *Store) Outweighed(ctx context.Context, webhookID, deliveryID string) (bool, error) {
	return outweighedBy(ctx, s.On(ctx), webhookID, deliveryID)
}

func outweighedBy(ctx context.Context, db sqlx.QueryerContext, webhookID, deliveryID string) (bool, error) {
	var yes bool
	err := sqlx.GetContext(ctx, db, &yes, outweighed, webhookID, deliveryID)
	return yes, core.Found("webhook", webhookID, err)
}

// counting gives the causes that bear on the webhook: not what happened at a URL
// that it had before, nor a probe that failed where real deliveries were taken
// since the exhausted one began.
func (r LockedRow) counting(ctx context.Context, tx *sqlx.Tx, causes []hook.Cause) (out []hook.Cause, err error) {
	for _, c := range causes {
		outweighed := false
		if c.What == hook.ProbeFailed && c.DeliveryID != "" {
			if outweighed, err = outweighedBy(ctx, tx, r.WebhookID, c.DeliveryID); err != nil {
				return nil, err
			}
		}
		if !outweighed && (c.URL == "" || c.URL == r.URL) {
			out = append(out, c)
		}
	}
	return out, nil
}
