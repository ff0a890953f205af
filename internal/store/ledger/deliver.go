package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// FirstState is the status and the reason of a new delivery to the webhook w:
// what matched a disabled one is held. FirstDue is its dispatch_at: what is
// pending is due at once, or queued where the webhook has limits.
const (
	FirstState = `CASE WHEN w.enabled THEN 'pending' ELSE 'held' END, CASE WHEN w.enabled THEN NULL ELSE 'webhook_disabled' END`
	FirstDue   = `CASE WHEN w.enabled THEN CASE WHEN w.limited THEN timestamptz 'infinity' ELSE now() END END`
)

// Addressee looks up the webhook of the delivery d, by its id and nothing else,
// behind OFFSET 0: a condition on deleted_at there makes a plan of the time when
// the table was small go through an index that leads with another column.
const Addressee = `SELECT w.enabled, ` + limited + ` AS limited, w.deleted_at, w.owner_id, w.version, w.timeout_seconds,
	` + KeptOf + `d.type` + KeptEnd + ` AS blue_webhook FROM webhooks w WHERE w.id = d.webhook_id OFFSET 0`

// OwnerIsMember: the owner of webhook w is a member of the project of delivery d.
const OwnerIsMember = `EXISTS (SELECT FROM members o WHERE o.project_id = d.project_id AND o.user_id = w.owner_id OFFSET 0)`

// InsertDeliveries writes the outbox for events that are stored already, for
// those webhooks whose owner is a member of the event's project. Each delivery
// keeps how many its event got (siblings), so that one that vanishes is missed.
const InsertDeliveries = InsertForWebhooks + ` w.deleted_at IS NULL AND ` + OwnerIsMember + `
RETURNING event_id`

// InsertForWebhooks is InsertDeliveries without its condition on webhook w.
const InsertForWebhooks = `
INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, blue_webhook, status, reason, dispatch_at)
SELECT d.id, d.event_id, d.webhook_id, d.type, d.project_id, d.company_id, count(*) OVER (PARTITION BY d.event_id), w.blue_webhook, ` + FirstState + `, ` + FirstDue + `
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS d(id, event_id, webhook_id, type, project_id, company_id)
CROSS JOIN LATERAL (
	` + Addressee + `
) w
WHERE`

// Deliver writes the deliveries of what matched. It gives the id of the event
// of each.
func (s *Store) Deliver(ctx context.Context, tx *sqlx.Tx, matches []hook.Candidate) (delivered []string, err error) {
	if len(matches) == 0 {
		return nil, nil
	}
	insert, err := s.Prepared(ctx, InsertDeliveries)
	if err != nil {
		return nil, err
	}
	err = tx.StmtxContext(ctx, insert).SelectContext(ctx, &delivered, DeliveryColumns(matches)...)
	return delivered, err
}

// DeliveryColumns gives what matched one array per column, with new ids.
func DeliveryColumns(matches []hook.Candidate) []any {
	columns := make([][]string, 6)
	for _, m := range matches {
		for i, value := range []string{id.New(id.Delivery), m.Event.ID, m.WebhookID, m.Event.Type, m.Event.ProjectID, m.Event.CompanyID} {
			columns[i] = append(columns[i], value)
		}
	}
	args := make([]any, len(columns))
	for i := range columns {
		args[i] = pq.Array(columns[i])
	}
	return args
}
