package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// PerTenant is a count of everything, and the same of what one user sees, who is
// its last argument. That one reads ranges of the indexes of the user's own
// webhooks and projects, whatever there is of others: OFFSET 0 keeps it so.
type PerTenant struct{ all, Own string }

// Asked picks the query for who is asking.
func Asked(ctx context.Context, q PerTenant, args ...any) (query string, _ []any) {
	if userID, bound := core.Tenant(ctx); bound {
		return q.Own, append(args, userID)
	}
	return q.all, args
}

// everything is the condition of a count of all.
const everything = "true"

var (
	CountDeliveries = PerTenant{
		`WITH ` + counted("$1", "'infinity'") + `
		SELECT 'created' AS status, '' AS reason, ` + sumOf("delivery_counts c WHERE c.webhook_id = ''", "matched + c.redelivered", "deliveries d WHERE true", "d.created_at") + ` AS n
		UNION ALL SELECT n.status, n.reason, n.n FROM (` + amiss("d.created_at >= $1") + ` UNION ALL ` + onItsWayNow("d.created_at >= $1") + `) n`, `
		WITH ` + counted("$1", "'infinity'") + `
		SELECT n.status, n.reason, sum(n.n) AS n FROM webhooks w CROSS JOIN LATERAL (
			SELECT 'created' AS status, '' AS reason, ` + sumOf("delivery_counts c WHERE c.webhook_id = w.id", "matched + c.redelivered", "deliveries d WHERE d.webhook_id = w.id", "d.created_at") + ` AS n
			UNION ALL SELECT n.status, n.reason, n.n FROM (` + amiss("d.webhook_id = w.id AND d.created_at >= $1") + ` UNION ALL ` + onItsWayNow("d.webhook_id = w.id AND d.created_at >= $1") + `) n
		) n WHERE w.owner_id = $2 GROUP BY n.status, n.reason`,
	}
	CountEvents = PerTenant{
		`WITH ` + counted("$1", "'infinity'") + `
		SELECT ` + sumOf("event_counts c WHERE c.project_id = ''", "n", "events e WHERE true", "e.accepted_at"), `
		WITH ` + counted("$1", "'infinity'") + `
		SELECT (
			SELECT coalesce(sum(` + sumOf("event_counts c WHERE c.project_id = m.project_id", "n", "events e WHERE e.project_id = m.project_id AND NOT "+apart, "e.accepted_at") + `
				+ (SELECT count(*) FROM events e WHERE e.project_id = m.project_id AND ` + apart + ` AND e.owner_id IS NULL AND e.accepted_at >= $1 AND ` + core.VisibleEvent("$2") + `)
			), 0) FROM members m WHERE m.user_id = $2
		) + (SELECT count(*) FROM events e WHERE e.owner_id = $2 AND e.accepted_at >= $1)`,
	}
	CountAttempts = PerTenant{`
		SELECT h.hour, sum(h.attempts) AS attempts, sum(h.succeeded) AS succeeded FROM (
			SELECT h.hour, h.attempts, h.succeeded FROM health_hours h WHERE h.webhook_id = '' AND h.hour >= $1
			UNION ALL SELECT h.hour, h.n, CASE WHEN h.reason = '' THEN h.n ELSE 0 END FROM health_counts h WHERE h.hour >= $1
		) h GROUP BY h.hour ORDER BY h.hour`, `
		SELECT h.hour, sum(h.attempts) AS attempts, sum(h.succeeded) AS succeeded FROM webhooks w CROSS JOIN LATERAL (
			SELECT h.hour, h.attempts, h.succeeded FROM (SELECT h.hour, h.attempts, h.succeeded FROM health_hours h WHERE h.webhook_id = w.id AND h.hour >= $1 OFFSET 0) h
			UNION ALL
			SELECT h.hour, h.n, CASE WHEN h.reason = '' THEN h.n ELSE 0 END FROM (SELECT h.hour, h.n, h.reason FROM health_counts h WHERE h.webhook_id = w.id AND h.hour >= $1 OFFSET 0) h
		) h WHERE w.owner_id = $2 GROUP BY h.hour ORDER BY h.hour`,
	}
	CountBacklog = PerTenant{`
		SELECT n.status, sum(n.n) AS n FROM (` + waitingNow(everything) + `) n GROUP BY n.status`, `
		SELECT n.status, sum(n.n) AS n FROM webhooks w CROSS JOIN LATERAL (` + waitingNow("d.webhook_id = w.id") + `) n WHERE w.owner_id = $1 GROUP BY n.status`,
	}
)

