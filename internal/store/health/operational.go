package health

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// recordTransition writes a transition down, and says whether an operational
// event tells of it ($10 = its type, "" = none). One that follows from a
// delivery of such an event alone is not told of, or two webhooks that fail
// would go on telling of one another; and that all is well again only where it
// was told that it was not.
const recordTransition = `
INSERT INTO transitions (webhook_id, from_status, status, enabled, cause, reason, delivery_id, actor, note, told)
SELECT $1, $2, $3, $4, $5, $6, $7::text, $8, $9, CASE
	WHEN $10 = '' THEN false
	WHEN $10 = '` + hook.TypeRecovered + `' THEN EXISTS (
		SELECT FROM transitions t WHERE t.webhook_id = $1 AND t.told AND t.seq > coalesce(
			(SELECT w.seq FROM transitions w WHERE w.webhook_id = $1 AND w.status = 'HEALTHY' AND w.enabled ORDER BY w.seq DESC LIMIT 1), 0))
	ELSE NOT EXISTS (SELECT FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id = $7::text AND e.owner_id IS NOT NULL)
	END
RETURNING at, told`

// tell writes the transition down, with the operational event about it.
func (s *Store) tell(ctx context.Context, tx *sqlx.Tx, st step) error {
	c := st.cause.Told(st.before, st.after)
	eventType := hook.OperationalOf(st.before, st.after)
	var recorded struct {
		At   time.Time `db:"at"`
		Told bool      `db:"told"`
	}
	err := tx.GetContext(ctx, &recorded, recordTransition, st.webhookID, st.before.Status, st.after.Status, st.after.Enabled,
		c.What, core.NonEmpty(string(c.Reason)), core.NonEmpty(c.DeliveryID), core.NonEmpty(c.Actor), core.NonEmpty(c.Note), eventType)
	if err != nil {
		return err
	}
	s.Tally.Transition(st.after.Status)
	if !recorded.Told {
		return nil
	}
	var w struct {
		Name    string `db:"name"`
		OwnerID string `db:"owner_id"`
	}
	if err := tx.GetContext(ctx, &w, `SELECT name, owner_id FROM webhooks WHERE id = $1`, st.webhookID); err != nil {
		return err
	}
	state := hook.HealthState{
		Webhook: hook.HealthStateWebhook{
			ID: st.webhookID, Name: w.Name, Status: st.after.Status, Enabled: st.after.Enabled, DisabledReason: orNull(st.after.DisabledReason),
		},
		Cause: c.What, Reason: orNull(c.Reason), DeliveryID: orNull(c.DeliveryID), At: recorded.At.UTC(),
	}
	o := operational{eventType, w.OwnerID, st.webhookID, state}
	rules, err := coveringRules(ctx, tx, o)
	if err != nil {
		return err
	}
	return s.emit(ctx, tx, o, rules)
}

// orNull is nil for an empty text.
func orNull[T ~string](text T) *T {
	if text == "" {
		return nil
	}
	return &text
}

// TellFailed writes the operational event about each delivery of one webhook that
// has failed for good, unless it is one of such an event itself.
func (s *Store) TellFailed(ctx context.Context, tx *sqlx.Tx, deliveryIDs ...string) error {
	if len(deliveryIDs) == 0 {
		return nil
	}
	var failed []struct {
		ledger.DeliveryRow
		OwnerID string `db:"owner_id"`
	}
	err := tx.SelectContext(ctx, &failed, `
		SELECT `+ledger.DeliveryColumnList+`, w.owner_id
		FROM deliveries d JOIN events e ON e.id = d.event_id JOIN webhooks w ON w.id = d.webhook_id
		WHERE d.id = ANY($1) AND d.status = 'failed' AND e.owner_id IS NULL AND w.deleted_at IS NULL ORDER BY d.id`, pq.Array(deliveryIDs))
	if err != nil || len(failed) == 0 {
		return err
	}
	rules, err := coveringRules(ctx, tx, operational{hook.TypeDeliveryFailed, failed[0].OwnerID, failed[0].WebhookID, nil})
	if err != nil || len(rules) == 0 {
		return err
	}
	for _, d := range failed {
		o := operational{hook.TypeDeliveryFailed, d.OwnerID, d.WebhookID, hook.FailedState{Delivery: hook.FailedStateDelivery{
			ID: d.ID, EventID: d.EventID, EventType: d.EventType, WebhookID: d.WebhookID, Attempts: d.Attempts - d.Unused, Reason: hook.Reason(d.Reason.String),
		}}}
		if err := s.emit(ctx, tx, o, rules); err != nil {
			return err
		}
	}
	return nil
}

