package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// retentionParts is what a run goes through, in this order: a webhook that was
// deleted goes when nothing refers to it any more.
//
// Answers to idempotency keys are not among them: they are kept for a day, and
// ForgetAnswers removes them every minute. Neither are the windows of
// combinations: one is removed when it closes, and the parts of a firing go with
// its event.
var retentionParts = []retentionPart{
	{hook.KeptEvents, removeEvents},
	{hook.KeptHealthCounts, oldest(hook.KeptHealthCounts, forgetCounts)},
	{hook.KeptTransitions, walk(hook.KeptTransitions, walkTransitions)},
	{hook.KeptRedeliveries, walk(hook.KeptRedeliveries, walkRedeliveries)},
	{hook.KeptNotices, walk(hook.KeptNotices, walkNotices)},
	{hook.KeptWebhooks, walk(hook.KeptWebhooks, walkWebhooks)},
	{hook.KeptSessions, oldest(hook.KeptSessions, `
		DELETE FROM sessions WHERE ctid = ANY(ARRAY(SELECT s.ctid FROM sessions s WHERE s.expires_at < $1 ORDER BY s.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))`)},
	{hook.KeptAuditLog, forgetAuditLog},
	{hook.KeptErasures, forgetErasures},
}

// forgetCounts removes counts of attempts, and beside them those of deliveries and
// events of hours from which events were removed (see counted), and those of filters
// whose last failure is as old.
const forgetCounts = `
WITH single AS (
	DELETE FROM health_counts WHERE ctid = ANY(ARRAY(SELECT h.ctid FROM health_counts h WHERE h.hour < $1 ORDER BY h.hour LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1
), folded AS (
	DELETE FROM health_hours WHERE ctid = ANY(ARRAY(SELECT h.ctid FROM health_hours h WHERE h.hour < $1 ORDER BY h.hour LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1
), of_deliveries AS (
	DELETE FROM delivery_counts WHERE ctid = ANY(ARRAY(SELECT c.ctid FROM delivery_counts c WHERE c.hour < (SELECT r.kept_since FROM retention r) ORDER BY c.hour LIMIT $2))
), of_events AS (
	DELETE FROM event_counts WHERE ctid = ANY(ARRAY(SELECT c.ctid FROM event_counts c WHERE c.hour < (SELECT r.kept_since FROM retention r) ORDER BY c.hour LIMIT $2))
), of_filters AS (
	DELETE FROM filter_failures WHERE ctid = ANY(ARRAY(SELECT f.ctid FROM filter_failures f WHERE f.last_at < $1 ORDER BY f.last_at LIMIT $2 FOR UPDATE SKIP LOCKED))
)
SELECT FROM single UNION ALL SELECT FROM folded`

