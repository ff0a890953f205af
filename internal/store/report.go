package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

type reportRow struct {
	healthRow
	LastFailureAt     sql.NullTime   `db:"last_failure_at"`
	LastFailureReason sql.NullString `db:"last_failure_reason"`
	SuccessesInRow    int            `db:"successes_in_row"`
	NextProbeAt       sql.NullTime   `db:"next_probe_at"`
	GaveUpAt          sql.NullTime   `db:"gave_up_at"`
}

// selectReport reads how a webhook stands. Of the hour of its last failure those
// successes count that it did not know of.
const selectReport = `
SELECT ` + healthColumns + `, w.last_failure_at, w.last_failure_reason, w.next_probe_at, w.gave_up_at,
	CASE WHEN w.failures_in_row = 0 THEN greatest(0, (
		SELECT coalesce(sum(h.n), 0) FROM health_counts h
		WHERE h.webhook_id = w.id AND h.reason = '' AND h.hour >= greatest($2, date_trunc('hour', w.last_failure_at, 'UTC'))
	) - CASE WHEN date_trunc('hour', w.last_failure_at, 'UTC') >= $2 THEN w.successes_before ELSE 0 END) ELSE 0 END AS successes_in_row
FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL`

// HealthReport tells how a webhook stands and what became of its attempts since
// a time, in whole hours. A deleted webhook is CodeNotFound.
func (s *Store) HealthReport(ctx context.Context, webhookID string, since time.Time) (hook.HealthReport, error) {
	var r reportRow
	if err := sqlx.GetContext(ctx, s.on(ctx), &r, selectReport, webhookID, s.Now().Add(-hook.MaxReport)); err != nil {
		return hook.HealthReport{}, found("webhook", webhookID, err)
	}
	out := hook.HealthReport{
		Health: r.health(), LastFailureAt: nullTime(r.LastFailureAt), LastFailureReason: hook.Reason(r.LastFailureReason.String),
		SuccessesInRow: r.SuccessesInRow, Since: hourOf(since), NextProbeAt: nullTime(r.NextProbeAt), GaveUpAt: nullTime(r.GaveUpAt),
	}
	counts, err := s.healthCounts(ctx, webhookID, out.Since)
	if err != nil {
		return out, err
	}
	out.Total, out.Hourly = hook.TallyUp(counts)
	return out, nil
}

func (s *Store) healthCounts(ctx context.Context, webhookID string, since time.Time) ([]hook.HealthCount, error) {
	type row struct {
		Hour   time.Time `db:"hour"`
		Reason string    `db:"reason"`
		Step   int       `db:"latency"`
		N      int       `db:"n"`
	}
	return rows(ctx, s, `SELECT hour, reason, latency, sum(n) AS n FROM health_counts WHERE webhook_id = $1 AND hour >= $2 GROUP BY hour, reason, latency`, []any{webhookID, since},
		func(r row) (hook.HealthCount, error) {
			return hook.HealthCount{Hour: r.Hour, Reason: hook.Reason(r.Reason), Step: r.Step, N: r.N}, nil
		})
}

// hourOf is the beginning of the hour of t; attempts are counted by hours of UTC.
func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }
