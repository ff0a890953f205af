package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// due picks the deliveries that are due and were never tried, queued those that
// wait for room, of webhooks that have no limits of their own: $7 are the
// webhooks, $8 how many of each.
var (
	TakeDue    = takeInOrder(``)
	takeNewest = takeInOrder(` DESC`)
	TakeQueued = `
WITH due AS MATERIALIZED (
	SELECT q.* FROM unnest($7::text[], $8::int[]) AS r(webhook_id, room)
	CROSS JOIN LATERAL (SELECT ` + limited + ` OR ` + off + ` AS barred FROM webhooks w WHERE w.id = r.webhook_id OFFSET 0) w
	CROSS JOIN LATERAL (
		SELECT ` + dueColumns + ` FROM deliveries d WHERE NOT w.barred AND d.webhook_id = r.webhook_id AND d.dispatch_at = 'infinity' AND d.attempts = 0
		ORDER BY d.id LIMIT r.room FOR UPDATE SKIP LOCKED
	) q LIMIT $1
)` + take
)

func takeInOrder(direction string) string {
	return `
WITH due AS MATERIALIZED (
	SELECT ` + dueColumns + ` FROM deliveries d WHERE d.dispatch_at <= now() AND d.attempts = 0
	ORDER BY d.dispatch_at` + direction + `, d.id` + direction + ` LIMIT $1 FOR UPDATE SKIP LOCKED
)` + take
}

const dueColumns = `d.id, d.event_id, d.webhook_id, d.project_id, d.company_id, d.generation, d.slot_until, d.created_at, d.test`

// canBegin: nothing keeps what was never tried from being sent at once.
const canBegin = `d.generation = 1 AND e.expunged_at IS NULL AND NOT ` + accessLost + ` AND (e.owner_id IS NOT NULL OR p.here)
				AND (w.max_age IS NULL OR d.created_at > now() - make_interval(secs => w.max_age))`

// lookAt reads all that an attempt of what is due needs but the webhook, which many
// deliveries share, and says what is to be done with it.
func lookAt(step string) string {
	return `, look AS MATERIALIZED (
	SELECT d.id AS due_id, e.id AS event_id, e.type, e.project_id AS event_project_id, e.company_id AS event_company_id, e.owner_id AS event_owner_id,
		e.actor_id, e.occurred_at, e.accepted_at, e.sequence, ` + acceptedNames + `, e.previous, e.current, e.traceparent,
		w.version, w.owner_id, w.timeout_seconds, w.drain,
		` + step + ` AS step
	FROM due d
	CROSS JOIN LATERAL (
		SELECT ` + off + ` AS off, w.version, w.owner_id, w.timeout_seconds, w.max_age, w.drain, ` + limited + ` AS limited FROM webhooks w WHERE w.id = d.webhook_id OFFSET 0
	) w
	CROSS JOIN LATERAL (
		SELECT e.id, e.type, e.project_id, e.company_id, e.owner_id, e.actor_id, e.occurred_at, e.accepted_at, e.sequence, e.project_name, e.company_name,
			e.previous, e.current, e.project_ids, e.expunged_at, e.traceparent
		FROM events e WHERE e.id = d.event_id OFFSET 0
	) e
	LEFT JOIN LATERAL (SELECT true AS here FROM projects p WHERE p.id = d.project_id OFFSET 0) p ON true
)
`
}

// take looks at each delivery that is due and says what is to be done with it:
// "begin" its first attempt, which is thereby begun; "queue" it until its webhook
// has room, or until a withdrawal takes it out of the queue; or "start" its workflow, which will see what is wrong. A
// test has no queue: where it can't begin like others, its workflow sends it.
var take = lookAt(`CASE WHEN d.slot_until IS NOT NULL OR d.test AND (w.limited OR w.off) THEN 'start'
			WHEN d.test IS NULL AND (w.limited OR w.off OR d.webhook_id = ANY($4::text[]) OR w.owner_id = ANY($6::text[])) THEN 'queue'
			WHEN `+canBegin+` THEN 'begin'
			ELSE 'start' END`) + `
UPDATE deliveries d SET
	attempts = CASE look.step WHEN 'begin' THEN 1 ELSE 0 END,
	begun_at = CASE look.step WHEN 'begin' THEN now() END,
	updated_at = CASE look.step WHEN 'begin' THEN now() ELSE d.updated_at END,
	dispatch_at = CASE look.step WHEN 'begin' THEN now() + make_interval(secs => coalesce(look.timeout_seconds, $2::float8) + $3)
		WHEN 'queue' THEN timestamptz 'infinity' ELSE now() + make_interval(secs => $5) END
FROM look
WHERE d.id = look.due_id
RETURNING ` + takenColumns

