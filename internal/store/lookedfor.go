package store

import (
	"context"
	"fmt"
	"slices"

	"godwit/internal/hook"
)

// lookedFor is the condition that a row of a table is the one that a person looks for:
// a text is a part of its name or of what more names, or its id begins with it.
func lookedFor(alias, text string, more ...string) []condition {
	if text == "" {
		return nil
	}
	either := "starts_with(" + alias + ".id, ?)"
	for _, part := range append([]string{alias + ".name"}, more...) {
		either += " OR strpos(lower(" + part + "), lower(?)) > 0"
	}
	return []condition{{"(" + either + ")", text}}
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

// webhookSearch goes through the webhooks that the request may see. What no index
// knows is looked for in them, so many in one page.
func webhookSearch(ctx context.Context, f hook.WebhookFilter) search {
	w := way{served: []condition{{text: "w.deleted_at IS NULL"}}, rest: lookedFor("w", f.Text, hostOfWebhook)}
	w.served = append(w.served, equal("w.owner_id", f.OwnerID)...)
	if userID, bound := tenant(ctx); bound {
		w.served = append(w.served, condition{"w.owner_id = ?", userID})
	}
	if f.Status != "" {
		w.rest = append(w.rest, condition{"w.status = ?", f.Status})
	}
	if f.Enabled != nil {
		w.rest = append(w.rest, condition{"w.enabled = ?", *f.Enabled})
	}
	if f.ProjectID != "" {
		w.rest = append(w.rest, condition{"w.id IN (SELECT webhook_id FROM rules WHERE projects @> ARRAY[?])", f.ProjectID})
	}
	if f.EventType != "" {
		w.rest = append(w.rest, condition{"EXISTS (SELECT FROM rules r WHERE r.webhook_id = w.id AND ? = ANY(r.events))", f.EventType})
	}
	return search{columns: webhookColumns, table: "webhooks w", key: sortKey{time: "w.created_at", id: "w.id", text: webhookSorts[f.Sort]}, ways: []way{w}}
}

// directorySearch goes through all of a table of the directory, such as "users u".
func directorySearch(columns, table string, w way) search {
	q := search{columns: columns, table: table, ways: []way{w}}
	q.key = sortKey{time: q.name() + ".created_at", id: q.name() + ".id"}
	return q
}

// also are the conditions of a list of deliveries that no index knows.
func also(f hook.DeliveryFilter) (all []condition) {
	if f.Latest {
		all = append(all, condition{text: "NOT d.superseded"})
	}
	if f.IDPrefix != "" {
		all = append(all, condition{"(starts_with(d.id, ?) OR starts_with(d.event_id, ?))", f.IDPrefix})
	}
	return slices.Concat(all, equal("d.redelivery_id", f.RedeliveryID))
}
