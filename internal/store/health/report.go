package health

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

type reportRow struct {
	healthRow
	subscription.PauseRow
	LastFailureAt     sql.NullTime   `db:"last_failure_at"`
	LastFailureReason sql.NullString `db:"last_failure_reason"`
	SuccessesInRow    int            `db:"successes_in_row"`
	NextProbeAt       sql.NullTime   `db:"next_probe_at"`
	GaveUpAt          sql.NullTime   `db:"gave_up_at"`
}

// SelectReport reads how a webhook stands. Of the hour of its last failure those
// successes count that it did not know of.
const SelectReport = `
SELECT ` + HealthColumns + `, ` + subscription.PauseColumns + `, w.last_failure_at, w.last_failure_reason, w.next_probe_at, w.gave_up_at,
	CASE WHEN w.failures_in_row = 0 THEN greatest(0, (
		SELECT coalesce(sum(h.n), 0) FROM health_counts h
		WHERE h.webhook_id = w.id AND h.reason = '' AND h.hour >= greatest($2, date_trunc('hour', w.last_failure_at, 'UTC'))
	) + (
		SELECT coalesce(sum(h.succeeded), 0) FROM health_hours h
		WHERE h.webhook_id = w.id AND h.hour >= greatest($2, date_trunc('hour', w.last_failure_at, 'UTC'))
	) - CASE WHEN date_trunc('hour', w.last_failure_at, 'UTC') >= $2 THEN w.successes_before ELSE 0 END) ELSE 0 END AS successes_in_row
FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL`

// HealthReport tells how a webhook stands and the outcome of its attempts since
// a time, in whole hours. A deleted webhook is CodeNotFound.
func (s *Store) HealthReport(ctx context.Context, webhookID string, since time.Time) (hook.HealthReport, error) {
	var r reportRow
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, SelectReport, webhookID, s.Now().Add(-hook.MaxReport)); err != nil {
		return hook.HealthReport{}, core.Found("webhook", webhookID, err)
	}
	out := hook.HealthReport{
		Health: r.Health(), Pause: r.Pause(), LastFailureAt: core.NullTime(r.LastFailureAt), LastFailureReason: hook.Reason(r.LastFailureReason.String),
		SuccessesInRow: r.SuccessesInRow, Since: ledger.HourOf(since), NextProbeAt: core.NullTime(r.NextProbeAt), GaveUpAt: core.NullTime(r.GaveUpAt),
	}
	counts, err := s.healthCounts(ctx, webhookID, out.Since)
	if err != nil {
		return out, err
	}
	out.Total, out.Hourly = hook.TallyUp(counts)
	return out, nil
}

// SelectHealthCounts reads what is counted singly, and the hours that are folded.
const SelectHealthCounts = `
SELECT h.hour, h.reason, h.latency, sum(h.n) AS n FROM (
	SELECT h.hour, h.reason, h.latency, h.n FROM health_counts h WHERE h.webhook_id = $1 AND h.hour >= $2
	UNION ALL
	SELECT h.hour, u.reason, u.latency, u.n FROM health_hours h CROSS JOIN LATERAL unnest(h.reasons, h.latencies, h.counts) AS u(reason, latency, n)
	WHERE h.webhook_id = $1 AND h.hour >= $2
) h GROUP BY h.hour, h.reason, h.latency`

func (s *Store) healthCounts(ctx context.Context, webhookID string, since time.Time) ([]hook.HealthCount, error) {
	type row struct {
		Hour   time.Time `db:"hour"`
		Reason string    `db:"reason"`
		Step   int       `db:"latency"`
		N      int       `db:"n"`
	}
	return core.Rows(ctx, s.DB, SelectHealthCounts, []any{webhookID, since},
		func(r row) (hook.HealthCount, error) {
			return hook.HealthCount{Hour: r.Hour, Reason: hook.Reason(r.Reason), Step: r.Step, N: r.N}, nil
		})
}

// foldAfter is how long after an hour its attempts are folded. By then no end of
// an attempt is under way that is counted in it; one that were would be folded, too.
const foldAfter = ledger.CountAfter

// foldHealth moves up to $1 counts of attempts of hours that are over to the one
// row that each webhook and hour has, and adds them to the row of all webhooks.
const foldHealth = `
WITH old AS (
	DELETE FROM health_counts h WHERE h.ctid = ANY(ARRAY(
		SELECT o.ctid FROM health_counts o WHERE o.hour < date_trunc('hour', now() - make_interval(secs => $2), 'UTC')
		ORDER BY o.hour, o.webhook_id LIMIT $1 FOR UPDATE SKIP LOCKED
	)) RETURNING h.webhook_id, h.hour, h.reason, h.latency, h.n
), one AS (
	SELECT webhook_id, hour, reason, latency, sum(n) AS n FROM old GROUP BY webhook_id, hour, reason, latency
), folded AS (
	SELECT webhook_id, hour, sum(n) AS attempts, coalesce(sum(n) FILTER (WHERE reason = ''), 0) AS succeeded,
		array_agg(reason ORDER BY reason, latency) AS reasons, array_agg(latency ORDER BY reason, latency) AS latencies, array_agg(n ORDER BY reason, latency) AS counts
	FROM one GROUP BY webhook_id, hour
	UNION ALL
	SELECT '', hour, sum(n), coalesce(sum(n) FILTER (WHERE reason = ''), 0), '{}', '{}', '{}' FROM one GROUP BY hour
), kept AS (
	INSERT INTO health_hours AS h (webhook_id, hour, attempts, succeeded, reasons, latencies, counts)
	SELECT webhook_id, hour, attempts, succeeded, reasons, latencies, counts FROM folded ORDER BY 1, 2
	ON CONFLICT (webhook_id, hour) DO UPDATE SET attempts = h.attempts + excluded.attempts, succeeded = h.succeeded + excluded.succeeded,
		reasons = h.reasons || excluded.reasons, latencies = h.latencies || excluded.latencies, counts = h.counts || excluded.counts
)
SELECT count(*) FROM old`

// FoldHealth folds up to limit counts of attempts of hours that are over, and says
// how many it has folded.
func (s *Store) FoldHealth(ctx context.Context, limit int) (n int, err error) {
	return n, core.Classify("fold the counts of attempts", sqlx.GetContext(ctx, s.HousekeepingPool.DB, &n, foldHealth, limit, foldAfter.Seconds()))
}
