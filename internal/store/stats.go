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

var (
	countDeliveries = perTenant{
		`SELECT status, count(*) AS n FROM deliveries WHERE created_at >= $1 GROUP BY status`, `
		SELECT d.status, count(*) AS n FROM webhooks w
		CROSS JOIN LATERAL (SELECT d.status FROM deliveries d WHERE d.webhook_id = w.id AND d.created_at >= $1 OFFSET 0) d
		WHERE w.owner_id = $2 GROUP BY d.status`,
	}
	countEvents = perTenant{
		`SELECT count(*) FROM events WHERE accepted_at >= $1`, `
		SELECT (
			SELECT count(*) FROM members m
			CROSS JOIN LATERAL (SELECT FROM events e WHERE e.project_id = m.project_id AND e.accepted_at >= $1 AND ` + visibleEvent("$2") + ` OFFSET 0) e
			WHERE m.user_id = $2
		) + (SELECT count(*) FROM events e WHERE e.owner_id = $2 AND e.accepted_at >= $1)`,
	}
	countAttempts = perTenant{
		`SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE reason = ''), 0) FROM health_counts WHERE hour >= $1`, `
		SELECT coalesce(sum(h.n), 0), coalesce(sum(h.n) FILTER (WHERE h.reason = ''), 0) FROM webhooks w
		CROSS JOIN LATERAL (SELECT h.n, h.reason FROM health_counts h WHERE h.webhook_id = w.id AND h.hour >= $1 OFFSET 0) h
		WHERE w.owner_id = $2`,
	}
	countBacklog = perTenant{
		`SELECT d.status, count(*) AS n FROM deliveries d WHERE ` + unfinished + ` GROUP BY d.status`, `
		SELECT d.status, count(*) AS n FROM webhooks w
		CROSS JOIN LATERAL (SELECT d.status FROM deliveries d WHERE d.webhook_id = w.id AND ` + unfinished + ` OFFSET 0) d
		WHERE w.owner_id = $1 GROUP BY d.status`,
	}
)

// Stats tells what happened since a time, of all that the request may see. Each
// part of it reads ranges of an index; attempts are counted in whole hours.
func (s *Store) Stats(ctx context.Context, since time.Time) (hook.Stats, error) {
	out := hook.Stats{Deliveries: map[hook.DeliveryStatus]int{}, AttemptsSince: hourOf(since)}
	for _, status := range hook.DeliveryStatuses {
		out.Deliveries[status] = 0
	}
	var created []struct {
		Status hook.DeliveryStatus `db:"status"`
		N      int                 `db:"n"`
	}
	query, args := asked(ctx, countDeliveries, since)
	if err := sqlx.SelectContext(ctx, s.on(ctx), &created, query, args...); err != nil {
		return out, classify("count deliveries", err)
	}
	for _, c := range created {
		out.Deliveries[c.Status] = c.N
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