// oldestWaiting looks at the end of an index for each kind of what is on its way: all
// that is untried is pending, and of what was tried little is neither.
var oldestWaiting = PerTenant{
	`SELECT min(o.created_at) FROM (` + oldestOf("true") + `) o`,
	`SELECT min(o.created_at) FROM webhooks w CROSS JOIN LATERAL (` + oldestOf("d.webhook_id = w.id") + `) o WHERE w.owner_id = $1`,
}

func oldestOf(condition string) string {
	return `(SELECT d.created_at FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts = 0 AND ` + condition + ` ORDER BY d.created_at, d.id LIMIT 1)
		UNION ALL (SELECT d.created_at FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.status IN ('pending', 'retrying') AND ` + condition + ` ORDER BY d.created_at, d.id LIMIT 1)`
}

// waitingNow counts what still needs work.
func waitingNow(condition string) string {
	return `SELECT 'held' AS status, '' AS reason, count(*) AS n FROM deliveries d WHERE d.reason = 'webhook_disabled' AND ` + condition + ` UNION ALL ` + onItsWayNow(condition)
}

// Stats tells what happened since a time, of all that the request may see. Each
// part of it reads counters, or ranges of an index that no success is in; attempts
// are counted in whole hours.
func (s *Store) Stats(ctx context.Context, since time.Time) (hook.Stats, error) {
	out := hook.Stats{Deliveries: map[hook.DeliveryStatus]int{}, ByReason: map[hook.Reason]int{}, AttemptsSince: HourOf(since)}
	for _, status := range hook.DeliveryStatuses {
		out.Deliveries[status] = 0
	}
	var found []struct {
		Status string `db:"status"`
		Reason string `db:"reason"`
		N      int    `db:"n"`
	}
	query, args := Asked(ctx, CountDeliveries, since)
	if err := sqlx.SelectContext(ctx, s.On(ctx), &found, query, args...); err != nil {
		return out, core.Classify("count deliveries", err)
	}
	for _, c := range found { // what was created and is nothing else has succeeded
		if c.Status == "created" {
			out.Deliveries[hook.Succeeded] += c.N
			continue
		}
		out.Deliveries[hook.DeliveryStatus(c.Status)] += c.N
		out.Deliveries[hook.Succeeded] -= c.N
		if c.Reason != "" && c.N > 0 {
			out.ByReason[hook.Reason(c.Reason)] += c.N
		}
	}
	query, args = Asked(ctx, CountEvents, since)
	if err := sqlx.GetContext(ctx, s.On(ctx), &out.Events, query, args...); err != nil {
		return out, core.Classify("count events", err)
	}
	if err := s.attemptsInto(ctx, &out); err != nil {
		return out, err
	}
	var oldest sql.NullTime
	query, args = Asked(ctx, oldestWaiting)
	if err := sqlx.GetContext(ctx, s.On(ctx), &oldest, query, args...); err != nil {
		return out, core.Classify("find what waits longest", err)
	}
	out.OldestWaiting = core.NullTime(oldest)
	var err error
	out.Backlog, err = s.Backlog(ctx)
	return out, err
}