const takenColumns = DeliveryColumnList + `, d.blue_webhook, look.*, now() AS now`

// TakeDrained looks, of each webhook $4, at the oldest that it releases, as many as it
// has free slots, at most $5, and begins those that were never tried. Release gives slots
// to the others, and to what a webhook with a rate releases.
var TakeDrained = `
WITH lane AS MATERIALIZED (
	SELECT w.id, w.drain_until IS NOT NULL AS draining,
		greatest(least(r.room, w.max_in_flight - t.slots, w.drain - t.slots), 0)::bigint AS room
	FROM unnest($4::text[], $5::int[]) AS r(webhook_id, room) JOIN webhooks w ON w.id = r.webhook_id
	CROSS JOIN LATERAL (SELECT count(*) AS slots FROM deliveries s WHERE s.webhook_id = w.id AND s.slot_until > now() OFFSET 0) t
	WHERE w.drain > 0 AND w.status <> 'DEGRADED' AND w.rate_limit_per_second IS NULL
		AND NOT ` + subscription.Slowed + ` AND NOT ` + subscription.Paused + ` AND NOT ` + off + `
), due AS MATERIALIZED (
	SELECT f.*, t.picked FROM (
		SELECT q.id, count(*) OVER (PARTITION BY lane.id) AS picked FROM lane CROSS JOIN LATERAL (
			SELECT id FROM (
				` + turn + `d.dispatch_at = 'infinity'` + itsOldest + `
				UNION ALL ` + turn + Held + ` AND lane.draining` + itsOldest + `
			) any_of ORDER BY id LIMIT lane.room
		) q
		ORDER BY q.id LIMIT $1
	) t
	CROSS JOIN LATERAL (
		SELECT ` + dueColumns + ` FROM deliveries d
		WHERE d.id = t.id AND (d.dispatch_at = 'infinity' OR d.status = 'held') AND d.attempts = 0 AND d.run_id IS NULL AND d.slot_until IS NULL AND d.test IS NULL
		FOR UPDATE SKIP LOCKED
	) f
)` + lookAt(`CASE WHEN `+canBegin+` THEN 'begin' ELSE 'leave' END`) + `
UPDATE deliveries d SET
	status = 'pending', reason = NULL, attempts = 1, begun_at = now(), updated_at = now(),
	dispatch_at = now() + make_interval(secs => coalesce(look.timeout_seconds, $2::float8) + $3),
	slot_until = now() + make_interval(secs => coalesce(look.timeout_seconds, $2::float8) + $3)
FROM look, due
WHERE d.id = look.due_id AND look.step = 'begin' AND due.id = d.id
RETURNING ` + takenColumns + `, due.picked`

type takenRow struct {
	DeliveryRow
	EventRow
	DueID          string         `db:"due_id"`
	Version        int64          `db:"version"`
	OwnerID        sql.NullString `db:"owner_id"`
	TimeoutSeconds sql.NullInt64  `db:"timeout_seconds"`
	Drain          int            `db:"drain"`
	Picked         int            `db:"picked"` // of the webhook, the oldest that it releases
	BlueWebhook    sql.NullString `db:"blue_webhook"`
	Step           string         `db:"step"`
	Now            time.Time      `db:"now"`
}

// Take takes on deliveries that are due and were never tried, oldest first, and
// begins their first attempts where it can, without a row of their start.
func (s *Store) Take(ctx context.Context, t hook.Take) (hook.Taken, error) {
	query := TakeDue
	if s.takes.newest() {
		query = takeNewest
	}
	taken, err := s.take(ctx, s.reading(query, takeColumns(t)...))
	s.takes.note(taken.Len() == t.Limit)
	return taken, err
}

func takeColumns(t hook.Take) []any {
	return []any{t.Limit, t.Timeout.Seconds(), t.Margin.Seconds(), pq.Array(t.Crowded), t.Lease.Seconds(), pq.Array(t.CrowdedOwners)}
}

// TakeQueued is Take for what was queued although its webhook has no limits of
// its own: up to so many of each webhook.
func (s *Store) TakeQueued(ctx context.Context, t hook.Take, room map[string]int) (hook.Taken, error) {
	webhooks, rooms := roomColumns(room)
	return s.take(ctx, s.reading(TakeQueued, append(takeColumns(t), webhooks, rooms)...))
}

