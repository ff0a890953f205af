package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3/lock"
)

const (
	// lockTimeout is how long a migration waits for a table that others use. All who
	// come after it wait behind it, so it is far less than a request may take.
	lockTimeout = 700 * time.Millisecond
	// lockPause is what the others get before the next try.
	lockPause = 2 * time.Second
	// lookForBlockers is how often is looked whom a migration waits for, and
	// tellBlockers how often that is told.
	lookForBlockers = 100 * time.Millisecond
	tellBlockers    = 5 * time.Second
)

// patiently repeats a step that waits for a lock until it has it, and tells whom
// it waits for. No request waits behind it for longer than lockTimeout.
func patiently(ctx context.Context, db *sql.DB, s *session, tell func(string), step func() error) error {
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { tellWaits(watching, db, s, tell) })
	for {
		err := step()
		if !givenUp(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(lockPause):
		}
	}
}

// givenUp says that a step has ended since it did not get a lock.
func givenUp(err error) bool {
	const lockNotAvailable, deadlock = "55P03", "40P01"
	var pg *pq.Error
	return errors.As(err, &pg) && (pg.Code == lockNotAvailable || pg.Code == deadlock)
}

// session is the connection that migrates. It locks out other processes that
// migrate, and sets what a migration needs.
type session struct {
	lock.SessionLocker
	pid atomic.Int64 // of its backend; 0 = there is none
}

// SessionLock implements lock.SessionLocker.
func (s *session) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := s.SessionLocker.SessionLock(ctx, conn); err != nil {
		return err
	}
	var pid int64
	if err := conn.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		return fmt.Errorf("ask for the process id: %w", err)
	}
	s.pid.Store(pid)
	// To build an index may take longer than any request.
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`SET statement_timeout = 0; SET lock_timeout = %d`, lockTimeout.Milliseconds()))
	return err
}

// SessionUnlock implements lock.SessionLocker.
func (s *session) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	s.pid.Store(0)
	_, err := conn.ExecContext(ctx, `RESET statement_timeout; RESET lock_timeout`)
	return errors.Join(err, s.SessionLocker.SessionUnlock(ctx, conn))
}

// tellWaits tells whom the session waits for, until ctx ends.
func tellWaits(ctx context.Context, db *sql.DB, s *session, tell func(string)) {
	look := time.NewTicker(lookForBlockers)
	defer look.Stop()
	var told time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if pid := s.pid.Load(); pid != 0 && time.Since(told) > tellBlockers {
			if all, err := blockers(ctx, db, pid); err == nil && len(all) > 0 {
				told = time.Now()
				tell("a migration waits for a table that others use: " + strings.Join(all, "; "))
			}
		}
	}
}

// blockers describes the sessions that a backend waits for. Their statements may
// hold payloads and are not shown.
func blockers(ctx context.Context, db *sql.DB, pid int64) (all []string, err error) {
	rows, err := db.QueryContext(ctx, `
		SELECT a.pid, coalesce(nullif(a.application_name, ''), 'without an application_name'), coalesce(a.state, 'unknown'),
			coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::bigint
		FROM unnest(pg_blocking_pids($1)) AS b(pid) JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY a.xact_start LIMIT 3`, pid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var other, seconds int64
		var name, state string
		if err := rows.Scan(&other, &name, &state, &seconds); err != nil {
			return nil, err
		}
		all = append(all, fmt.Sprintf("process %d (%s, %s), in a transaction for %d s", other, name, state, seconds))
	}
	return all, rows.Err()
}
