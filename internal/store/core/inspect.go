package core

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"godwit/internal/hook"
)

// Now is the database's time, as far as the statements so far have told it: each
// that takes on, reads or accepts deliveries does.
func (s *DB) Now() time.Time { return s.Clock.now() }

// ClockAhead is how far this machine's clock is ahead of the database's; below
// zero it is behind.
func (s *DB) ClockAhead() time.Duration { return s.Clock.offset() }

// ReadClock compares the clocks, for a process whose statements may not have.
func (s *DB) ReadClock(ctx context.Context) error {
	seen := s.Clock.Reading()
	var at time.Time
	if err := s.QuickPool.DB.GetContext(ctx, &at, `SELECT now()`); err != nil {
		return Classify("read the database's clock", err)
	}
	seen(at)
	return nil
}

// Pools gives the pools by their names, for their metrics.
func (s *DB) Pools() map[string]*sql.DB {
	out := map[string]*sql.DB{}
	for name, p := range s.byName() {
		out[name] = p.DB.DB
	}
	return out
}

// CheckSessions says whether connections keep their sessions; if not, the error is
// a *PoolerError. Any other error says that nothing is known.
func (s *DB) CheckSessions(ctx context.Context) error {
	err := CheckSessions(ctx, s.HousekeepingPool.DB.DB)
	var pooler *PoolerError
	if errors.As(err, &pooler) {
		return pooler
	}
	return Classify("check the database's sessions", err)
}

// ProcessCounts gives what this process has counted since its start.
func (s *DB) ProcessCounts() hook.ProcessCounts {
	c := &s.Tally
	return hook.ProcessCounts{
		Transitions: map[hook.WebhookStatus]int64{hook.Healthy: c.healthy.Load(), hook.Degraded: c.degraded.Load(), hook.Unhealthy: c.unhealthy.Load()},
		Redelivered: c.Redelivered.Load(), Repeated: c.repeated.Load(),
		TakenOut: map[hook.DeliveryStatus]int64{hook.Held: c.held.Load(), hook.Cancelled: c.cancelled.Load()},
	}
}

// Calm says whether connections to the database were in order for some seconds.
// While they are not, and shortly after, ends of attempts wait here or in other
// processes to be written: what looks lost may not be.
func (s *DB) Calm() bool { return s.dialer.calm() }

// SchemaVersion is the version of the newest migration that the database has;
// 0 means that it was never migrated.
func (s *DB) SchemaVersion(ctx context.Context) (int64, error) {
	var exists bool
	if err := s.QuickPool.DB.GetContext(ctx, &exists, `SELECT to_regclass('goose_db_version') IS NOT NULL`); err != nil {
		return 0, Classify("look for the schema", err)
	}
	if !exists {
		return 0, nil
	}
	var version int64
	err := s.QuickPool.DB.GetContext(ctx, &version, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`)
	return version, Classify("read the schema's version", err)
}

// ReadOnly says whether the database takes no changes now.
func (s *DB) ReadOnly(ctx context.Context) (readOnly bool, err error) {
	err = s.QuickPool.DB.GetContext(ctx, &readOnly, `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool`)
	return readOnly, Classify("look whether the database takes changes", err)
}
