package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// DeliverySearch picks the indexes for what is asked for. There is one in the
// order of time for everything and for each webhook; the same for what is on its
// way; and for what has a reason, which tells its status, of everything, and of
// each webhook, project and event type. For all deliveries of a project or a type
// each delivery would pay: instead the walk begins where the events say. Of a set
// that the index knows each value has a walk.
func DeliverySearch(ctx context.Context, f hook.DeliveryFilter, page hook.Page) core.Search {
	q := core.Search{Columns: shownDelivery, Table: "deliveries d", Key: core.SortKey{Time: "d.created_at", ID: "d.id"}}
	w := core.Way{Rest: slices.Concat(ofKind(f.Kind, "d.test", "d.event_type"), subscription.Also(f))}
	narrow := narrowing{webhook: core.Equal("d.webhook_id", f.WebhookID), project: core.Equal("d.project_id", f.ProjectID), types: distinct(f.EventTypes)}
	userID, bound := core.Tenant(ctx)
	if bound {
		w.Each = []core.Condition{{Text: "(SELECT w.id FROM webhooks w WHERE w.owner_id = ?) w", Value: userID}}
		if f.WebhookID == "" {
			w.Many = []core.Condition{{Text: "webhooks w"}, {Text: "w.owner_id = ?", Value: userID}}
		}
		w.Served = []core.Condition{{Text: "d.webhook_id = w.id"}}
		narrow.webhook, narrow.each = core.Equal("w.id", f.WebhookID), true
	}
	w.Served = append(w.Served, core.Between("d.created_at", f.Since, f.Until)...)
	if f.EventID != "" { // has few
		w.Served = slices.Concat(w.Served, core.Equal("d.event_id", f.EventID), among("d.status", f.Statuses), narrow.webhook, narrow.rest(), reasoned(f), answered(f))
		w.Many = nil
		q.Key.Time = "(d.created_at + interval '0')" // all of them are sorted: an index in this order has all others, too
		q.Ways = []core.Way{w}
		return q
	}
	statuses := statusesOf(f)
	if !slices.Contains(statuses, hook.Succeeded) {
		q.Ways = append(waysToAmiss(w, f, statuses, narrow), waysToWaiting(w, f, statuses, narrow)...)
		if len(q.Ways) == 0 { // no delivery can be so
			q.Ways = []core.Way{{Served: []core.Condition{{Text: "false"}}}}
		}
		return q
	}
	w.Served = append(w.Served, narrow.webhook...)
	w.Rest = slices.Concat(w.Rest, among("d.status", f.Statuses), narrow.rest(), answered(f))
	w.LooksUp = len(answered(f)) > 0
	if !bound && f.WebhookID == "" {
		w.Served = slices.Concat(w.Served, notAfter(page, "v.project_id", "r.project_id", core.Single(f.ProjectID)), notAfter(page, "v.type", "r.event_type", narrow.types))
	}
	q.Ways = []core.Way{w}
	return q
}

// notAfter is the condition that a delivery is none that was created after the
// newest event with one of some values, or after the newest redelivery of one:
// deliveries are created with their event, or by being sent again.
func notAfter(page hook.Page, ofEvent, ofDelivery string, values []string) []core.Condition {
	if len(values) == 0 {
		return nil
	}
	until := "infinity"
	if page.After != nil {
		until = page.After.Time.UTC().Format(time.RFC3339Nano)
	}
	const newest = `(SELECT max(newest.at) FROM unnest(?::text[]) AS one(value) CROSS JOIN LATERAL (
		SELECT %[1]s.%[2]s AS at FROM %[3]s %[1]s WHERE %[4]s = one.value AND %[1]s.%[2]s <= '%[5]s'%[6]s ORDER BY %[1]s.%[2]s DESC LIMIT 1) newest)`
	event := fmt.Sprintf(newest, "v", "accepted_at", "events", ofEvent, until, "")
	again := fmt.Sprintf(newest, "r", "created_at", "deliveries", ofDelivery, until, " AND r.redelivery_of IS NOT NULL")
	return []core.Condition{{Text: "d.created_at <= greatest(" + event + ", " + again + ")", Value: pq.Array(values)}}
}

