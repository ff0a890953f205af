package intake

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// ingestSlack is how much longer than its events say a window stays open: an
// event counts from the start of its ingest, and that may end later.
const ingestSlack = time.Second

// AllowHappenings gives the places of those happenings whose rule is still
// there, and whose webhook's owner is a member of the event's project. The rules
// are locked, or a window could be opened for one that is just being deleted; and
// before them their webhooks, as they are where a webhook is changed or deleted.
const AllowHappenings = `
SELECT i.n - 1 AS place
FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS i(event_id, rule_id, n)
JOIN rules r ON r.id = i.rule_id
JOIN webhooks w ON w.id = r.webhook_id
WHERE w.deleted_at IS NULL AND EXISTS (
	SELECT FROM events e JOIN members m ON m.project_id = e.project_id AND m.user_id = w.owner_id WHERE e.id = i.event_id)
ORDER BY w.id, r.id FOR KEY SHARE OF w, r`

// OpenWindows locks the windows of the given rules and keys, makes them due, and opens
// those that are not open where $4 allows it and the webhook has fewer than $6 windows. It
// gives what is open then. What one event alone opens ends after the seconds in $5 and is
// not due before another event comes: it takes two to fire.
const OpenWindows = `
WITH input AS (
	SELECT rule_id, key, webhook_id, opens, now() + make_interval(secs => alone) AS ends_at
	FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bool[], $5::float8[]) AS i(rule_id, key, webhook_id, opens, alone)
), open AS MATERIALIZED (
	SELECT i.rule_id, i.key, i.webhook_id FROM (SELECT * FROM input ORDER BY rule_id, key) i
	CROSS JOIN LATERAL (SELECT FROM windows w WHERE w.rule_id = i.rule_id AND w.key = i.key FOR UPDATE) w
), wanted AS (
	SELECT i.rule_id, i.key, i.webhook_id, i.ends_at, row_number() OVER (PARTITION BY i.webhook_id ORDER BY i.rule_id, i.key) AS n
	FROM input i WHERE i.opens AND NOT EXISTS (SELECT FROM open o WHERE o.rule_id = i.rule_id AND o.key = i.key)
), taken AS MATERIALIZED ( -- once for each webhook: there may be thousands
	SELECT v.webhook_id, (SELECT count(*) FROM (SELECT FROM windows x WHERE x.webhook_id = v.webhook_id LIMIT $6) x) AS windows
	FROM (SELECT DISTINCT webhook_id FROM wanted) v
), opened AS (
	INSERT INTO windows (rule_id, key, webhook_id, ends_at, dispatch_at)
	SELECT o.rule_id, o.key, o.webhook_id, NULL, now() FROM open o -- that is made due
	UNION ALL
	SELECT v.rule_id, v.key, v.webhook_id, v.ends_at, CASE WHEN v.ends_at IS NULL THEN now() ELSE 'infinity' END
	FROM wanted v JOIN taken t ON t.webhook_id = v.webhook_id WHERE v.n <= $6 - t.windows
	ORDER BY 1, 2
	ON CONFLICT (rule_id, key) DO UPDATE SET dispatch_at = now()
	RETURNING rule_id, key
), over AS MATERIALIZED (
	SELECT v.webhook_id FROM wanted v WHERE NOT EXISTS (SELECT FROM opened o WHERE o.rule_id = v.rule_id AND o.key = v.key)
), refused AS (
	UPDATE webhooks w SET windows_refused = w.windows_refused + (SELECT count(*) FROM over v WHERE v.webhook_id = w.id)
	WHERE w.id = ANY(ARRAY(SELECT v.webhook_id FROM over v))
)
SELECT rule_id, key FROM opened`

// windowKey is a window: a rule and the hash of the value that its parts share.
type windowKey struct {
	RuleID int64  `db:"rule_id"`
	Key    string `db:"key"`
}

// happened writes what happened for combinations into their windows. A later
// part of an ordered rule, and what must not happen, only count in a window
// that is open.
func (s *Store) happened(ctx context.Context, tx *sqlx.Tx, happenings []hook.Happening, accepted map[string]*hook.Accepted) error {
	// An event that another request has accepted first counts there.
	happenings = slices.DeleteFunc(slices.Clone(happenings), func(h hook.Happening) bool { return accepted[h.EventID] == nil })
	if len(happenings) == 0 {
		return nil
	}
	allowed, err := allowed(ctx, tx, happenings)
	if err != nil || len(allowed) == 0 {
		return err
	}
	open, err := open(ctx, tx, allowed)
	if err != nil {
		return err
	}
	var rules, parts []int64
	var keys, events []string
	for _, h := range allowed {
		if open[windowKey{h.RuleID, h.Key}] {
			rules, keys = append(rules, h.RuleID), append(keys, h.Key)
			events, parts = append(events, h.EventID), append(parts, int64(h.Parts))
			accepted[h.EventID].Happened = true
		}
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO window_events (rule_id, key, event_id, parts)
		SELECT rule_id, key, event_id, parts FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[]) WITH ORDINALITY AS i(rule_id, key, event_id, parts, n)
		ORDER BY n`, pq.Array(rules), pq.Array(keys), pq.Array(events), pq.Array(parts))
	return err
}

func allowed(ctx context.Context, tx *sqlx.Tx, happenings []hook.Happening) ([]hook.Happening, error) {
	events, rules := make([]string, len(happenings)), make([]int64, len(happenings))
	for i, h := range happenings {
		events[i], rules[i] = h.EventID, h.RuleID
	}
	var places []int
	if err := tx.SelectContext(ctx, &places, AllowHappenings, pq.Array(events), pq.Array(rules)); err != nil {
		return nil, err
	}
	slices.Sort(places) // in the order of the events, which is the order of the parts
	out := make([]hook.Happening, len(places))
	for i, at := range places {
		out[i] = happenings[at]
	}
	return out, nil
}

// open opens the windows of the happenings and says which are open.
func open(ctx context.Context, tx *sqlx.Tx, happenings []hook.Happening) (map[windowKey]bool, error) {
	at := make(map[windowKey]int)
	var rules []int64
	var keys, webhooks []string
	var opens []bool
	var alone []sql.NullFloat64 // how long the window of a single event lasts, in seconds
	for _, h := range happenings {
		k := windowKey{h.RuleID, h.Key}
		i, seen := at[k]
		if !seen {
			i = len(rules)
			at[k] = i
			rules, keys, webhooks, opens = append(rules, h.RuleID), append(keys, h.Key), append(webhooks, h.WebhookID), append(opens, false)
			alone = append(alone, sql.NullFloat64{Float64: (h.Within + ingestSlack).Seconds()})
		}
		opens[i] = opens[i] || h.Opens
		alone[i].Valid = !seen
	}
	var live []windowKey
	err := tx.SelectContext(ctx, &live, OpenWindows, pq.Array(rules), pq.Array(keys), pq.Array(webhooks), pq.Array(opens), pq.Array(alone), hook.MaxOpenWindows)
	out := make(map[windowKey]bool, len(live))
	for _, k := range live {
		out[k] = true
	}
	return out, err
}