// operational is an event that Godwit makes about a webhook of an owner.
type operational struct {
	eventType, ownerID, webhookID string
	state                         any
}

// operationalRules finds the rules of the owner's other webhooks, but for those
// that leave the type out. As everywhere a deleted webhook has no keys.
const operationalRules = `
SELECT DISTINCT k.webhook_id, CASE WHEN k.conditional THEN k.rule_id ELSE 0 END AS rule_id
FROM rule_keys k WHERE k.scope = '` + subscription.MemberScope + `' || $1::text AND k.pattern = ANY($2) AND k.part = 0 AND k.webhook_id <> $3
	AND NOT EXISTS (SELECT FROM rule_keys x WHERE x.scope = k.scope AND x.pattern = ANY($2) AND x.rule_id = k.rule_id AND x.part = 0 AND x.webhook_id = '')
	AND k.webhook_id <> ''`

// InsertOwn is ledger.InsertDeliveries for an event of the owner $7.
const InsertOwn = ledger.InsertForWebhooks + ` w.deleted_at IS NULL AND w.owner_id = $7 RETURNING event_id`

// coveringRule is a rule that covers an operational event; RuleID 0 = it has no
// condition.
type coveringRule struct {
	WebhookID string `db:"webhook_id"`
	RuleID    int64  `db:"rule_id"`
}

func coveringRules(ctx context.Context, tx *sqlx.Tx, o operational) (found []coveringRule, err error) {
	err = tx.SelectContext(ctx, &found, operationalRules, o.ownerID, pq.Array(hook.OperationalPatterns(o.eventType)), o.webhookID)
	return found, err
}

// emit stores an operational event with its deliveries, if one of the rules that
// cover it matches. What it is about happens in the same transaction, which holds
// locks: so filters are left to be asked later.
func (s *Store) emit(ctx context.Context, tx *sqlx.Tx, o operational, found []coveringRule) error {
	if len(found) == 0 {
		return nil
	}
	current, err := json.Marshal(o.state)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(current)
	event := hook.Event{ID: id.New(id.Event), Type: o.eventType, OwnerID: o.ownerID, OccurredAt: s.Now().UTC(), Current: current}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO events (id, type, project_id, company_id, owner_id, occurred_at, current, fingerprint, project_name, company_name)
		VALUES ($1, $2, '', '', $3, $4, $5, $6, '', '')`,
		event.ID, event.Type, event.OwnerID, event.OccurredAt, []byte(event.Current), sum[:])
	if err != nil {
		return err
	}
	var matches []hook.Candidate
	matched := map[string]bool{}
	for _, f := range found {
		if f.RuleID == 0 {
			matches = append(matches, hook.Candidate{Event: &event, WebhookID: f.WebhookID})
			matched[f.WebhookID] = true
		}
	}
	if len(matches) > 0 {
		if _, err := tx.ExecContext(ctx, InsertOwn, append(ledger.DeliveryColumns(matches), o.ownerID)...); err != nil {
			return err
		}
	}
	var webhooks []string
	var rules []int64
	for _, f := range found {
		if !matched[f.WebhookID] {
			webhooks, rules = append(webhooks, f.WebhookID), append(rules, f.RuleID)
		}
	}
	if len(rules) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, deferRules, event.ID, pq.Array(webhooks), pq.Array(rules), o.ownerID)
	return err
}

// deferRules keeps that the rules $3 of the webhooks $2 are yet to be asked about
// the event $1 of the owner $4.
const deferRules = `
INSERT INTO judgements (event_id, webhook_id, owner_id, rules, parts)
SELECT $1, u.webhook_id, $4, array_agg(u.rule_id ORDER BY u.rule_id), array_agg(0 ORDER BY u.rule_id)
FROM unnest($2::text[], $3::bigint[]) AS u(webhook_id, rule_id) GROUP BY u.webhook_id`