// narrowing is what is asked for of each delivery, beside its time and what became
// of it.
type narrowing struct {
	webhook, project []core.Condition
	types            []string
	each             bool // each webhook has a walk
}

// rest looks at each row for the project and the type.
func (n narrowing) rest() []core.Condition {
	return slices.Concat(n.project, among("d.event_type", n.types))
}

// by has the index find the first that is asked for of the webhook, the project and
// the types, which have a walk each, and looks at each row for the others. Where
// there is a walk for each webhook, the index has been chosen.
func (n narrowing) by(w core.Way) core.Way {
	w.Served = slices.Concat(w.Served, n.webhook)
	switch chosen := n.each || len(n.webhook) > 0; {
	case chosen:
		w.Rest = slices.Concat(w.Rest, n.rest())
	case len(n.project) > 0:
		w.Served = slices.Concat(w.Served, n.project)
		w.Rest = slices.Concat(w.Rest, among("d.event_type", n.types))
	case len(n.types) > 0:
		w.Each = append(slices.Clone(w.Each), core.Condition{Text: "unnest(?::text[]) AS y(type)", Value: pq.Array(n.types)})
		w.Served = append(w.Served, core.Condition{Text: "d.event_type = y.type"})
	}
	return w
}

// waysToAmiss walk through what failed, is held or was cancelled, by the reasons:
// those that are asked for, and where the last attempt may have one of these, all.
func waysToAmiss(w core.Way, f hook.DeliveryFilter, statuses []hook.DeliveryStatus, n narrowing) (ways []core.Way) {
	var own, others []hook.Reason
	for _, status := range statuses {
		for _, reason := range hook.ReasonsOf(status) {
			switch {
			case len(f.Reasons) == 0 || slices.Contains(f.Reasons, reason):
				own = append(own, reason)
			case slices.ContainsFunc(f.Reasons, hook.Reason.OfAttempt):
				others = append(others, reason)
			}
		}
	}
	by := func(reasons []hook.Reason, rest []core.Condition) {
		if len(reasons) == 0 {
			return
		}
		p := w
		p.Each = append(slices.Clone(w.Each), core.Condition{Text: "unnest(?::text[]) AS x(reason)", Value: pq.Array(reasons)})
		p.Served = append(slices.Clone(w.Served), core.Condition{Text: "d.reason = x.reason"})
		p.Rest, p.LooksUp = slices.Concat(w.Rest, rest), len(rest) > 0
		ways = append(ways, n.by(p))
	}
	by(own, answered(f))
	by(others, slices.Concat(reasoned(f), answered(f)))
	return ways
}

// waysToWaiting walk through what was never tried, which is pending and was not
// answered, and what was.
func waysToWaiting(w core.Way, f hook.DeliveryFilter, statuses []hook.DeliveryStatus, n narrowing) (ways []core.Way) {
	var waiting []hook.DeliveryStatus
	for _, status := range statuses {
		if status.Unfinished() {
			waiting = append(waiting, status)
		}
	}
	attempted := slices.Concat(reasoned(f), answered(f))
	if len(waiting) == 0 || len(f.Reasons) > 0 && !slices.ContainsFunc(f.Reasons, hook.Reason.OfAttempt) {
		return nil
	}
	w.Rest, w.LooksUp = slices.Concat(w.Rest, among("d.status", waiting), n.rest(), attempted), len(attempted) > 0
	w.Served = slices.Concat(w.Served, n.webhook)
	part := func(attempts string) core.Way {
		p := w
		p.Served = append(slices.Clone(w.Served), core.Condition{Text: "d.dispatch_at IS NOT NULL AND d.attempts " + attempts})
		return p
	}
	if slices.Contains(waiting, hook.Pending) && len(attempted) == 0 {
		ways = append(ways, part("= 0"))
	}
	return append(ways, part("> 0"))
}

// Deliveries lists deliveries that the request may see, newest first.
func (s *Store) Deliveries(ctx context.Context, f hook.DeliveryFilter, page hook.Page) ([]hook.Delivery, error) {
	return core.Searched(ctx, s.DB, DeliverySearch(ctx, f, page), page, DeliveryRow.delivery)
}
