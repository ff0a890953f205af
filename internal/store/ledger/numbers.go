package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// waitingOf counts up to $2 of the deliveries of webhook w that meet a condition.
func waitingOf(condition string) string {
	return `(SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.webhook_id = w.id AND ` + condition + ` LIMIT $2) n)`
}

// selectNumbers reads what a list shows of the webhooks $1 but for their hours. Each
// part is a bounded walk through an index of the webhook's own.
var selectNumbers = fmt.Sprintf(`
SELECT w.id, w.last_failure_at, w.last_failure_reason,
	least($2, %s + %s) AS waiting, %s AS held,
	l.last_attempt_at, l.last_delivered_at, w.failures_in_row, w.drain > 0 AS draining, w.drain_total,
	CASE WHEN w.drain_total IS NOT NULL THEN (SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.webhook_id = w.id AND %s LIMIT w.drain_total) n) END AS drain_left,
	w.recover_at IS NOT NULL AS running, w.probes, w.next_probe_at, w.recover_until, w.gave_up_at,
	CASE WHEN NOT w.enabled THEN (
		SELECT t.at FROM transitions t WHERE t.webhook_id = w.id AND NOT t.enabled AND t.cause <> 'gave_up' ORDER BY t.seq DESC LIMIT 1
	) END AS off_since,
	ARRAY(SELECT r.position FROM rules r WHERE r.webhook_id = w.id AND %s ORDER BY r.position) AS unreachable
FROM unnest($1::text[]) AS i(id) JOIN webhooks w ON w.id = i.id
CROSS JOIN LATERAL (
	SELECT max(a.started_at) AS last_attempt_at, max(a.finished_at) FILTER (WHERE a.outcome = 'success') AS last_delivered_at FROM (
		SELECT d.id FROM deliveries d WHERE d.webhook_id = w.id AND d.test IS NULL ORDER BY d.created_at DESC, d.id DESC LIMIT $3
	) d JOIN attempts a ON a.delivery_id = d.id
) l`,
	waitingOf(`d.dispatch_at IS NOT NULL AND d.attempts = 0`), waitingOf(`d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.status IN ('pending', 'retrying')`), waitingOf(Held), Held, subscription.RuleUnreachable)

// selectHours adds up the attempts of the webhooks $1 since an hour.
const selectHours = `
SELECT h.webhook_id, h.hour, sum(h.attempts) AS attempts, sum(h.succeeded) AS succeeded FROM (
	SELECT h.webhook_id, h.hour, h.attempts, h.succeeded FROM health_hours h WHERE h.webhook_id = ANY($1) AND h.hour >= $2
	UNION ALL
	SELECT h.webhook_id, h.hour, h.n, CASE WHEN h.reason = '' THEN h.n ELSE 0 END FROM health_counts h WHERE h.webhook_id = ANY($1) AND h.hour >= $2
) h GROUP BY h.webhook_id, h.hour ORDER BY h.webhook_id, h.hour`

// WebhookNumbers tells how webhooks are doing, in two statements for all of them.
// The hours begin with since.
func (s *Store) WebhookNumbers(ctx context.Context, ids []string, since time.Time) (map[string]hook.WebhookNumbers, error) {
	var numbers []numbersRow
	err := sqlx.SelectContext(ctx, s.On(ctx), &numbers, selectNumbers, pq.Array(ids), hook.MaxWaitingShown, hook.NumbersLook)
	if err != nil {
		return nil, core.Classify("count what waits for webhooks", err)
	}
	out := make(map[string]hook.WebhookNumbers, len(numbers))
	for _, n := range numbers {
		out[n.ID] = n.numbers()
	}
	var hours []struct {
		ID        string    `db:"webhook_id"`
		Hour      time.Time `db:"hour"`
		Attempts  int       `db:"attempts"`
		Succeeded int       `db:"succeeded"`
	}
	if err := sqlx.SelectContext(ctx, s.On(ctx), &hours, selectHours, pq.Array(ids), since); err != nil {
		return nil, core.Classify("count the attempts of webhooks", err)
	}
	for _, h := range hours {
		n := out[h.ID]
		n.Hourly = append(n.Hourly, hook.HourNumbers{Hour: h.Hour.UTC(), Attempts: h.Attempts, Succeeded: h.Succeeded})
		out[h.ID] = n
	}
	return out, nil
}

