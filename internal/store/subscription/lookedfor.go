package subscription

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// LookedFor is the condition that a row of a table is the one that a person looks for:
// a text is a part of its name or of what more names, or its id begins with it.
func LookedFor(alias, text string, more ...string) []core.Condition {
	if text == "" {
		return nil
	}
	either := "starts_with(" + alias + ".id, ?)"
	for _, part := range append([]string{alias + ".name"}, more...) {
		either += " OR strpos(lower(" + part + "), lower(?)) > 0"
	}
	return []core.Condition{{Text: "(" + either + ")", Value: text}}
}

// hostOfWebhook is the host in a webhook's URL, with its port. The rest of the URL
// may be a secret, which nobody should find out by searching.
const hostOfWebhook = `split_part(split_part(split_part(w.url, '://', 2), '/', 1), '?', 1)`

// webhookSorts are the orders that are not by time, as hook.WebhookSort.Cursor has
// them. Each has an index.
var webhookSorts = map[hook.WebhookSort]string{
	hook.SortName: sortedName,
	hook.SortAttention: `(CASE WHEN w.disabled_reason IN ('health', 'gone') THEN '0'
		WHEN w.enabled AND w.status <> 'HEALTHY' THEN '1' ELSE '2' END || ` + sortedName + `)`,
}

var sortedName = fmt.Sprintf(`lower("left"(w.name, %d))`, hook.SortedLetters)

// operationalPatterns is an array of SQL.
var operationalPatterns = `'{` + strings.Join(hook.AllOperationalPatterns(), ",") + `}'::text[]`

// RuleUnreachable: no event can match rule r of webhook w any more. It says of one rule
// what names.Unreachable says, but not why.
var RuleUnreachable = `(
	CASE WHEN cardinality(r.projects) + cardinality(r.companies) = 0
		THEN NOT r.events && ` + operationalPatterns + ` AND NOT EXISTS (SELECT FROM members m WHERE m.user_id = w.owner_id OFFSET 0)
		ELSE NOT EXISTS (SELECT FROM members m WHERE m.user_id = w.owner_id AND m.project_id = ANY(r.projects) OFFSET 0)
			AND NOT EXISTS (SELECT FROM unnest(r.companies) AS c(id) JOIN projects p ON p.company_id = c.id JOIN members m ON m.project_id = p.id AND m.user_id = w.owner_id OFFSET 0)
	END
	OR cardinality(r.events) > 0 AND NOT EXISTS (SELECT FROM unnest(r.events) AS e(pattern) WHERE ` + mayMatch("e") + `)
	OR r.combination IS NOT NULL AND EXISTS (SELECT FROM rule_keys k WHERE k.rule_id = r.id AND k.part > 0 GROUP BY k.part HAVING NOT bool_or(` + mayMatch("k") + `))
)`

// mayMatch: the pattern of a row stands for types that there are, or may be.
func mayMatch(alias string) string {
	return fmt.Sprintf(`(starts_with(%[1]s.pattern, '*') OR right(%[1]s.pattern, 1) = '*' OR EXISTS (SELECT FROM event_types t WHERE t.name = %[1]s.pattern))`, alias)
}

var stuck = `(w.disabled_reason IN ('health', 'gone') OR EXISTS (SELECT FROM rules r WHERE r.webhook_id = w.id AND ` + RuleUnreachable + ` OFFSET 0))`

// reachesProject: a rule of webhook w names the project or its company, or neither, and
// the owner is a member of it.
var reachesProject = `(w.owner_id IN (SELECT m.user_id FROM members m WHERE m.project_id = ?) AND EXISTS (
	SELECT FROM rules r WHERE r.webhook_id = w.id AND (
		? = ANY(r.projects) OR (SELECT p.company_id FROM projects p WHERE p.id = ?) = ANY(r.companies)
		OR cardinality(r.projects) + cardinality(r.companies) = 0 AND NOT r.events && ` + operationalPatterns + `
	) OFFSET 0))`

// matchesType: a rule of webhook w has one of these patterns, and leaves none of them
// out; in a combination, a part of it that has to happen.
const matchesType = `EXISTS (SELECT FROM rules r WHERE r.webhook_id = w.id AND CASE WHEN r.combination IS NULL
	THEN r.events && ? AND NOT r.not_events && ?
	ELSE EXISTS (SELECT FROM jsonb_array_elements(convert_from(r.combination, 'UTF8')::jsonb -> 'all_of') AS part
		WHERE jsonb_exists_any(part -> 'events', ?) AND NOT coalesce(jsonb_exists_any(part -> 'not_events', ?), false))
	END OFFSET 0)`

