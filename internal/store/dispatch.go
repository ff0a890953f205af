package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"godwit/internal/hook"
)

// limited: the deliveries of webhook w need a place before they are sent; see
// hook.Webhook.Limited.
const limited = `(w.rate_limit_per_second IS NOT NULL OR w.max_in_flight IS NOT NULL OR w.status = 'DEGRADED' OR w.drain > 0)`

// claimDue takes on up to $1 due deliveries for $2 seconds. Rows that another
// worker is just claiming are passed over. What was due before its webhook came
// to have limits is queued instead, unless it was tried already.
const claimDue = `
WITH due AS (
	SELECT id FROM deliveries WHERE dispatch_at <= now() ORDER BY dispatch_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
), claimed AS (
	UPDATE deliveries d SET
		dispatch_at = CASE WHEN ` + limited + ` AND d.attempts = 0 AND d.slot_until IS NULL THEN 'infinity' ELSE now() + make_interval(secs => $2) END
	FROM due, webhooks w
	WHERE d.id = due.id AND w.id = d.webhook_id
	RETURNING ` + claimColumns + `, d.dispatch_at = 'infinity' AS queued
)
SELECT id, generation, webhook_id, owner_id, event_id, event_type, company_id, timeout_seconds, queued FROM claimed`

const claimColumns = `d.id, d.generation, d.webhook_id, w.owner_id, d.event_id, d.event_type, d.company_id, w.timeout_seconds`

type claimRow struct {
	ID             string         `db:"id"`
	Generation     int            `db:"generation"`
	WebhookID      string         `db:"webhook_id"`
	OwnerID        sql.NullString `db:"owner_id"`
	EventID        string         `db:"event_id"`
	EventType      string         `db:"event_type"`
	CompanyID      string         `db:"company_id"`
	TimeoutSeconds sql.NullInt64  `db:"timeout_seconds"`
	Queued         bool           `db:"queued"`
}

// Claim takes on up to limit due deliveries, oldest first. They stay claimed
// for the lease; one that is neither begun nor claimed again by then is due
// once more.
func (s *Store) Claim(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error) {
	st, err := s.prepared(ctx, claimDue)
	if err != nil {
		return nil, classify("prepare the claim", err)
	}
	var claimed []claimRow
	if err := st.SelectContext(ctx, &claimed, limit, lease.Seconds()); err != nil {
		return nil, classify("claim deliveries", err)
	}
	return claims(claimed), nil
}

// claims converts rows, the oldest delivery first.
func claims(claimed []claimRow) []hook.Claim {
	slices.SortFunc(claimed, func(a, b claimRow) int { return strings.Compare(a.ID, b.ID) })
	out := make([]hook.Claim, 0, len(claimed))
	for _, r := range claimed {
		if r.Queued {
			continue
		}
		out = append(out, hook.Claim{
			DeliveryID: r.ID, Generation: r.Generation, WebhookID: r.WebhookID, OwnerID: r.OwnerID.String, EventID: r.EventID,
			EventType: r.EventType, CompanyID: r.CompanyID, Timeout: time.Duration(r.TimeoutSeconds.Int64) * time.Second,
		})
	}
	return out
}

// Regenerate gives a delivery to a new workflow, because the one of the given
// generation is closed and left it unfinished. It is due at once, and keeps the
// place that it may have.
func (s *Store) Regenerate(ctx context.Context, deliveryID string, generation int) error {
	_, err := s.on(ctx).ExecContext(ctx, `
		UPDATE deliveries SET generation = generation + 1, dispatch_at = now(), updated_at = now()
		WHERE id = $1 AND generation = $2 AND status IN ('pending', 'retrying')`, deliveryID, generation)
	return classify("give a delivery to a new workflow", err)
}

// Unclaim makes claimed deliveries due again at once. They keep their places.
func (s *Store) Unclaim(ctx context.Context, deliveryIDs []string) error {
	_, err := s.on(ctx).ExecContext(ctx, `UPDATE deliveries SET dispatch_at = now() WHERE id = ANY($1) AND dispatch_at < 'infinity'`, pq.Array(deliveryIDs))
	return classify("give claims back", err)
}
