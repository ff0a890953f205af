package ledger

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// limited: the deliveries of webhook w need a place before they are sent; see
// hook.Webhook.Limited.
const limited = `(w.rate_limit_per_second IS NOT NULL OR w.max_in_flight IS NOT NULL OR w.status = 'DEGRADED' OR w.drain > 0 OR ` + subscription.Slowed + `)`

// off: nothing is sent to webhook w.
const off = `(NOT w.enabled OR w.deleted_at IS NOT NULL)`

// claimDue takes on up to $1 deliveries that are due again, for $2 seconds. Rows
// that another worker is just claiming are passed over. What a workflow was to
// carry together with others goes on in one of its own.
var (
	claimDue    = claimInOrder(``)
	claimNewest = claimInOrder(` DESC`)
)

func claimInOrder(direction string) string {
	return `
WITH due AS (
	SELECT id FROM deliveries WHERE dispatch_at <= now() AND attempts > 0
	ORDER BY dispatch_at` + direction + `, id` + direction + ` LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE deliveries d SET dispatch_at = now() + make_interval(secs => $2),
	generation = d.generation + CASE WHEN d.generation = 1 AND d.batch_id IS NOT NULL AND d.finished_at IS NULL THEN 1 ELSE 0 END
FROM due, webhooks w
WHERE d.id = due.id AND w.id = d.webhook_id
RETURNING ` + claimColumns
}

const claimColumns = `d.id, d.generation, d.webhook_id, w.owner_id, d.event_id, d.event_type, d.company_id, w.timeout_seconds, d.finished_at IS NOT NULL AS finished, coalesce(d.run_id, '') AS run_id, w.url, d.attempts,
	coalesce(d.status = 'retrying' AND d.next_attempt_at <= now() - interval '30 seconds', false) AS overdue` // see OfferAfter

type claimRow struct {
	ID             string         `db:"id"`
	Generation     int            `db:"generation"`
	WebhookID      string         `db:"webhook_id"`
	OwnerID        sql.NullString `db:"owner_id"`
	EventID        string         `db:"event_id"`
	EventType      string         `db:"event_type"`
	CompanyID      string         `db:"company_id"`
	TimeoutSeconds sql.NullInt64  `db:"timeout_seconds"`
	Finished       bool           `db:"finished"`
	RunID          string         `db:"run_id"`
	Overdue        bool           `db:"overdue"`
	URL            string         `db:"url"`
	Attempts       int            `db:"attempts"`
}

// Claim takes on up to limit deliveries that are due again, oldest first: their
// workflow is gone, or they never had one. They stay claimed for the lease; one
// that is neither begun nor claimed again by then is due once more.
// While the database is not Calm there are none.
func (s *Store) Claim(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	if !s.Calm() {
		return nil, nil
	}
	query := claimDue
	if s.claims.newest() {
		query = claimNewest
	}
	st, err := s.Prepared(ctx, query)
	if err != nil {
		return nil, core.Classify("prepare the claim", err)
	}
	var claimed []claimRow
	if err := st.SelectContext(ctx, &claimed, limit, lease.Seconds()); err != nil {
		return nil, core.Classify("claim deliveries", err)
	}
	s.claims.note(len(claimed) == limit)
	return claims(claimed), nil
}

// claims converts rows, the oldest delivery first.
func claims(claimed []claimRow) []hook.Claim {
	slices.SortFunc(claimed, func(a, b claimRow) int { return strings.Compare(a.ID, b.ID) })
	out := make([]hook.Claim, 0, len(claimed))
	for _, r := range claimed {
		out = append(out, hook.Claim{
			DeliveryID: r.ID, Generation: r.Generation, WebhookID: r.WebhookID, OwnerID: r.OwnerID.String, EventID: r.EventID, EventType: r.EventType,
			CompanyID: r.CompanyID, Timeout: time.Duration(r.TimeoutSeconds.Int64) * time.Second, Finished: r.Finished, RunID: r.RunID, Overdue: r.Overdue,
			Host: hook.HostOf(r.URL), Attempts: r.Attempts,
		})
	}
	return out
}

