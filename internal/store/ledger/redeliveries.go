package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
)

// ofRedelivery finds the deliveries of webhook $1 from ($2, $3) on, and before $4,
// of the statuses $5, by the reasons that tell these. more ends the walk through
// the index of each reason.
func ofRedelivery(more string) string {
	return `
FROM ` + statusOfReason + ` CROSS JOIN LATERAL (
	SELECT d.id, d.created_at, d.status, d.reason, d.event_type, d.event_id, d.webhook_id, d.project_id, d.superseded, d.test FROM deliveries d
	WHERE d.webhook_id = $1 AND d.reason = x.reason AND (d.created_at, d.id) > ($2, $3) AND d.created_at < $4 ` + more + `
) d WHERE x.status = ANY($5)`
}

// again: delivery d is to be sent again; where types $6, reasons $7 or status codes $8
// are asked for, only of these.
var again = `(NOT d.superseded AND ` + NoTest + ` AND ` + picks("$6", "$7", "$8") + ` AND EXISTS (
	SELECT FROM events e CROSS JOIN LATERAL (SELECT w.owner_id FROM webhooks w WHERE w.id = d.webhook_id OFFSET 0) w
	WHERE e.id = d.event_id AND e.expunged_at IS NULL AND NOT ` + accessLost + ` OFFSET 0
))`

// countedAmong is at how many deliveries of each reason, the oldest, a count looks:
// about a second of work where none of them is to be sent again.
const countedAmong = 100_000

// countAgain counts up to hook.RedeliveryCounted. A count of all would take as long
// as there are many.
var countAgain = fmt.Sprintf(`SELECT count(*) FROM (SELECT %s AND %s LIMIT %d) counted`,
	ofRedelivery(fmt.Sprintf("ORDER BY d.created_at, d.id LIMIT %d", countedAmong)), again, hook.RedeliveryCounted)

// queryArgs are the arguments of again, from the start. A list without anything
// in it must not become NULL.
func queryArgs(q hook.RedeliveryQuery) []any {
	return []any{q.WebhookID, q.Since, "", q.Until, pq.Array(q.Statuses), pq.Array(append([]string{}, q.EventTypes...)),
		pq.Array(append([]hook.Reason{}, q.Reasons...)), multirange(q.StatusCodes)}
}

// createArgs are queryArgs, and what a row of redeliveries has beside them.
func createArgs(q hook.RedeliveryQuery, id string) []any {
	return append(queryArgs(q), id, pq.Array(append([]hook.StatusCodes{}, q.StatusCodes...)))
}

// CountRedelivery says how many deliveries a redelivery would send again, of
// hook.RedeliveryCounted or more the former. A webhook that does not exist is CodeNotFound.
func (s *Store) CountRedelivery(ctx context.Context, q hook.RedeliveryQuery) (n int, err error) {
	err = s.Read(ctx, func(tx *sqlx.Tx) error {
		if _, err := planRedelivery(ctx, tx, &q); err != nil {
			return err
		}
		return core.Classify("count what is to be redelivered", tx.GetContext(ctx, &n, countAgain, queryArgs(q)...))
	})
	return n, err
}

// planRedelivery says whether the webhook is enabled, and sets the end of the
// query by the clock that deliveries are created by. Nothing is locked while
// there is a lot to count: each step looks at the webhook again.
func planRedelivery(ctx context.Context, tx *sqlx.Tx, q *hook.RedeliveryQuery) (enabled bool, err error) {
	until := sql.NullTime{Time: q.Until, Valid: !q.Until.IsZero()}
	err = tx.QueryRowxContext(ctx, `
		SELECT w.enabled, least($2::timestamptz, now()) FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL`, q.WebhookID, until).
		Scan(&enabled, &q.Until)
	return enabled, core.Found("webhook", q.WebhookID, err)
}

