package access

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// NewestDeed is the newest row of the audit log of an object, by its index. The object
// and the actions are expressions of SQL.
func NewestDeed(object, actions string) string {
	return `SELECT a.at, a.role, a.key_id, a.user_id FROM audit_log a WHERE a.object_id = ` + object + ` AND a.action = ANY(` + actions + `) ORDER BY a.at DESC, a.id DESC LIMIT 1`
}

// DeedRow is a row of NewestDeed; all of it is NULL where there was none.
type DeedRow struct {
	At     sql.NullTime   `db:"at"`
	Role   sql.NullString `db:"role"`
	KeyID  sql.NullString `db:"key_id"`
	UserID sql.NullString `db:"user_id"`
}

// Deed gives the row as a deed; at is when where the log does not say.
func (r DeedRow) Deed(at time.Time) hook.Deed {
	if !r.At.Valid {
		return hook.Deed{At: at.UTC()}
	}
	by := hook.Principal{KeyID: r.KeyID.String, Role: hook.Role(r.Role.String), UserID: r.UserID.String}
	return hook.Deed{At: r.At.Time.UTC(), Actor: by.Actor()}
}

var selectDeletedWebhook = `
SELECT w.name, w.deleted_at, a.at, a.role, a.key_id, a.user_id FROM webhooks w
LEFT JOIN LATERAL (` + NewestDeed("w.id", "ARRAY['webhook.deleted']") + `) a ON true
WHERE w.id = $1 AND w.deleted_at IS NOT NULL AND ($2 = '' OR w.owner_id = $2)`

// DeletedWebhook tells what a webhook was that was deleted, where the request could see
// it before; nil = there was none.
func (s *Store) DeletedWebhook(ctx context.Context, webhookID string) (*hook.DeletedWebhook, error) {
	owner, bound := core.Tenant(ctx)
	if bound && owner == "" {
		return nil, nil
	}
	var r struct {
		DeedRow
		Name      string    `db:"name"`
		DeletedAt time.Time `db:"deleted_at"`
	}
	err := sqlx.GetContext(ctx, s.On(ctx), &r, selectDeletedWebhook, webhookID, owner)
	if core.UnlessNone(err) != nil {
		return nil, core.Classify("look for a webhook that was deleted", err)
	}
	if err != nil {
		return nil, nil
	}
	return &hook.DeletedWebhook{Name: r.Name, Deed: r.Deed(r.DeletedAt)}, nil
}

// selectWebhookChange has what people changed from the audit log, and when health
// switched the webhook off or on from its transitions.
var selectWebhookChange = `
SELECT c.* FROM (
	(` + NewestDeed("$1", "ARRAY['webhook.updated', 'webhook.enabled', 'webhook.disabled', 'webhook.secret_rotated']") + `)
	UNION ALL
	(SELECT t.at, NULL, NULL, NULL FROM transitions t
	WHERE t.webhook_id = $1 AND t.cause IN ('probe_passed', 'probe_failed', 'gone', 'recovered') ORDER BY t.seq DESC LIMIT 1)
) c ORDER BY c.at DESC LIMIT 1`

// WebhookChange tells who changed a webhook last; nil = nobody knows.
func (s *Store) WebhookChange(ctx context.Context, webhookID string) (*hook.Deed, error) {
	var found []DeedRow
	if err := sqlx.SelectContext(ctx, s.On(ctx), &found, selectWebhookChange, webhookID); err != nil {
		return nil, core.Classify("look for who changed a webhook", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	deed := hook.Deed{At: found[0].At.Time.UTC()}
	if found[0].KeyID.Valid {
		deed = found[0].Deed(deed.At)
	}
	return &deed, nil
}
