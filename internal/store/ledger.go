package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// heads finds the newest delivery of each event that matched webhook $1 from $2
// to before $3: o is the one that was made when the event was accepted, h the one
// that has taken its place since, if any.
const heads = `
FROM deliveries o LEFT JOIN LATERAL (
	SELECT r.id, r.status, r.reason FROM deliveries r
	WHERE o.superseded AND r.event_id = o.event_id AND r.webhook_id = o.webhook_id AND NOT r.superseded OFFSET 0
) h ON true
WHERE o.webhook_id = $1 AND o.created_at >= $2 AND o.created_at < $3 AND o.redelivery_of IS NULL`

// countLedger is one statement, so that nothing moves between its two counts. An
// event whose newest delivery is nowhere to be found has an empty status.
const countLedger = `
SELECT '' AS status, '' AS reason, count(*) AS n, true AS matched
FROM deliveries o WHERE o.webhook_id = $1 AND o.created_at >= $2 AND o.created_at < $3 AND o.redelivery_of IS NULL
UNION ALL
SELECT status, reason, count(*), false FROM (
	SELECT CASE WHEN o.superseded THEN coalesce(h.status, '') ELSE o.status END AS status,
		coalesce(CASE WHEN o.superseded THEN h.reason ELSE o.reason END, '') AS reason
	` + heads + `
) newest GROUP BY status, reason`

// Ledger accounts for what matched a webhook. A webhook that does not exist has
// an empty ledger; that of a deleted one stays.
func (s *Store) Ledger(ctx context.Context, q hook.LedgerQuery) (hook.Ledger, error) {
	var counted []struct {
		Status  hook.DeliveryStatus `db:"status"`
		Reason  hook.Reason         `db:"reason"`
		N       int                 `db:"n"`
		Matched bool                `db:"matched"`
	}
	var l hook.Ledger
	if err := sqlx.SelectContext(ctx, s.on(ctx), &counted, countLedger, q.WebhookID, q.Since, q.Until); err != nil {
		return l, classify("count the ledger", err)
	}
	for _, c := range counted {
		if c.Matched {
			l.Matched = c.N
		} else {
			l.Count(c.Status, c.Reason, c.N)
		}
	}
	return l, nil
}

// Undelivered lists what matched a webhook and has not succeeded, newest first.
func (s *Store) Undelivered(ctx context.Context, q hook.LedgerQuery, page hook.Page) ([]hook.Undelivered, error) {
	type row struct {
		deliveryRow
		MatchedAt time.Time `db:"matched_at"`
		MatchedID string    `db:"matched_id"`
	}
	l := list{args: []any{q.WebhookID, q.Since, q.Until}, conditions: []string{
		`o.redelivery_of IS NULL`, `o.webhook_id = $1`, `o.created_at >= $2`, `o.created_at < $3`,
		`(o.superseded OR o.status <> 'succeeded')`, `d.status <> 'succeeded'`}} // the first of these spares the look-up of most
	tail := l.newest(sortKey{time: "o.created_at", id: "o.id"}, page)
	return rows(ctx, s, `
		SELECT `+deliveryColumnList+`, o.created_at AS matched_at, o.id AS matched_id
		FROM deliveries o
		CROSS JOIN LATERAL (
			SELECT o.id WHERE NOT o.superseded
			UNION ALL
			SELECT r.id FROM deliveries r WHERE o.superseded AND r.event_id = o.event_id AND r.webhook_id = o.webhook_id AND NOT r.superseded
		) newest
		JOIN deliveries d ON d.id = newest.id`+tail, l.args,
		func(r row) (hook.Undelivered, error) {
			d, err := r.delivery()
			return hook.Undelivered{Delivery: d, MatchedAt: r.MatchedAt.UTC(), Key: hook.Cursor{Time: r.MatchedAt, ID: r.MatchedID}}, err
		})
}