// TakeDrained is TakeQueued for what is being released and was never tried, where
// nothing but that bounds the webhook's attempts. Each takes one of its slots, which
// Release would give it else.
func (s *Store) TakeDrained(ctx context.Context, t hook.Take, room map[string]int) (hook.Taken, error) {
	webhooks, rooms := roomColumns(room)
	picked := map[string]int{} // and not begun
	out, err := s.take(ctx, func(ctx context.Context) (taken []takenRow, err error) {
		if err := s.PrepareAll(ctx, "take what is released", tryLanes, TakeDrained); err != nil {
			return nil, err
		}
		err = s.InTx(ctx, "take what is released", func(tx *sqlx.Tx) error {
			taken = nil
			var lanes []string
			if err := s.SelectIn(ctx, tx, &lanes, tryLanes, webhooks); err != nil || len(lanes) == 0 {
				return err
			}
			return s.SelectIn(ctx, tx, &taken, TakeDrained, t.Limit, t.Timeout.Seconds(), t.Margin.Seconds(), webhooks, rooms)
		})
		for _, r := range taken {
			picked[r.DeliveryRow.WebhookID] = r.Picked
		}
		return taken, err
	})
	for _, p := range out.Begun {
		if id := p.Delivery.WebhookID; picked[id] > 1 {
			picked[id]--
		} else {
			out.Drained = append(out.Drained, id)
		}
	}
	return out, err
}

func roomColumns(room map[string]int) (webhooks, rooms any) {
	var ids []string
	var each []int64
	for id, n := range room {
		ids, each = append(ids, id), append(each, int64(n))
	}
	return pq.Array(ids), pq.Array(each)
}

// reading takes deliveries by one statement.
func (s *Store) reading(query string, args ...any) func(context.Context) ([]takenRow, error) {
	return func(ctx context.Context) (taken []takenRow, err error) {
		st, err := s.Prepared(ctx, query)
		if err != nil {
			return nil, core.Classify("prepare to take deliveries", err)
		}
		seen := s.Clock.Reading()
		if err := st.SelectContext(ctx, &taken, args...); err != nil {
			return nil, core.Classify("take deliveries", err)
		}
		if len(taken) > 0 {
			seen(taken[0].Now)
		}
		return taken, nil
	}
}

// take goes on when ctx ends in the middle, though not for long: what it has begun
// is made, or given back, by who knows of it.
func (s *Store) take(ctx context.Context, read func(context.Context) ([]takenRow, error)) (out hook.Taken, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(core.Via(ctx, s.AttemptsPool)), takeWithin)
	defer cancel()
	taken, err := read(ctx)
	if err != nil {
		return out, err
	}
	slices.SortFunc(taken, func(a, b takenRow) int { return strings.Compare(a.DueID, b.DueID) })
	var begun []BegunOne
	for _, r := range taken {
		if r.Step == "begin" {
			begun = append(begun, BegunOne{DeliveryID: r.DueID, WebhookID: r.DeliveryRow.WebhookID, Version: r.Version, Drains: r.Drain > 0})
		}
	}
	webhooks, err := s.OpenedFor(ctx, begun)
	if err != nil && webhooks == nil {
		return out, err
	}
	for _, r := range taken {
		p := r.parcel()
		var open bool
		p.Webhook, open = webhooks[p.Delivery.WebhookID]
		p.Webhook.Drain = r.Drain
		switch {
		case r.Step == "begin" && open:
			p, failed := s.WithKept(ctx, p, r.BlueWebhook.String)
			if failed != nil {
				err = errors.Join(err, s.NotMade(ctx, p.Delivery.ID, failed))
				continue // the others must not suffer
			}
			out.Begun = append(out.Begun, p)
		case r.Step == "start":
			out.Rest = append(out.Rest, r.claim(p.Delivery))
		default:
			out.Queued++
		}
	}
	return out, err
}

// NotMade ends or gives back a first attempt that was begun and can't be made. Its
// error is that the database is away.
func (s *Store) NotMade(ctx context.Context, deliveryID string, why error) error {
	if hook.CodeOf(why) == hook.CodeUnavailable {
		return errors.Join(why, s.GiveBack(ctx, []string{deliveryID}))
	}
	return s.failUnsent(ctx, []string{deliveryID})
}

func (r takenRow) parcel() hook.Parcel {
	delivery, _ := r.delivery()
	event, _ := r.Event()
	event.Kind = hook.KindOf(event.Type, delivery.Test)
	return hook.Parcel{Delivery: delivery, Event: event, Now: r.Now}
}

func (r takenRow) claim(d hook.Delivery) hook.Claim {
	return hook.Claim{
		DeliveryID: d.ID, Generation: d.Generation, WebhookID: d.WebhookID, OwnerID: r.OwnerID.String, EventID: d.EventID,
		EventType: d.EventType, CompanyID: d.CompanyID, Timeout: time.Duration(r.TimeoutSeconds.Int64) * time.Second,
	}
}
