package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// over: delivery d has been finished since before $2, and its workflow is noted.
const over = `coalesce(d.finished_at < $2 AND d.dispatch_at IS NULL, false)`

// An event goes together with all of its deliveries and their attempts, or it
// stays with all of them: so the siblings of a delivery are always all there, and
// the last of a chain of redeliveries is never without the first.
const (
	// oldEvents are up to $5 events that were accepted before $2, from ($3, $4) on,
	// with up to $1 of their deliveries.
	oldEvents = `
		SELECT e.id AS event_id, e.accepted_at::text AS accepted_at, coalesce(d.id, '') AS delivery_id, d.id IS NULL OR d.over AS over,
			EXISTS (SELECT FROM window_events x WHERE x.event_id = e.id) OR EXISTS (SELECT FROM judgements j WHERE j.event_id = e.id) AS waits
		FROM (
			SELECT e.id, e.accepted_at FROM events e WHERE (e.accepted_at, e.id) > ($3::timestamptz, $4) AND e.accepted_at < $2 ORDER BY e.accepted_at, e.id LIMIT $5
		) e
		LEFT JOIN LATERAL (SELECT d.id, ` + over + ` AS over FROM deliveries d WHERE d.event_id = e.id OFFSET 0) d ON true
		ORDER BY e.accepted_at, e.id LIMIT $1`

	// lockOver locks those of the deliveries $1 that are (still) over and that
	// nobody else has locked. A redelivery locks what it takes the place of.
	lockOver = `SELECT d.id FROM deliveries d WHERE d.id = ANY($1) AND ` + over + ` ORDER BY d.id FOR UPDATE SKIP LOCKED`

	// unchangedEvents are those of the events $1 that have exactly $2 deliveries:
	// no redelivery was made before all were locked.
	unchangedEvents = `
		SELECT e.id FROM unnest($1::text[], $2::int[]) AS e(id, n)
		WHERE e.n = (SELECT count(*) FROM deliveries d WHERE d.event_id = e.id)`

	removeDeliveries = `
		WITH tries AS (DELETE FROM attempts WHERE delivery_id = ANY($1) RETURNING 1),
		gone AS (DELETE FROM deliveries WHERE id = ANY($1) RETURNING 1),
		happened AS (DELETE FROM events WHERE id = ANY($2) RETURNING private_to, charged_bytes),
		given_back AS (
			UPDATE user_usage u SET stored_bytes = greatest(u.stored_bytes - g.bytes, 0)
			FROM (SELECT private_to, sum(charged_bytes) AS bytes FROM happened WHERE charged_bytes > 0 GROUP BY private_to) g
			WHERE u.user_id = g.private_to
		)
		SELECT (SELECT count(*) FROM tries) AS attempts, (SELECT count(*) FROM gone) AS deliveries, (SELECT count(*) FROM happened) AS events`

	// allOver: not one of the deliveries of event $1 is still needed.
	allOver = `SELECT NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = $1 AND NOT ` + over + `)`
)

// oldEvent is an event that is old enough to go.
type oldEvent struct {
	id         string
	acceptedAt string
	deliveries []string
	// needed: something of it is unfinished, held or referred to.
	needed bool
}

