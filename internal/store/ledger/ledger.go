package ledger

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// inLedger: delivery d was made for webhook $1 when an event from $2 to before $3
// was accepted. A test is not.
const inLedger = `d.webhook_id = $1 AND d.created_at >= $2 AND d.created_at < $3 AND d.redelivery_of IS NULL AND ` + NoTest

// headOf finds the delivery that has taken the place of the superseded d.
const headOf = `
	SELECT r.id, r.status, r.reason FROM deliveries r
	WHERE r.event_id = d.event_id AND r.webhook_id = d.webhook_id AND NOT r.superseded OFFSET 0`

// CountLedger counts each event by its newest delivery: what matched, and of that
// what is not known to have succeeded at once. An event whose newest delivery is
// nowhere to be found has an empty status.
var CountLedger = `
WITH ` + counted("$2", "$3") + `
SELECT 'matched' AS status, '' AS reason, ` + sumOf("delivery_counts c WHERE c.webhook_id = $1", "matched", "deliveries d WHERE d.webhook_id = $1 AND d.redelivery_of IS NULL AND "+NoTest, "d.created_at") + ` AS n
UNION ALL ` + amiss("NOT d.superseded AND "+inLedger) + `
UNION ALL ` + onItsWayNow(inLedger) + `
UNION ALL
SELECT coalesce(h.status, ''), coalesce(h.reason, ''), count(*)
FROM deliveries d LEFT JOIN LATERAL (` + headOf + `) h ON true
WHERE d.superseded AND ` + inLedger + ` GROUP BY 1, 2`

// Ledger accounts for what matched a webhook. A webhook that does not exist has
// an empty ledger; that of a deleted one stays.
func (s *Store) Ledger(ctx context.Context, q hook.LedgerQuery) (hook.Ledger, error) {
	var found []struct {
		Status string      `db:"status"`
		Reason hook.Reason `db:"reason"`
		N      int         `db:"n"`
	}
	var l hook.Ledger
	if err := sqlx.SelectContext(ctx, s.On(ctx), &found, CountLedger, q.WebhookID, q.Since, q.Until); err != nil {
		return l, core.Classify("count the ledger", err)
	}
	atOnce := 0 // succeeded, and were not sent again since
	for _, c := range found {
		switch {
		case c.Status == "matched":
			l.Matched = c.N
			atOnce += c.N
		case c.N > 0:
			l.Count(hook.DeliveryStatus(c.Status), c.Reason, c.N)
			atOnce -= c.N
		}
	}
	if atOnce != 0 {
		l.Count(hook.Succeeded, "", atOnce)
	}
	return l, nil
}

// Undelivered walks through what matched and has not succeeded, by the reasons
// that there are, through what is on its way, and what was sent again since.
var Undelivered = func() core.Search {
	all := core.Condition{Text: inLedger}
	withReason := core.Way{
		Each:   []core.Condition{{Text: statusOfReason}},
		Served: []core.Condition{{Text: "d.reason = x.reason AND NOT d.superseded"}, all},
	}
	part := func(text string) core.Way { return core.Way{Served: []core.Condition{{Text: text}, all}} }
	return core.Search{Columns: "d.id, d.created_at, d.event_id, d.webhook_id, d.superseded", Table: "deliveries d", Key: core.SortKey{Time: "d.created_at", ID: "d.id"}, Ways: []core.Way{
		withReason,
		part("d.dispatch_at IS NOT NULL AND d.attempts = 0"),
		part("d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.status IN ('pending', 'retrying')"),
		part("d.superseded AND (SELECT h.status FROM (" + headOf + ") h) <> 'succeeded'"),
	}}
}()

// Undelivered lists what matched a webhook and has not succeeded, newest first.
func (s *Store) Undelivered(ctx context.Context, q hook.LedgerQuery, page hook.Page) ([]hook.Undelivered, error) {
	type row struct {
		DeliveryRow
		MatchedAt time.Time `db:"matched_at"`
		MatchedID string    `db:"matched_id"`
	}
	find, args := Undelivered.Find(page, q.WebhookID, q.Since, q.Until)
	return core.Rows(ctx, s.DB, `
		SELECT `+DeliveryColumnList+`, o.created_at AS matched_at, o.id AS matched_id
		FROM (`+find+`) o
		CROSS JOIN LATERAL (
			SELECT o.id WHERE NOT o.superseded
			UNION ALL
			SELECT r.id FROM deliveries r WHERE o.superseded AND r.event_id = o.event_id AND r.webhook_id = o.webhook_id AND NOT r.superseded
		) newest
		JOIN deliveries d ON d.id = newest.id
		ORDER BY o.created_at DESC, o.id DESC`, args,
		func(r row) (hook.Undelivered, error) {
			d, err := r.delivery()
			return hook.Undelivered{Delivery: d, MatchedAt: r.MatchedAt.UTC(), Key: hook.Cursor{Time: r.MatchedAt, ID: r.MatchedID}}, err
		})
}
