package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"godwit/internal/hook"
)

// equal is the condition that a column has a value; none for "".
func equal(column, value string) []condition {
	if value == "" {
		return nil
	}
	return []condition{{column + " = ?", value}}
}

// between is the condition that a time lies in a stretch that is open where it
// is zero.
func between(column string, since, until time.Time) (all []condition) {
	if !since.IsZero() {
		all = append(all, condition{column + " >= ?", since})
	}
	if !until.IsZero() {
		all = append(all, condition{column + " < ?", until})
	}
	return all
}

// deliverySearch picks the indexes for what is asked for. There is one in the
// order of time for everything and for each webhook; the same for what is on its
// way; and for what has a reason, which tells its status, of everything, and of
// each webhook, project and event type. For all deliveries of a project or a type
// each delivery would pay: instead the walk begins where the events say.
func deliverySearch(ctx context.Context, f hook.DeliveryFilter, page hook.Page) search {
	q := search{columns: shownDelivery, table: "deliveries d", key: sortKey{time: "d.created_at", id: "d.id"}}
	w := way{rest: ofKind(f.Kind, "d.test", "d.event_type")}
	narrow := [][]condition{equal("d.webhook_id", f.WebhookID), equal("d.project_id", f.ProjectID), equal("d.event_type", f.EventType)}
	userID, bound := tenant(ctx)
	if bound {
		w.each = []condition{{"(SELECT w.id FROM webhooks w WHERE w.owner_id = ?) w", userID}}
		if f.WebhookID == "" {
			w.many = []condition{{text: "webhooks w"}, {"w.owner_id = ?", userID}}
		}
		w.served = []condition{{text: "d.webhook_id = w.id"}}
		narrow[0] = equal("w.id", f.WebhookID)
	}
	w.served = append(w.served, between("d.created_at", f.Since, f.Until)...)
	ofStatus := equal("d.status", string(f.Status))
	if f.EventID != "" { // has few
		w.served = slices.Concat(w.served, equal("d.event_id", f.EventID), ofStatus, slices.Concat(narrow...))
		w.many = nil
		q.ways = []way{w}
		return q
	}
	switch reasons := hook.ReasonsOf(f.Status); {
	case len(reasons) > 0:
		w.each = append(w.each, condition{"unnest(?::text[]) AS x(reason)", pq.Array(reasons)})
		w.served = append(w.served, condition{text: "d.reason = x.reason"})
		q.ways = []way{w.narrowed(bound, narrow)}
	case f.Status == hook.Pending || f.Status == hook.Retrying:
		q.ways = waysToWaiting(w, f.Status, ofStatus, narrow)
	default:
		w.served = append(w.served, narrow[0]...)
		w.rest = slices.Concat(w.rest, ofStatus, narrow[1], narrow[2])
		if !bound && f.WebhookID == "" {
			w.served = slices.Concat(w.served, notAfter(page, "v.project_id", "r.project_id", f.ProjectID), notAfter(page, "v.type", "r.event_type", f.EventType))
		}
		q.ways = []way{w}
	}
	return q
}

// notAfter is the condition that a delivery is none that was created after the
// newest event with a value, or after the newest redelivery of one: deliveries are
// created with their event, or by being sent again.
func notAfter(page hook.Page, ofEvent, ofDelivery, value string) []condition {
	if value == "" {
		return nil
	}
	until := "infinity"
	if page.After != nil {
		until = page.After.Time.UTC().Format(time.RFC3339Nano)
	}
	const newest = `(SELECT %[1]s.%[2]s FROM %[3]s %[1]s WHERE %[4]s = ? AND %[1]s.%[2]s <= '%[5]s'%[6]s ORDER BY %[1]s.%[2]s DESC LIMIT 1)`
	event := fmt.Sprintf(newest, "v", "accepted_at", "events", ofEvent, until, "")
	again := fmt.Sprintf(newest, "r", "created_at", "deliveries", ofDelivery, until, " AND r.redelivery_of IS NOT NULL")
	return []condition{{"d.created_at <= greatest(" + event + ", " + again + ")", value}}
}

// narrowed has the index find the first of the conditions that there are, and
// looks at each row for the others. Where there is a walk for each webhook, the
// index has been chosen.
func (w way) narrowed(chosen bool, narrow [][]condition) way {
	w.served, w.rest = slices.Clone(w.served), slices.Clone(w.rest)
	for i, c := range narrow {
		switch {
		case chosen && i > 0:
			w.rest = append(w.rest, c...)
		default:
			w.served = append(w.served, c...)
			chosen = chosen || len(c) > 0
		}
	}
	return w
}

// waysToWaiting walk through what was never tried, which is pending, and what was.
func waysToWaiting(w way, status hook.DeliveryStatus, ofStatus []condition, narrow [][]condition) []way {
	w.rest = slices.Concat(w.rest, ofStatus, narrow[1], narrow[2])
	w.served = slices.Concat(w.served, narrow[0])
	part := func(attempts string) way {
		p := w
		p.served = append(slices.Clone(w.served), condition{text: "d.dispatch_at IS NOT NULL AND d.attempts " + attempts})
		return p
	}
	tried := part("> 0")
	if status == hook.Retrying {
		return []way{tried}
	}
	return []way{part("= 0"), tried}
}