// attemptsInto adds the attempts since out.AttemptsSince, hour by hour.
func (s *Store) attemptsInto(ctx context.Context, out *hook.Stats) error {
	var hours []struct {
		Hour      time.Time `db:"hour"`
		Attempts  int       `db:"attempts"`
		Succeeded int       `db:"succeeded"`
	}
	query, args := Asked(ctx, CountAttempts, out.AttemptsSince)
	if err := sqlx.SelectContext(ctx, s.On(ctx), &hours, query, args...); err != nil {
		return core.Classify("count attempts", err)
	}
	for _, h := range hours {
		out.Attempts += h.Attempts
		out.Succeeded += h.Succeeded
		out.Hourly = append(out.Hourly, hook.HourNumbers{Hour: h.Hour.UTC(), Attempts: h.Attempts, Succeeded: h.Succeeded})
	}
	return nil
}

// mostCounted bounds what is counted for the metrics.
const mostCounted = 100_000

// outstanding reads the ends of indexes, and counts of which each has a bound.
const outstanding = `
SELECT
	(SELECT d.created_at FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts = 0 ORDER BY d.created_at, d.id LIMIT 1) AS pending,
	(SELECT d.created_at FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.status IN ('pending', 'retrying') ORDER BY d.created_at, d.id LIMIT 1) AS retrying,
	(SELECT d.created_at FROM deliveries d WHERE d.reason = 'webhook_disabled' ORDER BY d.created_at, d.id LIMIT 1) AS held,
	(SELECT d.dispatch_at FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts = 0 AND d.dispatch_at < now() ORDER BY d.dispatch_at, d.id LIMIT 1) AS due_first,
	(SELECT d.dispatch_at FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.dispatch_at < now() ORDER BY d.dispatch_at, d.id LIMIT 1) AS due_again,
	(SELECT count(*) FROM (SELECT FROM windows LIMIT $1) w) AS windows,
	(SELECT count(*) FROM (SELECT FROM redeliveries r WHERE r.dispatch_at IS NOT NULL LIMIT $1) r) AS redeliveries,
	(SELECT count(*) FROM pg_stat_activity a WHERE a.datname = current_database() AND a.wait_event_type = 'Lock') AS locked,
	now() AS now`

// Outstanding tells what waits at this moment.
func (s *Store) Outstanding(ctx context.Context) (hook.Outstanding, error) {
	var r struct {
		Pending      sql.NullTime `db:"pending"`
		Retrying     sql.NullTime `db:"retrying"`
		Held         sql.NullTime `db:"held"`
		DueFirst     sql.NullTime `db:"due_first"`
		DueAgain     sql.NullTime `db:"due_again"`
		Windows      int          `db:"windows"`
		Redeliveries int          `db:"redeliveries"`
		Locked       int          `db:"locked"`
		Now          time.Time    `db:"now"`
	}
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, outstanding, mostCounted); err != nil {
		return hook.Outstanding{}, core.Classify("look at what waits", err)
	}
	since := func(t sql.NullTime) time.Duration {
		if !t.Valid {
			return 0
		}
		return max(0, r.Now.Sub(t.Time))
	}
	return hook.Outstanding{
		Oldest:   map[hook.DeliveryStatus]time.Duration{hook.Pending: since(r.Pending), hook.Retrying: since(r.Retrying), hook.Held: since(r.Held)},
		LagFirst: since(r.DueFirst), LagAgain: since(r.DueAgain), Windows: r.Windows, Redeliveries: r.Redeliveries, Locked: r.Locked,
	}, nil
}

// Backlog is how many deliveries that the request may see are in each of the
// states that still need work: pending, retrying and held.
func (s *Store) Backlog(ctx context.Context) (map[hook.DeliveryStatus]int, error) {
	var counts []struct {
		Status hook.DeliveryStatus `db:"status"`
		N      int                 `db:"n"`
	}
	query, args := Asked(ctx, CountBacklog)
	err := sqlx.SelectContext(ctx, s.On(ctx), &counts, query, args...)
	out := map[hook.DeliveryStatus]int{hook.Pending: 0, hook.Retrying: 0, hook.Held: 0}
	for _, c := range counts {
		out[c.Status] = c.N
	}
	return out, core.Classify("count the backlog", err)
}