// oldest removes up to $2 rows from before $1 of a table of which all go. It needs
// no cursor.
func oldest(name, statement string) func(context.Context, *sqlx.Tx, retentionRun, int) (removed, error) {
	return func(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (removed, error) {
		res, err := tx.ExecContext(ctx, statement, r.Data, limit)
		if err != nil {
			return removed{}, err
		}
		n, err := res.RowsAffected()
		return removedOldest(name, int(n), limit), err
	}
}

func forgetAuditLog(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (removed, error) {
	var n int
	err := tx.GetContext(ctx, &n, `SELECT forget_audit_log($1, $2)`, r.Audit, limit)
	return removedOldest(hook.KeptAuditLog, n, limit), err
}

func forgetErasures(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (removed, error) {
	res, err := tx.ExecContext(ctx, `
		DELETE FROM erasures WHERE ctid = ANY(ARRAY(SELECT e.ctid FROM erasures e WHERE e.due_at IS NULL AND e.asked_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))`, r.Audit, limit)
	if err != nil {
		return removed{}, err
	}
	n, err := res.RowsAffected()
	return removedOldest(hook.KeptErasures, int(n), limit), err
}

func removedOldest(name string, n, limit int) removed {
	return removed{removed: map[string]int{name: n}, seen: n, cursorAt: "-infinity", done: n < limit}
}

// walk removes some of up to $4 rows behind ($1, $2), by a statement that tells
// how many it has seen and removed and which was the last one. $3 is the border.
func walk(name, statement string) func(context.Context, *sqlx.Tx, retentionRun, int) (removed, error) {
	return func(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (removed, error) {
		var w struct {
			Seen    int     `db:"seen"`
			Removed int     `db:"removed"`
			LastAt  *string `db:"last_at"`
			LastID  *string `db:"last_id"`
		}
		if err := tx.GetContext(ctx, &w, statement, r.CursorAt, r.CursorID, r.Data, limit); err != nil {
			return removed{}, err
		}
		out := removed{removed: map[string]int{name: w.Removed}, seen: w.Seen, cursorAt: r.CursorAt, cursorID: r.CursorID, done: w.Seen < limit}
		if w.LastAt != nil && w.LastID != nil {
			out.cursorAt, out.cursorID = *w.LastAt, *w.LastID
		}
		return out, nil
	}
}

// walkedByTime and walkedByID end a walk through the step "seen", of which "gone"
// was removed.
const (
	walkedByTime = walked + `s.at DESC, s.place DESC LIMIT 1) l ON true`
	walkedByID   = walked + `s.place DESC LIMIT 1) l ON true`
	walked       = `
SELECT (SELECT count(*) FROM seen) AS seen, (SELECT count(*) FROM gone) AS removed, l.at::text AS last_at, l.id AS last_id
FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT s.at, s.id FROM seen s ORDER BY `
)

const (
	// Of a webhook that is still there what happened since it was last well stays:
	// what is told when it recovers depends on that.
	walkTransitions = `
WITH seen AS MATERIALIZED (
	SELECT t.webhook_id, t.seq AS place, t.at, t.seq::text AS id FROM transitions t
	WHERE (t.at, t.seq) > ($1::timestamptz, coalesce(nullif($2, ''), '0')::bigint) AND t.at < $3 ORDER BY t.at, t.seq LIMIT $4
), gone AS (
	DELETE FROM transitions t USING seen s
	WHERE t.webhook_id = s.webhook_id AND t.seq = s.place AND (
		EXISTS (SELECT FROM transitions n WHERE n.webhook_id = s.webhook_id AND n.seq > s.place AND n.at < $3 AND n.status = 'HEALTHY' AND n.enabled)
		OR EXISTS (SELECT FROM webhooks w WHERE w.id = s.webhook_id AND w.deleted_at < $3))
	RETURNING 1
)` + walkedByTime

	// These two are walked by their ids, which rise with the time. One goes when
	// nothing is to be done of it, and no delivery names it.
	walkRedeliveries = `
WITH seen AS MATERIALIZED (
	SELECT r.id, r.id AS place, r.created_at AS at FROM redeliveries r
	WHERE r.id > $2 AND $1::timestamptz < $3 ORDER BY r.id LIMIT $4
), gone AS (
	DELETE FROM redeliveries r USING seen s WHERE r.id = s.id AND r.status <> 'running' AND r.finished_at < $3
		AND NOT EXISTS (SELECT FROM deliveries d WHERE d.redelivery_id = s.id)
	RETURNING 1
)` + walkedByID
	walkNotices = `
WITH seen AS MATERIALIZED (
	SELECT n.id, n.id AS place, n.created_at AS at FROM notices n
	WHERE n.id > $2 AND $1::timestamptz < $3 ORDER BY n.id LIMIT $4
), gone AS (
	DELETE FROM notices n USING seen s WHERE n.id = s.id AND n.due_at IS NULL AND n.created_at < $3 AND coalesce(n.sent_at < $3, true)
	RETURNING 1
)` + walkedByID

	// A webhook that was deleted goes when nothing is left of what it did.
	walkWebhooks = `
WITH seen AS MATERIALIZED (
	SELECT w.id, w.id AS place, w.deleted_at AS at FROM webhooks w
	WHERE (w.deleted_at, w.id) > ($1::timestamptz, $2) AND w.deleted_at < $3 AND w.deleted_at IS NOT NULL ORDER BY w.deleted_at, w.id LIMIT $4 FOR UPDATE SKIP LOCKED
), gone AS (
	DELETE FROM webhooks w USING seen s WHERE w.id = s.id
		AND NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = s.id)
		AND NOT EXISTS (SELECT FROM transitions t WHERE t.webhook_id = s.id)
		AND NOT EXISTS (SELECT FROM redeliveries r WHERE r.webhook_id = s.id)
		AND NOT EXISTS (SELECT FROM notices n WHERE n.webhook_id = s.id)
		AND NOT EXISTS (SELECT FROM windows o WHERE o.webhook_id = s.id)
		AND NOT EXISTS (SELECT FROM health_counts h WHERE h.webhook_id = s.id) AND NOT EXISTS (SELECT FROM health_hours h WHERE h.webhook_id = s.id)
	RETURNING 1
)` + walkedByTime
)