// WebhookSearch goes through the webhooks that the request may see. What no index
// knows is looked for in them, so many in one page.
func WebhookSearch(ctx context.Context, f hook.WebhookFilter) core.Search {
	w := core.Way{Served: []core.Condition{{Text: "w.deleted_at IS NULL"}}, Rest: LookedFor("w", f.Text, hostOfWebhook)}
	w.Served = append(w.Served, core.Equal("w.owner_id", f.OwnerID)...)
	if userID, bound := core.Tenant(ctx); bound {
		w.Served = append(w.Served, core.Condition{Text: "w.owner_id = ?", Value: userID})
	}
	if f.IDs != nil {
		w.Served = append(w.Served, core.Condition{Text: "w.id = ANY(?)", Value: pq.Array(f.IDs)})
	}
	if f.Status != "" {
		w.Rest = append(w.Rest, core.Condition{Text: "w.status = ?", Value: f.Status})
	}
	if f.Enabled != nil {
		w.Rest = append(w.Rest, core.Condition{Text: "w.enabled = ?", Value: *f.Enabled})
	}
	if f.ProjectID != "" {
		w.Rest = append(w.Rest, core.Condition{Text: "w.id IN (SELECT webhook_id FROM rules WHERE projects @> ARRAY[?])", Value: f.ProjectID})
	}
	if f.Reaches != "" {
		w.Rest = append(w.Rest, core.Condition{Text: reachesProject, Value: f.Reaches})
	}
	if f.Stuck {
		w.Rest, w.LooksUp = append(w.Rest, core.Condition{Text: stuck}), true
	}
	if f.EventType != "" {
		w.Rest = append(w.Rest, core.Condition{Text: "EXISTS (SELECT FROM rules r WHERE r.webhook_id = w.id AND ? = ANY(r.events))", Value: f.EventType})
	}
	if f.Matches != "" {
		w.Rest, w.LooksUp = append(w.Rest, core.Condition{Text: matchesType, Value: pq.Array(hook.PatternsOf(f.Matches))}), true
	}
	return core.Search{Columns: WebhookColumns, Table: "webhooks w", Key: core.SortKey{Time: "w.created_at", ID: "w.id", Text: webhookSorts[f.Sort]}, Ways: []core.Way{w}}
}

// DirectorySearch goes through all of a table of the directory, such as "users u".
func DirectorySearch(columns, table string, w core.Way) core.Search {
	q := core.Search{Columns: columns, Table: table, Ways: []core.Way{w}}
	q.Key = core.SortKey{Time: q.Name() + ".created_at", ID: q.Name() + ".id"}
	return q
}

// Also are the conditions of a list of deliveries that no index knows.
func Also(f hook.DeliveryFilter) (all []core.Condition) {
	if f.Latest {
		all = append(all, core.Condition{Text: "NOT d.superseded"})
	}
	if f.IDPrefix != "" {
		all = append(all, core.Condition{Text: "(starts_with(d.id, ?) OR starts_with(d.event_id, ?))", Value: f.IDPrefix})
	}
	return slices.Concat(all, core.Equal("d.redelivery_id", f.RedeliveryID))
}

// Webhooks lists webhooks that the request may see, with their rules, newest first.
func (s *Store) Webhooks(ctx context.Context, f hook.WebhookFilter, page hook.Page) ([]hook.Webhook, error) {
	l := core.LargeRows[hook.Webhook]{
		Read: func(p hook.Page) ([]hook.Webhook, error) { return s.webhooks(ctx, f, p) },
		Size: hook.Webhook.Size, Key: f.Sort.Cursor,
	}
	return l.Page(page)
}

func (s *Store) webhooks(ctx context.Context, f hook.WebhookFilter, page hook.Page) ([]hook.Webhook, error) {
	webhooks, err := core.Searched(ctx, s.DB, WebhookSearch(ctx, f), page, core.Plain(s.WebhookOf))
	if err != nil {
		return nil, err
	}
	return webhooks, s.attachRules(ctx, webhooks)
}
