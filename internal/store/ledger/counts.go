package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

const (
	// countEvery is the stretch of time that one step counts: it bounds the rows
	// that a step reads, and divides an hour, so that no step is of two.
	countEvery = 5 * time.Minute
	// CountAfter is how long after a stretch it is counted. Whatever was created in
	// it is committed by then: nothing that creates deliveries takes this long.
	CountAfter = 5 * core.LongestIngest
)

// countStep counts what was created in the next stretch of time, once it is over.
// Tests matched nothing: they are counted with what was sent again.
// Another process that is just counting is not waited for.
const countStep = `
WITH step AS MATERIALIZED (
	SELECT c.until AS since, c.until + make_interval(secs => $1) AS until, date_trunc('hour', c.until, 'UTC') AS hour
	FROM counting c WHERE c.until + make_interval(secs => $1) <= now() - make_interval(secs => $2) FOR UPDATE SKIP LOCKED
), of_webhooks AS (
	INSERT INTO delivery_counts AS c (webhook_id, hour, matched, redelivered)
	SELECT coalesce(d.webhook_id, ''), s.hour, count(*) FILTER (WHERE d.redelivery_of IS NULL AND d.test IS NULL), count(*) FILTER (WHERE d.redelivery_of IS NOT NULL OR d.test)
	FROM step s CROSS JOIN LATERAL (
		SELECT d.webhook_id, d.redelivery_of, d.test FROM deliveries d WHERE d.created_at >= s.since AND d.created_at < s.until OFFSET 0
	) d
	GROUP BY GROUPING SETS ((s.hour, d.webhook_id), (s.hour)) ORDER BY 1
	ON CONFLICT (webhook_id, hour) DO UPDATE SET matched = c.matched + excluded.matched, redelivered = c.redelivered + excluded.redelivered
), of_projects AS (
	INSERT INTO event_counts AS c (project_id, hour, n)
	SELECT coalesce(e.project_id, ''), s.hour, CASE WHEN grouping(e.project_id) = 1 THEN count(*) ELSE count(*) FILTER (WHERE NOT e.apart) END
	FROM step s CROSS JOIN LATERAL (
		SELECT e.project_id, ` + apart + ` AS apart FROM events e WHERE e.accepted_at >= s.since AND e.accepted_at < s.until OFFSET 0
	) e
	GROUP BY GROUPING SETS ((s.hour, e.project_id), (s.hour)) HAVING grouping(e.project_id) = 1 OR e.project_id <> '' ORDER BY 1
	ON CONFLICT (project_id, hour) DO UPDATE SET n = c.n + excluded.n
)
UPDATE counting c SET until = step.until FROM step RETURNING c.until`

// apart: not every member of the project sees event e.
const apart = `(e.owner_id IS NOT NULL OR e.private_to IS NOT NULL OR e.project_ids IS NOT NULL)`

// Count counts the deliveries and events of the next stretch of time for the
// reports. more says that there may be another stretch to be counted.
func (s *Store) Count(ctx context.Context) (more bool, err error) {
	var until time.Time
	err = sqlx.GetContext(ctx, s.HousekeepingPool.DB, &until, countStep, countEvery.Seconds(), CountAfter.Seconds())
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, core.Classify("count what was created", err)
}

// counted splits the time from $a to before $b: from lo to hi whole hours are
// counted, or the last one as far as it is; what lies before and after is read. So
// is what the retention has left of the time before its border.
func counted(a, b string) string {
	return fmt.Sprintf(`counted AS MATERIALIZED (
	SELECT t.lo, greatest(t.hi, t.lo) AS hi, %[1]s::timestamptz AS a, %[2]s::timestamptz AS b FROM (
		SELECT least(greatest(c.since, date_trunc('hour', greatest(%[1]s::timestamptz, r.kept_since) + interval '59 minutes 59.999999 seconds', 'UTC')), %[2]s::timestamptz) AS lo,
			CASE WHEN %[2]s::timestamptz >= c.until THEN c.until ELSE date_trunc('hour', %[2]s::timestamptz, 'UTC') END AS hi
		FROM counting c, retention r
	) t
)`, a, b)
}

// sumOf adds up what is counted, by a column of a table of counts, and what is
// not, by count(*) of the rows of which "time" is in one of the two stretches.
func sumOf(counts, column, rows, time string) string {
	return fmt.Sprintf(`(SELECT coalesce((SELECT sum(c.%[2]s) FROM %[1]s AND c.hour >= t.lo AND c.hour < t.hi), 0)
		+ (SELECT count(*) FROM %[3]s AND %[4]s >= t.a AND %[4]s < t.lo) + (SELECT count(*) FROM %[3]s AND %[4]s >= t.hi AND %[4]s < t.b) FROM counted t)`,
		counts, column, rows, time)
}

// statusOfReason is a table of the reasons and the status that each tells.
var statusOfReason = func() string {
	var all []string
	for _, status := range hook.DeliveryStatuses {
		for _, reason := range hook.ReasonsOf(status) {
			all = append(all, fmt.Sprintf("('%s', '%s')", status, reason))
		}
	}
	return "(VALUES " + strings.Join(all, ", ") + ") AS x(status, reason)"
}()

// amiss counts by status and reason what failed, is held or was cancelled of the
// deliveries d that meet a condition, and onItsWayNow what is pending or retrying.
// Both read indexes that a success is not in, the first and the half of the second
// that was never tried nothing else.
func amiss(condition string) string {
	return `SELECT x.status, x.reason, (SELECT count(*) FROM deliveries d WHERE d.reason = x.reason AND ` + condition + `) AS n FROM ` + statusOfReason
}

func onItsWayNow(condition string) string {
	return `SELECT 'pending' AS status, '' AS reason, count(*) AS n FROM deliveries d WHERE d.dispatch_at IS NOT NULL AND d.attempts = 0 AND ` + condition + `
	UNION ALL
	SELECT d.status, '', count(*) FROM deliveries d
	WHERE d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.status IN ('pending', 'retrying') AND ` + condition + ` GROUP BY d.status`
}

// HourOf is the beginning of the hour of t; attempts are counted by hours of UTC.
func HourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }
