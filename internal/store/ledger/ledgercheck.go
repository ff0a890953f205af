package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// BeginCheck says whether it is this process that is to check the ledger: it is
// unless another one began to within the last age.
func (s *Store) BeginCheck(ctx context.Context, age time.Duration) (bool, error) {
	var mine bool
	err := sqlx.GetContext(ctx, s.On(ctx), &mine, `
		INSERT INTO ledger_checks AS c (one) VALUES (true)
		ON CONFLICT (one) DO UPDATE SET began_at = now(), finished_at = NULL
		WHERE c.began_at <= now() - make_interval(secs => $1)
		RETURNING true`, age.Seconds())
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return mine, core.Classify("begin to check the ledger", err)
}

// checkStep looks at up to $4 deliveries that were created after ($1, $2) and
// before $3. What it compares was written by one statement each, so it is never
// seen halfway.
const checkStep = `
WITH step AS MATERIALIZED (
	SELECT id, event_id, webhook_id, created_at, updated_at, status, attempts, begun_at, siblings, dispatch_at, redelivery_of, test
	FROM deliveries WHERE (created_at, id) > ($1, $2) AND created_at < $3 ORDER BY created_at, id LIMIT $4
)
SELECT '' AS kind, s.id, s.created_at, (SELECT count(*) FROM step) AS checked
FROM (SELECT id, created_at FROM step ORDER BY created_at DESC, id DESC LIMIT 1) s
UNION ALL
SELECT 'deliveries', e.event_id, now(), 0
FROM (SELECT event_id, min(siblings) AS fewest, max(siblings) AS siblings FROM step WHERE redelivery_of IS NULL GROUP BY event_id) e
WHERE NOT EXISTS (SELECT FROM judgements j WHERE j.event_id = e.event_id) AND CASE
	WHEN e.fewest = e.siblings AND e.siblings = (SELECT count(*) FROM deliveries d WHERE d.event_id = e.event_id AND d.redelivery_of IS NULL) THEN false
	-- Where the step before saw one of the event's deliveries, it has found it.
	ELSE NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = e.event_id AND d.redelivery_of IS NULL AND (d.created_at, d.id) <= ($1, $2)) END
UNION ALL
SELECT 'dispatch', id, created_at, 0 FROM step WHERE status IN ('pending', 'retrying') AND dispatch_at IS NULL
UNION ALL
-- What a switch or a deletion takes out of the queue has a withdrawal until it is out;
-- the sweep, which repairs this, looks every minute.
SELECT 'owners', s.id, s.created_at, 0 FROM step s
CROSS JOIN LATERAL (SELECT w.enabled, w.deleted_at FROM webhooks w WHERE w.id = s.webhook_id OFFSET 0) w
WHERE s.status IN ('pending', 'retrying', 'held') AND s.updated_at < now() - interval '5 minutes'
	AND (w.deleted_at IS NOT NULL OR NOT w.enabled AND s.status <> 'held' AND s.test IS NULL)
	AND NOT EXISTS (SELECT FROM withdrawals x WHERE x.webhook_id = s.webhook_id AND x.project_id IS NULL OFFSET 0)
UNION ALL
SELECT 'attempts', s.id, s.created_at, 0
FROM step s CROSS JOIN LATERAL (
	SELECT count(*) AS n, coalesce(max(a.number), 0) AS last FROM attempts a WHERE a.delivery_id = s.id
) a WHERE (a.n <> s.attempts OR a.last <> s.attempts)
	-- Of a first attempt that a claim began nothing is recorded before its end.
	AND NOT (s.attempts = 1 AND a.n = 0 AND s.begun_at IS NOT NULL AND s.status NOT IN ('succeeded', 'failed'))`

// CheckStep looks at up to limit deliveries that were created after a place and
// before until, and adds what it finds to c. It gives the place to go on from;
// done says that there is nothing more.
func (s *Store) CheckStep(ctx context.Context, c *hook.LedgerCheck, after hook.Cursor, until time.Time, limit int) (next hook.Cursor, done bool, err error) {
	st, err := s.Prepared(ctx, checkStep)
	if err != nil {
		return after, false, core.Classify("prepare to check the ledger", err)
	}
	var found []struct {
		Kind      string    `db:"kind"`
		ID        string    `db:"id"`
		CreatedAt time.Time `db:"created_at"`
		Checked   int       `db:"checked"`
	}
	if err := st.SelectContext(ctx, &found, after.Time, after.ID, until, limit); err != nil {
		return after, false, core.Classify("check the ledger", err)
	}
	next, done = after, true
	for _, f := range found {
		if f.Kind != "" {
			c.Found(f.Kind, f.ID)
			continue
		}
		c.Checked += f.Checked
		next, done = hook.Cursor{Time: f.CreatedAt, ID: f.ID}, f.Checked < limit
	}
	if done {
		err = s.findUnjudged(ctx, c)
	}
	return next, done, err
}

// findUnjudged looks for events that wait to be judged although everybody had a
// turn since: no process judges, or it fails each time.
func (s *Store) findUnjudged(ctx context.Context, c *hook.LedgerCheck) error {
	var ids []string
	err := sqlx.SelectContext(ctx, s.On(ctx), &ids, `
		SELECT event_id FROM judgements WHERE due_at < now() - interval '1 hour' ORDER BY due_at, event_id LIMIT 1000`)
	for _, id := range slices.Compact(ids) {
		c.Found(hook.DifferenceJudging, id)
	}
	return core.Classify("look for judgements that are overdue", err)
}

// EndCheck keeps what a check has found, for every process to show.
func (s *Store) EndCheck(ctx context.Context, c hook.LedgerCheck) error {
	_, err := s.On(ctx).ExecContext(ctx, `UPDATE ledger_checks SET finished_at = now(), deliveries = $1, dispatch = $2, attempts = $3, owners = $4, judging = $5`,
		c.Differences[hook.DifferenceDeliveries], c.Differences[hook.DifferenceDispatch], c.Differences[hook.DifferenceAttempts], c.Differences[hook.DifferenceOwners], c.Differences[hook.DifferenceJudging])
	return core.Classify("keep what was found in the ledger", err)
}

// Differences is how many differences of each kind the last check that ended has
// found; nil when none has ended yet.
func (s *Store) Differences(ctx context.Context) (map[string]int, error) {
	var d, p, a, o, j int
	err := s.On(ctx).QueryRowxContext(ctx, `SELECT deliveries, dispatch, attempts, coalesce(owners, 0), coalesce(judging, 0) FROM ledger_checks WHERE deliveries IS NOT NULL`).Scan(&d, &p, &a, &o, &j)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return map[string]int{hook.DifferenceDeliveries: d, hook.DifferenceDispatch: p, hook.DifferenceAttempts: a, hook.DifferenceOwners: o, hook.DifferenceJudging: j}, core.Classify("read the last check of the ledger", err)
}
