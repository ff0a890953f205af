package subscription

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// countFilterFailures adds to the counts of rules in the order of their ids, so that
// two processes do not wait for one another in a circle. It locks no rule: a count
// may be left of a rule that is gone, which nothing reads and the retention removes.
const countFilterFailures = `
INSERT INTO filter_failures AS f (rule_id, failures, last_at, last_event_id, last_kind)
SELECT r.id, n.failures, n.at, n.event_id, n.kind
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[]) AS n(rule_id, failures, at, event_id, kind)
JOIN rules r ON r.id = n.rule_id ORDER BY r.id
ON CONFLICT (rule_id) DO UPDATE SET failures = f.failures + EXCLUDED.failures,
	last_at = greatest(f.last_at, EXCLUDED.last_at),
	last_event_id = CASE WHEN EXCLUDED.last_at < f.last_at THEN f.last_event_id ELSE EXCLUDED.last_event_id END,
	last_kind = CASE WHEN EXCLUDED.last_at < f.last_at THEN f.last_kind ELSE EXCLUDED.last_kind END`

// CountFilterFailures adds to the counts of rules that their webhooks still have.
func (s *Store) CountFilterFailures(ctx context.Context, failures []hook.CountedFailures) error {
	rules, counts := make([]int64, len(failures)), make([]int64, len(failures))
	at, events, kinds := make([]time.Time, len(failures)), make([]string, len(failures)), make([]string, len(failures))
	for i, f := range failures {
		rules[i], counts[i], at[i], events[i], kinds[i] = f.RuleID, f.Count, f.At.UTC(), f.EventID, f.Kind
	}
	_, err := s.HousekeepingPool.DB.ExecContext(ctx, countFilterFailures, pq.Array(rules), pq.Array(counts), pq.Array(at), pq.Array(events), pq.Array(kinds))
	return core.Classify("count the failures of filters", err)
}

// filterFailuresOf is about the rules that the webhook $1 has now.
const filterFailuresOf = `
SELECT sum(f.failures) OVER ()::bigint AS failures, r.position, f.last_at, f.last_event_id, f.last_kind
FROM rules r JOIN filter_failures f ON f.rule_id = r.id
WHERE r.webhook_id = $1 ORDER BY f.last_at DESC, r.position LIMIT 1`

// FilterFailures counts the failures of the filters that a webhook has now.
func (s *Store) FilterFailures(ctx context.Context, webhookID string) (hook.FilterFailures, error) {
	var r struct {
		Failures    int64     `db:"failures"`
		Position    int       `db:"position"`
		LastAt      time.Time `db:"last_at"`
		LastEventID string    `db:"last_event_id"`
		LastKind    string    `db:"last_kind"`
	}
	err := sqlx.GetContext(ctx, s.On(ctx), &r, filterFailuresOf, webhookID)
	if errors.Is(err, sql.ErrNoRows) {
		return hook.FilterFailures{}, nil
	}
	last := hook.FilterFailure{EventID: r.LastEventID, Kind: r.LastKind, At: r.LastAt.UTC()}
	return hook.FilterFailures{Count: r.Failures, Last: last, Rule: r.Position}, core.Classify("read the failures of the filters of "+webhookID, err)
}
