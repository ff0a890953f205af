package subscription

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// RuleRow is a rule as stored.
type RuleRow struct {
	ID          int64          `db:"id"`
	WebhookID   string         `db:"webhook_id"`
	Events      pq.StringArray `db:"events"`
	NotEvents   pq.StringArray `db:"not_events"`
	Projects    pq.StringArray `db:"projects"`
	Companies   pq.StringArray `db:"companies"`
	Filter      sql.NullString `db:"filter"`
	Combination []byte         `db:"combination"`
	OwnerID     string         `db:"owner_id"` // read where it is needed
}

// RuleColumns are the columns of a RuleRow.
const RuleColumns = `id, webhook_id, events, not_events, projects, companies, filter, combination`

const selectRules = `SELECT ` + RuleColumns + ` FROM rules WHERE webhook_id = ANY($1) ORDER BY webhook_id, position`

// Rule converts a row.
func (r RuleRow) Rule() (hook.Rule, error) {
	rule := hook.Rule{Events: core.OrNil(r.Events), NotEvents: core.OrNil(r.NotEvents), Projects: core.OrNil(r.Projects), Companies: core.OrNil(r.Companies), Filter: r.Filter.String}
	if r.Combination == nil {
		return rule, nil
	}
	rule.Combination = new(hook.Combination)
	if err := json.Unmarshal(r.Combination, rule.Combination); err != nil {
		return rule, core.Fault(fmt.Errorf("decode combination rule %d: %w", r.ID, err))
	}
	return rule, nil
}

func (s *Store) attachRules(ctx context.Context, webhooks []hook.Webhook) error {
	ids := make([]string, len(webhooks))
	at := make(map[string]int, len(webhooks))
	for i, w := range webhooks {
		ids[i], at[w.ID] = w.ID, i
	}
	var rs []RuleRow
	if err := sqlx.SelectContext(ctx, s.On(ctx), &rs, selectRules, pq.Array(ids)); err != nil {
		return core.Classify("read rules", err)
	}
	for _, r := range rs {
		rule, err := r.Rule()
		if err != nil {
			return err
		}
		w := &webhooks[at[r.WebhookID]]
		w.Rules = append(w.Rules, rule)
	}
	return nil
}

// RulesOf reads the rules of a webhook in their order.
func RulesOf(ctx context.Context, q sqlx.QueryerContext, webhookID string) ([]hook.Rule, error) {
	stored, err := StoredRules(ctx, q, selectRules, pq.Array([]string{webhookID}))
	rules := make([]hook.Rule, len(stored))
	for i, r := range stored {
		rules[i] = r.Rule
	}
	return rules, err
}

// StoredRules reads rules with their ids.
func StoredRules(ctx context.Context, q sqlx.QueryerContext, query string, args ...any) ([]hook.StoredRule, error) {
	var rs []RuleRow
	if err := sqlx.SelectContext(ctx, q, &rs, query, args...); err != nil {
		return nil, core.Classify("read rules", err)
	}
	out := make([]hook.StoredRule, len(rs))
	for i, r := range rs {
		rule, err := r.Rule()
		if err != nil {
			return nil, err
		}
		out[i] = hook.StoredRule{ID: r.ID, Rule: rule, OwnerID: r.OwnerID}
	}
	return out, nil
}

