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
	(SELECT max(a.started_at) FROM (
		SELECT d.id FROM deliveries d WHERE d.webhook_id = w.id AND d.test IS NULL ORDER BY d.created_at DESC, d.id DESC LIMIT $3
	) d JOIN attempts a ON a.delivery_id = d.id) AS last_attempt_at
FROM unnest($1::text[]) AS i(id) JOIN webhooks w ON w.id = i.id`,
	waitingOf(`d.dispatch_at IS NOT NULL AND d.attempts = 0`), waitingOf(`d.dispatch_at IS NOT NULL AND d.attempts > 0 AND d.status IN ('pending', 'retrying')`), waitingOf(Held))

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
	var numbers []struct {
		ID      string         `db:"id"`
		At      sql.NullTime   `db:"last_failure_at"`
		Reason  sql.NullString `db:"last_failure_reason"`
		Waiting int            `db:"waiting"`
		Held    int            `db:"held"`
		LastAt  sql.NullTime   `db:"last_attempt_at"`
	}
	err := sqlx.SelectContext(ctx, s.On(ctx), &numbers, selectNumbers, pq.Array(ids), hook.MaxWaitingShown, hook.NumbersLook)
	if err != nil {
		return nil, core.Classify("count what waits for webhooks", err)
	}
	out := make(map[string]hook.WebhookNumbers, len(numbers))
	for _, n := range numbers {
		out[n.ID] = hook.WebhookNumbers{LastAttemptAt: core.NullTime(n.LastAt), LastFailureAt: core.NullTime(n.At), LastFailureReason: hook.Reason(n.Reason.String),
			Waiting: n.Waiting, Held: n.Held}
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