// removeEvents looks at up to limit old events, and at up to limit of their
// deliveries.
func removeEvents(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (removed, error) {
	out := removed{cursorAt: r.CursorAt, cursorID: r.CursorID}
	found, whole, err := readOldEvents(ctx, tx, r, limit)
	if err != nil || len(found) == 0 {
		out.done = true
		return out, err
	}
	if !whole && len(found) == 1 {
		return removeWideEvent(ctx, tx, r, found[0])
	}
	if !whole { // the last one has more deliveries than were read
		found = found[:len(found)-1]
	}
	last := found[len(found)-1]
	out.cursorAt, out.cursorID, out.seen = last.acceptedAt, last.id, len(found)
	gone, err := unchanged(ctx, tx, r.Data, found)
	if err != nil || len(gone) == 0 {
		return out, err
	}
	var events, deliveries []string
	for _, e := range gone {
		events, deliveries = append(events, e.id), append(deliveries, e.deliveries...)
	}
	out.removed, err = removeRows(ctx, tx, events, deliveries)
	return out, err
}

// readOldEvents says also whether all deliveries of the last event were read.
func readOldEvents(ctx context.Context, tx *sqlx.Tx, r retentionRun, limit int) (found []oldEvent, whole bool, err error) {
	var rows []struct {
		EventID    string `db:"event_id"`
		AcceptedAt string `db:"accepted_at"`
		DeliveryID string `db:"delivery_id"`
		Over       bool   `db:"over"`
		Waits      bool   `db:"waits"`
	}
	if err := tx.SelectContext(ctx, &rows, oldEvents, limit+1, r.Data, r.CursorAt, r.CursorID, limit); err != nil {
		return nil, false, err
	}
	for _, row := range rows {
		if len(found) == 0 || found[len(found)-1].id != row.EventID {
			found = append(found, oldEvent{id: row.EventID, acceptedAt: row.AcceptedAt, needed: row.Waits})
		}
		e := &found[len(found)-1]
		if row.DeliveryID != "" {
			e.deliveries = append(e.deliveries, row.DeliveryID)
		}
		e.needed = e.needed || !row.Over
	}
	return found, len(rows) <= limit, nil
}

// unchanged locks the deliveries of those events of which nothing is needed, and
// gives the events that still are so.
func unchanged(ctx context.Context, tx *sqlx.Tx, border time.Time, found []oldEvent) ([]oldEvent, error) {
	found = slices.DeleteFunc(slices.Clone(found), func(e oldEvent) bool { return e.needed })
	var wanted []string
	for _, e := range found {
		wanted = append(wanted, e.deliveries...)
	}
	locked, err := lockedOver(ctx, tx, border, wanted)
	if err != nil {
		return nil, err
	}
	var ids []string
	var counts []int64
	for _, e := range found {
		if !slices.ContainsFunc(e.deliveries, func(id string) bool { return !locked[id] }) {
			ids, counts = append(ids, e.id), append(counts, int64(len(e.deliveries)))
		}
	}
	var same []string
	if err := tx.SelectContext(ctx, &same, unchangedEvents, pq.Array(ids), pq.Array(counts)); err != nil {
		return nil, err
	}
	kept := make(map[string]bool, len(same))
	for _, id := range same {
		kept[id] = true
	}
	return slices.DeleteFunc(found, func(e oldEvent) bool { return !kept[e.id] }), nil
}

func lockedOver(ctx context.Context, tx *sqlx.Tx, border time.Time, deliveries []string) (map[string]bool, error) {
	var ids []string
	if len(deliveries) > 0 {
		if err := tx.SelectContext(ctx, &ids, lockOver, pq.Array(deliveries), border); err != nil {
			return nil, err
		}
	}
	locked := make(map[string]bool, len(ids))
	for _, id := range ids {
		locked[id] = true
	}
	return locked, nil
}

// removeWideEvent removes a part of the deliveries of an event that has more than
// one step may remove. The event itself goes with the last of them.
func removeWideEvent(ctx context.Context, tx *sqlx.Tx, r retentionRun, e oldEvent) (removed, error) {
	out := removed{cursorAt: e.acceptedAt, cursorID: e.id, seen: len(e.deliveries)}
	var free bool
	if err := tx.GetContext(ctx, &free, allOver, e.id, r.Data); err != nil || !free || e.needed {
		return out, err
	}
	locked, err := lockedOver(ctx, tx, r.Data, e.deliveries)
	if err != nil || len(locked) < len(e.deliveries) {
		return out, err
	}
	out.cursorAt, out.cursorID = r.CursorAt, r.CursorID // it is looked at again
	out.removed, err = removeRows(ctx, tx, nil, e.deliveries)
	return out, err
}

func removeRows(ctx context.Context, tx *sqlx.Tx, events, deliveries []string) (map[string]int, error) {
	var n struct {
		Attempts   int `db:"attempts"`
		Deliveries int `db:"deliveries"`
		Events     int `db:"events"`
	}
	err := tx.GetContext(ctx, &n, removeDeliveries, pq.Array(deliveries), pq.Array(events))
	return map[string]int{hook.KeptEvents: n.Events, hook.KeptDeliveries: n.Deliveries, hook.KeptAttempts: n.Attempts}, err
}