type numbersRow struct {
	ID            string         `db:"id"`
	At            sql.NullTime   `db:"last_failure_at"`
	Reason        sql.NullString `db:"last_failure_reason"`
	FailuresInRow int            `db:"failures_in_row"`
	Waiting       int            `db:"waiting"`
	Held          int            `db:"held"`
	LastAt        sql.NullTime   `db:"last_attempt_at"`
	DeliveredAt   sql.NullTime   `db:"last_delivered_at"`
	OffSince      sql.NullTime   `db:"off_since"`
	Draining      bool           `db:"draining"`
	DrainTotal    sql.NullInt64  `db:"drain_total"`
	DrainLeft     sql.NullInt64  `db:"drain_left"`
	Running       bool           `db:"running"`
	Probes        int            `db:"probes"`
	NextProbeAt   sql.NullTime   `db:"next_probe_at"`
	RecoverUntil  sql.NullTime   `db:"recover_until"`
	GaveUpAt      sql.NullTime   `db:"gave_up_at"`
	Unreachable   pq.Int64Array  `db:"unreachable"`
}

func (r numbersRow) numbers() hook.WebhookNumbers {
	n := hook.WebhookNumbers{
		LastAttemptAt: core.NullTime(r.LastAt), LastDeliveredAt: core.NullTime(r.DeliveredAt), LastFailureAt: core.NullTime(r.At),
		LastFailureReason: hook.Reason(r.Reason.String), FailuresInRow: r.FailuresInRow, Waiting: r.Waiting, Held: r.Held,
		OffSince: core.NullTime(r.OffSince), Draining: r.Draining,
	}
	if r.Draining && r.DrainTotal.Int64 > 0 {
		n.Drain = &hook.DrainProgress{Total: int(r.DrainTotal.Int64), Left: int(r.DrainLeft.Int64)}
	}
	if r.Running || r.GaveUpAt.Valid {
		n.Recovery = &hook.Recovery{Running: r.Running, Probes: r.Probes, NextProbeAt: core.NullTime(r.NextProbeAt), Until: core.NullTime(r.RecoverUntil), GaveUpAt: core.NullTime(r.GaveUpAt)}
	}
	for _, position := range r.Unreachable {
		n.Unreachable = append(n.Unreachable, int(position))
	}
	return n
}

// LastAttempts gives the newest request of each of these deliveries that has any,
// without what was sent and answered.
func (s *Store) LastAttempts(ctx context.Context, deliveryIDs []string) ([]hook.Attempt, error) {
	return core.Rows(ctx, s.DB, `
		SELECT a.delivery_id, a.number, a.started_at, a.finished_at, a.duration_ms, a.outcome, a.reason, a.status_code
		FROM unnest($1::text[]) AS i(id) CROSS JOIN LATERAL (
			SELECT a.* FROM attempts a WHERE a.delivery_id = i.id ORDER BY a.number DESC LIMIT 1
		) a`, []any{pq.Array(deliveryIDs)}, attemptRow.attempt)
}

// selectOutcomes counts the deliveries of the events $1, up to $2 of each. A user sees
// those of the user's own webhooks, which are looked for one by one: there may be many
// more of others.
var selectOutcomes = PerTenant{
	outcomesOf(`deliveries d WHERE d.event_id = i.id AND NOT d.superseded`),
	outcomesOf(`webhooks w JOIN deliveries d ON d.webhook_id = w.id AND d.event_id = i.id WHERE w.owner_id = $3 AND NOT d.superseded`),
}

func outcomesOf(deliveries string) string {
	return `SELECT i.id, count(*) AS total, count(*) FILTER (WHERE d.status = 'succeeded') AS succeeded, count(*) FILTER (WHERE d.status = 'failed') AS failed,
		count(*) FILTER (WHERE d.status IN ('pending', 'retrying')) AS waiting, count(*) FILTER (WHERE d.status = 'held') AS held
		FROM unnest($1::text[]) AS i(id) CROSS JOIN LATERAL (SELECT d.status FROM ` + deliveries + ` LIMIT $2) d GROUP BY i.id`
}

// EventOutcomes tells the outcome of events, in one statement for all of them. One
// without deliveries is left out.
func (s *Store) EventOutcomes(ctx context.Context, eventIDs []string) (map[string]hook.EventOutcome, error) {
	query, args := Asked(ctx, selectOutcomes, pq.Array(eventIDs), hook.MaxOutcomesShown)
	var found []struct {
		ID        string `db:"id"`
		Total     int    `db:"total"`
		Succeeded int    `db:"succeeded"`
		Failed    int    `db:"failed"`
		Waiting   int    `db:"waiting"`
		Held      int    `db:"held"`
	}
	if err := sqlx.SelectContext(ctx, s.On(ctx), &found, query, args...); err != nil {
		return nil, core.Classify("count the deliveries of events", err)
	}
	out := make(map[string]hook.EventOutcome, len(found))
	for _, f := range found {
		out[f.ID] = hook.EventOutcome{Total: f.Total, Succeeded: f.Succeeded, Failed: f.Failed, Waiting: f.Waiting, Held: f.Held}
	}
	return out, nil
}
