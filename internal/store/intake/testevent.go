package intake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// SendTest stores an event for one webhook alone, whatever its rules, with its
// delivery, and gives both ids. It happens in a project of the webhook's first
// rule that the owner is a member of, else in another one of the owner's; an
// operational event needs none. The webhook may be off. One that does not exist is
// CodeNotFound; one test too many for its owner is CodeQuota or CodeRateLimited; an
// unknown type, and an owner without a project, are CodeInvalid.
func (s *Store) SendTest(ctx context.Context, t hook.TestEvent) (eventID, deliveryID string, err error) {
	err = s.InTx(ctx, "send a test to "+t.WebhookID, func(tx *sqlx.Tx) error {
		ownerID, err := lockForTest(ctx, tx, t.WebhookID)
		if err != nil {
			return err
		}
		rules, err := subscription.RulesOf(ctx, tx, t.WebhookID)
		if err != nil {
			return err
		}
		event, err := testEvent(ctx, tx, t, rules)
		if err != nil {
			return err
		}
		if hook.Operational(event.Type) {
			event.OwnerID = ownerID
		} else if event.ProjectID, event.CompanyID, err = testProject(ctx, tx, ownerID, rules); err != nil {
			return err
		}
		eventID = event.ID
		bytes := hook.TestBytes(event.Previous, event.Current)
		err = s.Use(ctx, tx, ownerID, func(u hook.Usage, l hook.Limits, now time.Time) (hook.Usage, error) { return u.Test(l, bytes, now) })
		if err != nil {
			return err
		}
		if deliveryID, err = storeTest(ctx, tx, t.WebhookID, ownerID, event); err != nil {
			return err
		}
		sent := access.Shown{"event_id": eventID, "delivery_id": deliveryID, "type": event.Type}
		return access.Audit(ctx, tx, access.Change{Action: hook.WebhookTested, ObjectID: t.WebhookID, After: sent})
	})
	return eventID, deliveryID, err
}

// lockForTest keeps the webhook from being deleted.
func lockForTest(ctx context.Context, tx *sqlx.Tx, webhookID string) (ownerID string, err error) {
	err = tx.GetContext(ctx, &ownerID, `SELECT owner_id FROM webhooks WHERE id = $1 AND deleted_at IS NULL FOR SHARE`, webhookID)
	return ownerID, core.Found("webhook", webhookID, err)
}

// testEvent fills what the test leaves open from the catalogue.
func testEvent(ctx context.Context, tx *sqlx.Tx, t hook.TestEvent, rules []hook.Rule) (hook.Event, error) {
	if t.Type == "" {
		var names []string
		if err := tx.SelectContext(ctx, &names, `SELECT name FROM event_types ORDER BY name`); err != nil {
			return hook.Event{}, err
		}
		t.Type = hook.TestType(rules, names)
	}
	var r subscription.EventTypeRow
	err := tx.GetContext(ctx, &r, `SELECT `+subscription.EventTypeColumns+` FROM event_types WHERE name = $1`, t.Type)
	if errors.Is(err, sql.ErrNoRows) {
		return hook.Event{}, hook.Field{Pointer: "/type", Code: hook.FieldNotFound, Params: hook.Params{"kind": "event_type", "id": t.Type}, Detail: fmt.Sprintf("there is no event type %q; GET /v1/event-types lists them", t.Type)}.Invalid()
	}
	e := hook.Event{ID: id.New(id.Event), Type: t.Type, Previous: t.Previous, Current: t.Current}
	if t.Previous == nil && t.Current == nil {
		e.Previous, e.Current = example(r.Previous), example(r.Current)
	}
	if e.Previous == nil && e.Current == nil { // a type without an example
		e.Current = []byte(`{}`)
	}
	return e, err
}

// example is a state of the catalogue, where null may be no bytes at all.
func example(stored []byte) []byte {
	if len(stored) == 0 {
		return nil
	}
	return stored
}

// testProject picks the project in which a test happens. The membership can't end
// in the meantime.
func testProject(ctx context.Context, tx *sqlx.Tx, ownerID string, rules []hook.Rule) (projectID, companyID string, err error) {
	var first hook.Rule
	if len(rules) > 0 {
		first = rules[0]
	}
	err = tx.QueryRowxContext(ctx, `
		SELECT p.id, p.company_id FROM members m JOIN projects p ON p.id = m.project_id WHERE m.user_id = $1
		ORDER BY array_position($2::text[], p.id::text) NULLS LAST, p.company_id = ANY($3) DESC, m.created_at, p.id LIMIT 1 FOR KEY SHARE OF m`,
		ownerID, pq.Array(append([]string{}, first.Projects...)), pq.Array(append([]string{}, first.Companies...))).Scan(&projectID, &companyID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", hook.Errorf(hook.CodeInvalid, "the owner %q is a member of no project in which the test could happen; make the owner a member of one first", ownerID)
	}
	return projectID, companyID, err
}

// insertTest writes the delivery $1 of the test $2 to the webhook $3. It is due at
// once, whether the webhook is on or not.
const insertTest = `
INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, blue_webhook, status, dispatch_at, test)
SELECT $1, $2, w.id, $4, $5, $6, 1, ` + ledger.KeptOf + `$4` + ledger.KeptEnd + `, 'pending', now(), true
FROM webhooks w WHERE w.id = $3 RETURNING id`

func storeTest(ctx context.Context, tx *sqlx.Tx, webhookID, ownerID string, e hook.Event) (deliveryID string, err error) {
	_, err = tx.ExecContext(ctx, `
		INSERT INTO events (id, type, project_id, company_id, owner_id, occurred_at, previous, current, fingerprint, private_to, charged_bytes, project_name, company_name)
		VALUES ($1, $2, $3, $4, $5, now(), $6, $7, $8, $9, $10,
			coalesce((SELECT p.name FROM projects p WHERE p.id = $3), ''), coalesce((SELECT c.name FROM companies c WHERE c.id = $4), ''))`,
		e.ID, e.Type, e.ProjectID, e.CompanyID, core.NonEmpty(e.OwnerID), subscription.NullBytes(e.Previous), subscription.NullBytes(e.Current), ledger.Fingerprint(e), ownerID,
		hook.TestBytes(e.Previous, e.Current))
	if err != nil {
		return "", err
	}
	return deliveryID, tx.GetContext(ctx, &deliveryID, insertTest, id.New(id.Delivery), e.ID, webhookID, e.Type, e.ProjectID, e.CompanyID)
}