// CreateRedelivery stores a redelivery of many, to be carried out in steps. A
// webhook that does not exist is CodeNotFound, one that is switched off is
// CodeConflict.
func (s *Store) CreateRedelivery(ctx context.Context, q hook.RedeliveryQuery) (hook.Redelivery, error) {
	redeliveryID := id.New(id.Redelivery)
	err := s.InTx(ctx, "create a redelivery of "+q.WebhookID, func(tx *sqlx.Tx) error {
		enabled, err := planRedelivery(ctx, tx, &q)
		if err != nil {
			return err
		}
		if !enabled {
			return hook.Errorf(hook.CodeConflict, "the webhook %s is switched off; POST /v1/webhooks/%[1]s/enable first", q.WebhookID)
		}
		var count int
		err = tx.GetContext(ctx, &count, `
			INSERT INTO redeliveries (id, webhook_id, since, until, statuses, event_types, reasons, status_codes, status, dispatch_at, cursor_at, cursor_id, total)
			SELECT $9, $1, $2, $4, $5, $6, $7, $10, 'running', now(), $2, $3, (`+countAgain+`) RETURNING total`, createArgs(q, redeliveryID)...)
		if err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.RedeliveryStarted, ObjectID: redeliveryID, After: access.ShownRedelivery(q, count)})
	})
	if err != nil {
		return hook.Redelivery{}, err
	}
	return s.Redelivery(ctx, q.WebhookID, redeliveryID)
}

// SelectRedelivery counts by status what was sent again, of which nothing but what
// is not on its way, nor has a reason, has succeeded.
var SelectRedelivery = `
SELECT r.id, r.kind, r.webhook_id, r.since, r.until, r.statuses, r.event_types, r.reasons, r.status_codes, r.status, greatest(r.total, r.released) AS total, r.released, r.created_at, r.finished_at,
	s.n - c.failed - c.cancelled - c.pending AS succeeded, c.failed, c.cancelled, c.pending
FROM redeliveries r JOIN webhooks w ON w.id = r.webhook_id AND w.deleted_at IS NULL
CROSS JOIN LATERAL (SELECT count(*) AS n FROM deliveries d WHERE d.redelivery_id = r.id) s
CROSS JOIN LATERAL (
	SELECT coalesce(sum(n.n) FILTER (WHERE n.status = 'failed'), 0)::bigint AS failed, coalesce(sum(n.n) FILTER (WHERE n.status = 'cancelled'), 0)::bigint AS cancelled,
		coalesce(sum(n.n) FILTER (WHERE n.status IN ('pending', 'retrying', 'held')), 0)::bigint AS pending
	FROM (` + amiss("d.redelivery_id = r.id") + ` UNION ALL ` + onItsWayNow("d.redelivery_id = r.id") + `) n
) c`

// pickedRow is what a redelivery or a cancellation asks for.
type pickedRow struct {
	Statuses    pq.StringArray `db:"statuses"`
	EventTypes  pq.StringArray `db:"event_types"`
	Reasons     pq.StringArray `db:"reasons"`
	StatusCodes pq.StringArray `db:"status_codes"`
}

// codes are the status codes as arguments of picks have them.
func (r pickedRow) codes() string { return multirange(named[hook.StatusCodes](r.StatusCodes)) }

// named gives texts the type of what they name.
func named[T ~string](texts []string) []T {
	out := make([]T, len(texts))
	for i, text := range texts {
		out[i] = T(text)
	}
	return out
}

type redeliveryRow struct {
	pickedRow
	ID         string       `db:"id"`
	Kind       string       `db:"kind"`
	WebhookID  string       `db:"webhook_id"`
	Since      time.Time    `db:"since"`
	Until      time.Time    `db:"until"`
	Status     string       `db:"status"`
	Total      int          `db:"total"`
	Released   int          `db:"released"`
	CreatedAt  time.Time    `db:"created_at"`
	FinishedAt sql.NullTime `db:"finished_at"`
	Succeeded  int          `db:"succeeded"`
	Failed     int          `db:"failed"`
	Cancelled  int          `db:"cancelled"`
	Pending    int          `db:"pending"`
}

func (r redeliveryRow) redelivery() (hook.Redelivery, error) {
	q := hook.RedeliveryQuery{
		WebhookID: r.WebhookID, Since: r.Since.UTC(), Until: r.Until.UTC(), EventTypes: r.EventTypes,
		Statuses: named[hook.DeliveryStatus](r.Statuses), Reasons: named[hook.Reason](r.Reasons), StatusCodes: named[hook.StatusCodes](r.StatusCodes),
	}
	if hook.RedeliveryKind(r.Kind) == hook.KindCancellation {
		r.Cancelled = r.Released
	}
	return hook.Redelivery{
		ID: r.ID, Kind: hook.RedeliveryKind(r.Kind), RedeliveryQuery: q, Status: hook.RedeliveryStatus(r.Status), Total: r.Total, Released: r.Released,
		Succeeded: r.Succeeded, Failed: r.Failed, Cancelled: r.Cancelled, Pending: r.Pending,
		CreatedAt: r.CreatedAt.UTC(), FinishedAt: core.NullTime(r.FinishedAt),
	}, nil
}

