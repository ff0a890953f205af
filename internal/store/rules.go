package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

type ruleRow struct {
	WebhookID string         `db:"webhook_id"`
	Events    pq.StringArray `db:"events"`
	Projects  pq.StringArray `db:"projects"`
	Companies pq.StringArray `db:"companies"`
}

const selectRules = `SELECT webhook_id, events, projects, companies FROM rules WHERE webhook_id = ANY($1) ORDER BY webhook_id, position`

func (s *Store) attachRules(ctx context.Context, webhooks []hook.Webhook) error {
	ids := make([]string, len(webhooks))
	for i, w := range webhooks {
		ids[i] = w.ID
	}
	var rs []ruleRow
	if err := s.db.SelectContext(ctx, &rs, selectRules, pq.Array(ids)); err != nil {
		return classify("read rules", err)
	}
	at := make(map[string]int, len(ids))
	for i, id := range ids {
		at[id] = i
	}
	for _, r := range rs {
		w := &webhooks[at[r.WebhookID]]
		w.Rules = append(w.Rules, r.rule())
	}
	return nil
}

func (r ruleRow) rule() hook.Rule {
	return hook.Rule{Events: r.Events, Projects: r.Projects, Companies: r.Companies}
}

func rulesOf(ctx context.Context, q sqlx.QueryerContext, webhookID string) ([]hook.Rule, error) {
	var rs []ruleRow
	if err := sqlx.SelectContext(ctx, q, &rs, selectRules, pq.Array([]string{webhookID})); err != nil {
		return nil, classify("read rules", err)
	}
	rules := make([]hook.Rule, len(rs))
	for i, r := range rs {
		rules[i] = r.rule()
	}
	return rules, nil
}

// insertRules stores a webhook's rules as written, and as the look-up needs
// them: one key per scope and pattern.
func insertRules(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	for i, r := range w.Rules {
		var id int64
		err := tx.GetContext(ctx, &id, `
			INSERT INTO rules (webhook_id, position, events, projects, companies) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			w.ID, i, pq.StringArray(r.Events), stringArray(r.Projects), stringArray(r.Companies))
		if err != nil {
			return fmt.Errorf("insert rule %d: %w", i, err)
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO rule_keys (scope, pattern, rule_id, webhook_id)
			SELECT scope, pattern, $3, $4 FROM unnest($1::text[]) AS s(scope), unnest($2::text[]) AS p(pattern)`,
			pq.Array(scopes(w.OwnerID, r)), pq.Array(r.Events), id, w.ID)
		if err != nil {
			return fmt.Errorf("insert the keys of rule %d: %w", i, err)
		}
	}
	return insertPrefixes(ctx, tx, w.Rules)
}

// insertPrefixes notes which prefixes are in use.
func insertPrefixes(ctx context.Context, tx *sqlx.Tx, rules []hook.Rule) error {
	var prefixes []string
	for _, r := range rules {
		for _, pattern := range r.Events {
			if hook.IsPrefix(pattern) {
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
	memberScope  = "member:"
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
		out = append(out, memberScope+ownerID)
	}
	return out
}

// checkRules looks every name in the rules up and collects what is wrong.
func checkRules(ctx context.Context, tx *sqlx.Tx, ownerID string, rules []hook.Rule) error {
	known, err := lookUp(ctx, tx, ownerID, rules)
	if err != nil {
		return fmt.Errorf("look up the names in the rules: %w", err)
	}
	var bad []hook.Field
	for i, r := range rules {
		bad = append(bad, known.check(fmt.Sprintf("/rules/%d", i), ownerID, r)...)
	}
	if len(bad) > 0 {
		return &hook.Error{Code: hook.CodeInvalid, Message: "the rules name things that can't be used", Fields: bad}
	}
	return nil
}

// names holds which of the looked-up names exist.
type names struct {
	types, projects, companies, memberOf []string
}

func lookUp(ctx context.Context, tx *sqlx.Tx, ownerID string, rules []hook.Rule) (names, error) {
	var n names
	var types, projects, companies []string
	for _, r := range rules {
		types, projects, companies = append(types, r.Events...), append(projects, r.Projects...), append(companies, r.Companies...)
	}
	for _, q := range []struct {
		into  *[]string
		query string
		args  []any
	}{
		{&n.types, `SELECT name FROM event_types WHERE name = ANY($1)`, []any{pq.Array(types)}},
		{&n.projects, `SELECT id FROM projects WHERE id = ANY($1)`, []any{pq.Array(projects)}},
		{&n.companies, `SELECT id FROM companies WHERE id = ANY($1)`, []any{pq.Array(companies)}},
		{&n.memberOf, `SELECT project_id FROM members WHERE project_id = ANY($1) AND user_id = $2`, []any{pq.Array(projects), ownerID}},
	} {
		if err := tx.SelectContext(ctx, q.into, q.query, q.args...); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (n names) check(at, ownerID string, r hook.Rule) []hook.Field {
	var bad []hook.Field
	add := func(list string, i int, format string, args ...any) {
		bad = append(bad, hook.Field{Pointer: fmt.Sprintf("%s/%s/%d", at, list, i), Detail: fmt.Sprintf(format, args...)})
	}
	for i, t := range r.Events {
		if !hook.IsPrefix(t) && !slices.Contains(n.types, t) {
			add("events", i, "there is no event type %q; GET /v1/event-types lists them", t)
		}
	}
	for i, p := range r.Projects {
		switch {
		case !slices.Contains(n.projects, p):
			add("projects", i, "there is no project %q", p)
		case !slices.Contains(n.memberOf, p):
			add("projects", i, "the owner %q is not a member of project %q", ownerID, p)
		}
	}
	for i, c := range r.Companies {
		if !slices.Contains(n.companies, c) {
			add("companies", i, "there is no company %q", c)
		}
	}
	return bad
}
