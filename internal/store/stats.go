package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// perTenant is a count of everything, and the same of what one user sees, who is
// its last argument. That one reads ranges of the indexes of the user's own
// webhooks and projects, whatever there is of others: OFFSET 0 keeps it so.
type perTenant struct{ all, own string }

// asked picks the query for who is asking.
func asked(ctx context.Context, q perTenant, args ...any) (query string, _ []any) {
	if userID, bound := tenant(ctx); bound {
		return q.own, append(args, userID)
	}
	return q.all, args
}

// everything is the condition of a count of all.
const everything = "true"

var (
	countDeliveries = perTenant{
		`WITH ` + counted("$1", "'infinity'") + `
		SELECT 'created' AS status, ` + sumOf("delivery_counts c WHERE c.webhook_id = ''", "matched + c.redelivered", "deliveries d WHERE true", "d.created_at") + ` AS n
		UNION ALL SELECT n.status, n.n FROM (` + amiss("d.created_at >= $1") + ` UNION ALL ` + onItsWayNow("d.created_at >= $1") + `) n`, `
		WITH ` + counted("$1", "'infinity'") + `
		SELECT n.status, sum(n.n) AS n FROM webhooks w CROSS JOIN LATERAL (
			SELECT 'created' AS status, ` + sumOf("delivery_counts c WHERE c.webhook_id = w.id", "matched + c.redelivered", "deliveries d WHERE d.webhook_id = w.id", "d.created_at") + ` AS n
			UNION ALL SELECT n.status, n.n FROM (` + amiss("d.webhook_id = w.id AND d.created_at >= $1") + ` UNION ALL ` + onItsWayNow("d.webhook_id = w.id AND d.created_at >= $1") + `) n
		) n WHERE w.owner_id = $2 GROUP BY n.status`,
	}
	countEvents = perTenant{
		`WITH ` + counted("$1", "'infinity'") + `
		SELECT ` + sumOf("event_counts c WHERE c.project_id = ''", "n", "events e WHERE true", "e.accepted_at"), `
		WITH ` + counted("$1", "'infinity'") + `
		SELECT (
			SELECT coalesce(sum(` + sumOf("event_counts c WHERE c.project_id = m.project_id", "n", "events e WHERE e.project_id = m.project_id AND NOT "+apart, "e.accepted_at") + `
				+ (SELECT count(*) FROM events e WHERE e.project_id = m.project_id AND ` + apart + ` AND e.owner_id IS NULL AND e.accepted_at >= $1 AND ` + visibleEvent("$2") + `)
			), 0) FROM members m WHERE m.user_id = $2
		) + (SELECT count(*) FROM events e WHERE e.owner_id = $2 AND e.accepted_at >= $1)`,
	}
	countAttempts = perTenant{`
		SELECT coalesce(sum(h.attempts), 0), coalesce(sum(h.succeeded), 0) FROM (
			SELECT h.attempts, h.succeeded FROM health_hours h WHERE h.webhook_id = '' AND h.hour >= $1
			UNION ALL SELECT h.n, CASE WHEN h.reason = '' THEN h.n ELSE 0 END FROM health_counts h WHERE h.hour >= $1
		) h`, `
		SELECT coalesce(sum(h.attempts), 0), coalesce(sum(h.succeeded), 0) FROM webhooks w CROSS JOIN LATERAL (
			SELECT h.attempts, h.succeeded FROM (SELECT h.attempts, h.succeeded FROM health_hours h WHERE h.webhook_id = w.id AND h.hour >= $1 OFFSET 0) h
			UNION ALL
			SELECT h.n, CASE WHEN h.reason = '' THEN h.n ELSE 0 END FROM (SELECT h.n, h.reason FROM health_counts h WHERE h.webhook_id = w.id AND h.hour >= $1 OFFSET 0) h
		) h WHERE w.owner_id = $2`,
	}
	countBacklog = perTenant{`
		SELECT n.status, sum(n.n) AS n FROM (` + waitingNow(everything) + `) n GROUP BY n.status`, `
		SELECT n.status, sum(n.n) AS n FROM webhooks w CROSS JOIN LATERAL (` + waitingNow("d.webhook_id = w.id") + `) n WHERE w.owner_id = $1 GROUP BY n.status`,
	}
)

// waitingNow counts what still needs work.
func waitingNow(condition string) string {
	return `SELECT 'held' AS status, '' AS reason, count(*) AS n FROM deliveries d WHERE d.reason = 'webhook_disabled' AND ` + condition + ` UNION ALL ` + onItsWayNow(condition)
}

// Stats tells what happened since a time, of all that the request may see. Each
// part of it reads counters, or ranges of an index that no success is in; attempts
// are counted in whole hours.
func (s *Store) Stats(ctx context.Context, since time.Time) (hook.Stats, error) {
	out := hook.Stats{Deliveries: map[hook.DeliveryStatus]int{}, AttemptsSince: hourOf(since)}
	for _, status := range hook.DeliveryStatuses {
		out.Deliveries[status] = 0
	}
	var found []struct {
		Status string `db:"status"`
		N      int    `db:"n"`
	}
	query, args := asked(ctx, countDeliveries, since)
	if err := sqlx.SelectContext(ctx, s.on(ctx), &found, query, args...); err != nil {
		return out, classify("count deliveries", err)
	}
	for _, c := range found { // what was created and is nothing else has succeeded
		if c.Status == "created" {
			out.Deliveries[hook.Succeeded] += c.N
			continue
		}
		out.Deliveries[hook.DeliveryStatus(c.Status)] += c.N
		out.Deliveries[hook.Succeeded] -= c.N
	}
	query, args = asked(ctx, countEvents, since)
	if err := sqlx.GetContext(ctx, s.on(ctx), &out.Events, query, args...); err != nil {
		return out, classify("count events", err)
	}
	query, args = asked(ctx, countAttempts, out.AttemptsSince)
	err := s.on(ctx).QueryRowxContext(ctx, query, args...).Scan(&out.Attempts, &out.Succeeded)
	if err != nil {
		return out, classify("count attempts", err)
	}
	out.Backlog, err = s.Backlog(ctx)
	return out, err
}