// Redelivery reads a redelivery of many with its outcome so far.
func (s *Store) Redelivery(ctx context.Context, webhookID, redeliveryID string) (hook.Redelivery, error) {
	var r redeliveryRow
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, SelectRedelivery+` WHERE r.id = $1 AND r.webhook_id = $2`, redeliveryID, webhookID); err != nil {
		return hook.Redelivery{}, core.Found("redelivery", redeliveryID, err)
	}
	return r.redelivery()
}

// Redeliveries lists those of a webhook, newest first.
func (s *Store) Redeliveries(ctx context.Context, webhookID string, page hook.Page) ([]hook.Redelivery, error) {
	var l core.List
	l.Where("r.webhook_id = ?", webhookID)
	tail := l.Newest(core.SortKey{Time: "r.created_at", ID: "r.id"}, page)
	return core.Rows(ctx, s.DB, SelectRedelivery+tail, l.Args, redeliveryRow.redelivery)
}

// CancelRedelivery ends a redelivery of many, or a cancellation: nothing more of it
// is released, or cancelled.
// One that has completed is CodeConflict; cancelling twice changes nothing.
func (s *Store) CancelRedelivery(ctx context.Context, webhookID, redeliveryID string) error {
	err := s.InTx(ctx, "cancel "+redeliveryID, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE redeliveries SET status = 'cancelled', dispatch_at = NULL, due_at = NULL, finished_at = now()
			WHERE id = $1 AND webhook_id = $2 AND status = 'running'`, redeliveryID, webhookID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		done := access.Change{Action: hook.RedeliveryCancelledAction, ObjectID: redeliveryID, Before: access.Shown{"status": hook.RedeliveryRunning}, After: access.Shown{"status": hook.RedeliveryCancelled}}
		return access.Audit(ctx, tx, done)
	})
	if err != nil {
		return err
	}
	r, err := s.Redelivery(ctx, webhookID, redeliveryID)
	if err == nil && r.Status == hook.RedeliveryCompleted {
		return hook.Errorf(hook.CodeConflict, "%s has completed, nothing of it is left to be cancelled", redeliveryID)
	}
	return err
}

const claimRedeliveries = `
UPDATE redeliveries r SET dispatch_at = now() + make_interval(secs => $2)
WHERE r.id = ANY(ARRAY(SELECT id FROM redeliveries WHERE dispatch_at <= now() ORDER BY dispatch_at LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING r.id, r.webhook_id, coalesce((SELECT w.owner_id FROM webhooks w WHERE w.id = r.webhook_id), '') AS owner_id`

// ClaimRedeliveries takes on up to limit redeliveries of many whose workflows
// are to be started. They stay claimed for the lease; one of which no step is
// made by then is due once more.
func (s *Store) ClaimRedeliveries(ctx context.Context, limit int, lease time.Duration) ([]hook.RedeliveryClaim, error) {
	st, err := s.Prepared(ctx, claimRedeliveries)
	if err != nil {
		return nil, core.Classify("prepare the claim of redeliveries", err)
	}
	var claimed []struct {
		ID        string `db:"id"`
		WebhookID string `db:"webhook_id"`
		OwnerID   string `db:"owner_id"`
	}
	if err := st.SelectContext(ctx, &claimed, limit, lease.Seconds()); err != nil {
		return nil, core.Classify("claim redeliveries", err)
	}
	out := make([]hook.RedeliveryClaim, len(claimed))
	for i, c := range claimed {
		out[i] = hook.RedeliveryClaim{RedeliveryID: c.ID, WebhookID: c.WebhookID, OwnerID: c.OwnerID}
	}
	return out, nil
}

// UnclaimRedeliveries makes claimed redeliveries due again at once.
func (s *Store) UnclaimRedeliveries(ctx context.Context, claims []hook.RedeliveryClaim) error {
	ids := make([]string, len(claims))
	for i, c := range claims {
		ids[i] = c.RedeliveryID
	}
	_, err := s.On(ctx).ExecContext(ctx, `UPDATE redeliveries SET dispatch_at = now() WHERE id = ANY($1) AND status = 'running'`, pq.Array(ids))
	return core.Classify("give redeliveries back", err)
}

// NudgeRedeliveries has those go on at once that wait for the webhook.
func NudgeRedeliveries(ctx context.Context, tx *sqlx.Tx, webhookID string) error {
	_, err := tx.ExecContext(ctx, `UPDATE redeliveries SET dispatch_at = now() WHERE webhook_id = $1 AND status = 'running' AND kind = 'redelivery'`, webhookID)
	return err
}