// Regenerate gives deliveries to new workflows, because that of the given generation is
// closed and left them unfinished. They are due at once, and keep the places that they
// may have. It passes over those that others have locked, and names them.
func (s *Store) Regenerate(ctx context.Context, deliveryIDs []string, generation int) (locked []string, err error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	err = sqlx.SelectContext(ctx, s.On(ctx), &locked, `
		WITH left_over AS MATERIALIZED (
			SELECT d.id FROM deliveries d WHERE d.id = ANY($1) AND d.generation = $2 AND d.status IN ('pending', 'retrying') ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED
		), given AS (
			UPDATE deliveries d SET generation = generation + 1, dispatch_at = now(), updated_at = now() FROM left_over l WHERE d.id = l.id
		)
		SELECT d.id FROM deliveries d WHERE d.id = ANY($1) AND d.generation = $2 AND d.status IN ('pending', 'retrying') AND d.id NOT IN (SELECT l.id FROM left_over l)`,
		pq.Array(deliveryIDs), generation)
	return locked, core.Classify("give deliveries to new workflows", err)
}

// markCarried notes which workflows carry deliveries, unless they have been given to
// others since, and says which deliveries it has looked at. What is finished is not
// due any more with that.
func markCarried(wait string) string {
	return `
WITH input AS MATERIALIZED (
	SELECT i.id, i.generation, i.batch, i.run_id FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) AS i(id, generation, batch, run_id)
	CROSS JOIN LATERAL (SELECT FROM deliveries d WHERE d.id = i.id FOR NO KEY UPDATE ` + wait + `) d
), noted AS (
	UPDATE deliveries d SET run_id = i.run_id, batch_id = nullif(i.batch, ''), dispatch_at = CASE WHEN d.finished_at IS NULL THEN d.dispatch_at END
	FROM input i WHERE d.id = i.id AND d.generation = i.generation
)
SELECT id FROM input`
}

var (
	MarkUnlocked = markCarried(`SKIP LOCKED`)
	markLocked   = markCarried(``)
)

// Carried notes which workflows carry deliveries. It waits for those alone that
// others have locked.
func (s *Store) Carried(ctx context.Context, all []hook.Carried) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	all = slices.SortedFunc(slices.Values(all), func(a, b hook.Carried) int { return strings.Compare(a.DeliveryID, b.DeliveryID) }) // as others lock them
	s.PassingOver.Lock()
	noted, err := s.note(ctx, MarkUnlocked, all)
	s.PassingOver.Unlock()
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(all, func(c hook.Carried) bool { return noted[c.DeliveryID] })
	if len(left) > 0 {
		_, err = s.note(ctx, markLocked, left)
	}
	return err
}

func (s *Store) note(ctx context.Context, query string, all []hook.Carried) (map[string]bool, error) {
	n := len(all)
	ids, generations, batches, runs := make([]string, n), make([]int64, n), make([]string, n), make([]string, n)
	for i, c := range all {
		ids[i], generations[i], batches[i], runs[i] = c.DeliveryID, int64(c.Generation), c.Batch, c.RunID
	}
	var looked []string
	err := s.ByItself(ctx, "note workflows", query, func(st *sqlx.Stmt) error {
		looked = nil
		return st.SelectContext(ctx, &looked, pq.Array(ids), pq.Array(generations), pq.Array(batches), pq.Array(runs))
	})
	noted := make(map[string]bool, len(looked))
	for _, id := range looked {
		noted[id] = true
	}
	return noted, err
}

// Unclaim makes claimed deliveries due again at once. They keep their places.
func (s *Store) Unclaim(ctx context.Context, deliveryIDs []string) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	_, err := s.On(ctx).ExecContext(ctx, `UPDATE deliveries SET dispatch_at = now() WHERE id = ANY($1) AND dispatch_at < 'infinity'`, pq.Array(deliveryIDs))
	return core.Classify("give claims back", err)
}
