package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// firstState is the status and the reason of a new delivery to the webhook w:
// what matched a disabled one is held. firstDue is its dispatch_at: what is
// pending is due at once, or queued where the webhook has limits.
const (
	firstState = `CASE WHEN w.enabled THEN 'pending' ELSE 'held' END, CASE WHEN w.enabled THEN NULL ELSE 'webhook_disabled' END`
	firstDue   = `CASE WHEN w.enabled THEN CASE WHEN w.limited THEN timestamptz 'infinity' ELSE now() END END`
)

// addressee looks up the webhook of the delivery d, by its id and nothing else,
// behind OFFSET 0: a condition on deleted_at there makes a plan of the time when
// the table was small go through an index that leads with another column.
const addressee = `SELECT w.enabled, ` + limited + ` AS limited, w.deleted_at, w.owner_id, w.version, w.timeout_seconds,
	` + keptOf + `d.type` + keptEnd + ` AS blue_webhook FROM webhooks w WHERE w.id = d.webhook_id OFFSET 0`

const ownerIsMember = `EXISTS (SELECT FROM members o WHERE o.project_id = d.project_id AND o.user_id = w.owner_id OFFSET 0)`

// insertDeliveries writes the outbox for events that are stored already, for
// those webhooks whose owner is a member of the event's project. Each delivery
// keeps how many its event got (siblings), so that one that vanishes is missed.
const insertDeliveries = insertForWebhooks + ` w.deleted_at IS NULL AND ` + ownerIsMember + `
RETURNING event_id`

const insertForWebhooks = `
INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, blue_webhook, status, reason, dispatch_at)
SELECT d.id, d.event_id, d.webhook_id, d.type, d.project_id, d.company_id, count(*) OVER (PARTITION BY d.event_id), w.blue_webhook, ` + firstState + `, ` + firstDue + `
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS d(id, event_id, webhook_id, type, project_id, company_id)
CROSS JOIN LATERAL (
	` + addressee + `
) w
WHERE`

// deliver writes the deliveries of what matched. It gives the id of the event
// of each.
func (s *ledgerStore) deliver(ctx context.Context, tx *sqlx.Tx, matches []hook.Candidate) (delivered []string, err error) {
	if len(matches) == 0 {
		return nil, nil
	}
	insert, err := s.prepared(ctx, insertDeliveries)
	if err != nil {
		return nil, err
	}
	err = tx.StmtxContext(ctx, insert).SelectContext(ctx, &delivered, deliveryColumns(matches)...)
	return delivered, err
}

// deliveryColumns gives what matched one array per column, with new ids.
func deliveryColumns(matches []hook.Candidate) []any {
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
