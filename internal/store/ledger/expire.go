package ledger

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// What waits for longer than its webhook's max_age is not sent any more. Each
// attempt asks for the age before it begins (hook.Decide), so nothing is sent too
// late. What no attempt will be made of for long, because its webhook is off,
// paused or has a long queue, is found here by its age and ended.
const (
	// expireAtOnce is how many deliveries one step ends at most.
	expireAtOnce = 500
	// expireOfAtOnce is how many webhooks one step looks at; that takes three looks
	// into an index for each.
	expireOfAtOnce = 500
)

// webhooksOfAge lists webhooks with a max_age, from the one after $1 on.
const webhooksOfAge = `
SELECT w.id FROM webhooks w WHERE w.max_age IS NOT NULL AND w.deleted_at IS NULL AND w.id > $1 ORDER BY w.id LIMIT $2`

// waits: nothing of delivery d is under way. With the age it is asked of each kind
// of what waits by the index of that kind, which is in the order of the age.
const waits = `(d.status = 'held' OR d.dispatch_at = 'infinity' OR d.attempts = 0 OR d.next_attempt_at IS NOT NULL)`

// Expire is the statement of a step of Store.Expire.
var Expire = walkStep(`
	SELECT d.id, NULL::timestamptz AS at FROM (
		SELECT w.id, now() - make_interval(secs => w.max_age) AS border FROM webhooks w
		WHERE w.id = ANY($9::text[]) AND w.max_age IS NOT NULL AND w.deleted_at IS NULL
	) w CROSS JOIN LATERAL (
		(SELECT d.id FROM deliveries d WHERE d.webhook_id = w.id AND d.created_at <= w.border AND d.dispatch_at IS NOT NULL AND d.attempts = 0
			ORDER BY d.created_at, d.id LIMIT $4)
		UNION ALL
		(SELECT d.id FROM deliveries d WHERE d.webhook_id = w.id AND d.created_at <= w.border AND d.dispatch_at IS NOT NULL AND d.attempts > 0
			AND d.status IN ('pending', 'retrying') AND `+waits+` ORDER BY d.created_at, d.id LIMIT $4)
		UNION ALL
		(SELECT d.id FROM deliveries d WHERE d.webhook_id = w.id AND d.created_at <= w.border AND d.reason = 'webhook_disabled'
			ORDER BY d.created_at, d.id LIMIT $4)
	) d LIMIT $4`, waits, fromTimed, "")

// Expire ends deliveries that wait for longer than their webhooks allow, and says
// how many; more = there may be others. A step looks at some webhooks and the next
// one at those after them. Any number of processes may make steps: what another one
// has locked is passed over.
func (s *Store) Expire(ctx context.Context) (n int, more bool, err error) {
	s.ages.mu.Lock()
	defer s.ages.mu.Unlock()
	var webhooks []string
	err = s.ByItself(ctx, "look for webhooks with a max_age", webhooksOfAge, func(st *sqlx.Stmt) error {
		webhooks = nil
		return st.SelectContext(ctx, &webhooks, s.ages.after, expireOfAtOnce)
	})
	if err != nil || len(webhooks) == 0 {
		s.ages.after = ""
		return 0, false, err
	}
	var looked walkResult
	err = s.ByItself(ctx, "expire deliveries", Expire, func(st *sqlx.Stmt) error {
		return st.GetContext(ctx, &looked, nil, nil, nil, expireAtOnce, hook.Cancelled, hook.ReasonExpired, sql.NullString{}, sql.NullTime{}, pq.Array(webhooks))
	})
	if err != nil {
		return 0, false, err
	}
	s.Tally.TakenOut(hook.Cancelled, looked.Taken)
	switch {
	case looked.Taken == expireAtOnce: // the same webhooks have more
		return looked.Taken, true, nil
	case len(webhooks) < expireOfAtOnce:
		s.ages.after = ""
		return looked.Taken, false, nil
	}
	s.ages.after = webhooks[len(webhooks)-1]
	return looked.Taken, true, nil
}
