package store

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// tally is what this process has counted since its start. A change that is
// rolled back after it was counted stays counted.
type tally struct {
	healthy, degraded, unhealthy atomic.Int64 // transitions, by the status after them
	redelivered                  atomic.Int64
	repeated                     atomic.Int64
}

func (c *tally) transition(to hook.WebhookStatus) {
	switch to {
	case hook.Healthy:
		c.healthy.Add(1)
	case hook.Degraded:
		c.degraded.Add(1)
	case hook.Unhealthy:
		c.unhealthy.Add(1)
	}
}

// ProcessCounts gives what this process has counted since its start.
func (s *Store) ProcessCounts() hook.ProcessCounts {
	c := &s.tally
	return hook.ProcessCounts{
		Transitions: map[hook.WebhookStatus]int64{hook.Healthy: c.healthy.Load(), hook.Degraded: c.degraded.Load(), hook.Unhealthy: c.unhealthy.Load()},
		Redelivered: c.redelivered.Load(), Repeated: c.repeated.Load(),
	}
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
	if err := sqlx.GetContext(ctx, s.on(ctx), &r, outstanding, mostCounted); err != nil {
		return hook.Outstanding{}, classify("look at what waits", err)
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