// insertRule stores a rule as written, and as the look-up needs it: one key per
// scope, pattern and part. The keys of what the rule leaves out have no webhook.
// Those of parts have none: the judge looks at these.
func insertRule(ctx context.Context, tx *sqlx.Tx, w hook.Webhook, position int) error {
	r := w.Rules[position]
	var combination []byte
	if r.Combination != nil {
		var err error
		if combination, err = json.Marshal(r.Combination); err != nil {
			return core.Fault(fmt.Errorf("encode rule %d: %w", position, err))
		}
	}
	var id int64
	err := tx.GetContext(ctx, &id, `
		INSERT INTO rules (webhook_id, position, events, projects, companies, filter, combination, not_events)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
		w.ID, position, stringArray(r.Events), stringArray(r.Projects), stringArray(r.Companies), core.NonEmpty(r.Filter), combination, stringArray(r.NotEvents))
	if err != nil {
		return fmt.Errorf("insert rule %d: %w", position, err)
	}
	patterns, parts := keysOf(r)
	_, err = tx.ExecContext(ctx, `
		INSERT INTO rule_keys (scope, pattern, part, rule_id, webhook_id, conditional)
		SELECT scope, pattern, part, $4, CASE WHEN pattern = ANY($7) THEN '' ELSE $5 END, $6
		FROM unnest($1::text[]) AS s(scope), unnest($2::text[], $3::smallint[]) AS p(pattern, part)`,
		pq.Array(scopes(w.OwnerID, r)), pq.Array(patterns), pq.Array(parts), id, w.ID, r.Filter != "" || r.Combination != nil, stringArray(r.NotEvents))
	if err != nil {
		return fmt.Errorf("insert the keys of rule %d: %w", position, err)
	}
	return nil
}

// keysOf lists the patterns of a rule with the number of the part that each
// belongs to.
func keysOf(r hook.Rule) (patterns []string, parts []int64) {
	add := func(part int, names []string) {
		for _, name := range names {
			patterns, parts = append(patterns, name), append(parts, int64(part))
		}
	}
	add(0, r.Events)
	add(0, r.NotEvents)
	if c := r.Combination; c != nil {
		for i, p := range c.AllOf {
			add(i+1, p.Events)
		}
		for i, p := range c.NoneOf {
			add(-i-1, p.Events)
		}
	}
	return patterns, parts
}

// InsertRules writes the rules of a new webhook.
func InsertRules(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	for i := range w.Rules {
		if err := insertRule(ctx, tx, w, i); err != nil {
			return err
		}
	}
	return insertPrefixes(ctx, tx, w.Rules)
}

// ReplaceRules checks and stores rules that were changed. Others stay, with
// their open windows, also where what they name is gone since: that must not
// stand in the way of disabling the webhook.
func ReplaceRules(ctx context.Context, tx *sqlx.Tx, before, after hook.Webhook) error {
	if reflect.DeepEqual(before.Rules, after.Rules) {
		return nil
	}
	stored, err := StoredRules(ctx, tx, selectRules, pq.Array([]string{after.ID}))
	if err != nil {
		return err
	}
	kept, at := []int64{}, []int64{}
	isNew := make([]bool, len(after.Rules))
	for i, r := range after.Rules {
		same := slices.IndexFunc(stored, func(s hook.StoredRule) bool { return !slices.Contains(kept, s.ID) && reflect.DeepEqual(s.Rule, r) })
		if isNew[i] = same < 0; !isNew[i] {
			kept, at = append(kept, stored[same].ID), append(at, int64(i))
		}
	}
	if err := CheckRules(ctx, tx, after, isNew); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, retireRules, after.ID, pq.Array(kept)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE rules r SET position = n.position FROM unnest($1::bigint[], $2::int[]) AS n(id, position) WHERE r.id = n.id`,
		pq.Array(kept), pq.Array(at))
	if err != nil {
		return err
	}
	for i := range after.Rules {
		if !isNew[i] {
			continue
		}
		if err := insertRule(ctx, tx, after, i); err != nil {
			return err
		}
	}
	return insertPrefixes(ctx, tx, after.Rules)
}

// insertPrefixes notes which patterns with a star are in use.
func insertPrefixes(ctx context.Context, tx *sqlx.Tx, rules []hook.Rule) error {
	var prefixes []string
	for _, r := range rules {
		patterns, _ := keysOf(r)
		for _, pattern := range patterns {
			if hook.IsPattern(pattern) {
				prefixes = append(prefixes, pattern)
			}
		}
	}
	slices.Sort(prefixes) // one order for all, so that webhooks made at once don't deadlock
	_, err := tx.ExecContext(ctx, `
		INSERT INTO rule_prefixes (pattern) SELECT pattern FROM unnest($1::text[]) AS p(pattern) ON CONFLICT DO NOTHING`, pq.Array(slices.Compact(prefixes)))
	return err
}

// stringArray is never NULL.
func stringArray(items []string) pq.StringArray {
	if items == nil {
		return pq.StringArray{}
	}
	return items
}

// The kinds of a scope in rule_keys; the look-up in ingest.go uses them too.
const (
	projectScope = "project:"
	companyScope = "company:"
	MemberScope  = "member:"
)

// scopes lists where a rule applies, in the words of rule_keys.
func scopes(ownerID string, r hook.Rule) []string {
	var out []string
	for _, id := range r.Projects {
		out = append(out, projectScope+id)
	}
	for _, id := range r.Companies {
		out = append(out, companyScope+id)
	}
	if len(out) == 0 {
		out = append(out, MemberScope+ownerID)
	}
	return out
}

// retireRules takes all rules but $2 from the webhook $1. Events that were accepted
// before are judged by those that they had then. What happens for a combination
// counts only while the rule is there.
const retireRules = `
WITH gone AS (DELETE FROM rules WHERE webhook_id = $1 AND id <> ALL($2) RETURNING ` + RuleColumns + `)
INSERT INTO retired_rules (` + RuleColumns + `) SELECT ` + RuleColumns + ` FROM gone WHERE filter IS NOT NULL`
