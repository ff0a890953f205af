package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

const selectRuleFacts = `
SELECT ` + subscription.RuleColumns + `, created_at,
	EXISTS (SELECT FROM window_events x WHERE x.event_id = $2 AND x.rule_id = r.id) AS waiting,
	coalesce((SELECT p.event_id FROM combination_parts p WHERE p.part_event_id = $2 AND p.rule_id = r.id ORDER BY p.event_id LIMIT 1),
		(SELECT p.event_id FROM combination_parts p WHERE p.event_id = $2 AND p.rule_id = r.id LIMIT 1), '') AS fired_as
FROM rules r WHERE webhook_id = $1 ORDER BY position`

type ruleFactsRow struct {
	subscription.RuleRow
	CreatedAt time.Time `db:"created_at"`
	Waiting   bool      `db:"waiting"`
	FiredAs   string    `db:"fired_as"`
}

func (r ruleFactsRow) facts() (hook.RuleFacts, error) {
	rule, err := r.Rule()
	return hook.RuleFacts{Rule: rule, CreatedAt: r.CreatedAt.UTC(), Waiting: r.Waiting, FiredAs: r.FiredAs}, err
}

// Facts gathers what the ledger knows of an event and a webhook.
func (s *Store) Facts(ctx context.Context, w hook.Webhook, e hook.Event) (hook.Facts, error) {
	var facts hook.Facts
	var since time.Time
	var err error
	if e.OwnerID == "" {
		err = sqlx.GetContext(ctx, s.On(ctx), &since, `SELECT created_at FROM members WHERE project_id = $1 AND user_id = $2`, e.ProjectID, w.OwnerID)
	} else if e.OwnerID == w.OwnerID {
		since = w.CreatedAt
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return facts, core.Classify("look for the membership", err)
	}
	facts.MemberSince = since.UTC()
	deliveries, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: e.ID, WebhookID: w.ID}, hook.Page{Limit: 1})
	if err != nil {
		return facts, err
	}
	if len(deliveries) > 0 {
		facts.Delivery = &deliveries[0]
	}
	err = sqlx.GetContext(ctx, s.On(ctx), &facts.Judging, `SELECT EXISTS (SELECT FROM judgements WHERE event_id = $1 AND webhook_id = $2)`, e.ID, w.ID)
	if err != nil {
		return facts, core.Classify("look for judgements", err)
	}
	facts.Rules, err = core.Rows(ctx, s.DB, selectRuleFacts, []any{w.ID, e.ID}, ruleFactsRow.facts)
	return facts, err
}
