package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

const (
	// lookahead is how early a delivery is let go before its webhook's rate allows
	// it: it waits out the rest in its activity. That is longer than the
	// dispatcher's poll, so the pace does not depend on it.
	lookahead = 500 * time.Millisecond
	// longestPace is the longest that an activity waits; only a rate that was
	// lowered in the meantime can ask for more.
	longestPace = 2 * lookahead
	// slotLease is when a place that a retry has taken is offered to a worker, in
	// case that its own was lost before the attempt began.
	slotLease = 30 * time.Second
)

const (
	// hopAtOnce is how many webhooks with a queue one look enrols. Where there are
	// more, the next look goes on behind them.
	hopAtOnce = 500
	// lanesAtOnce is how many webhooks one transaction of a release looks at, and
	// roundsAtOnce how many transactions it makes at most.
	lanesAtOnce  = 128
	roundsAtOnce = 8
	// longestSleep is when a webhook that waits for its trial is looked at again
	// at the latest.
	longestSleep = 5 * time.Minute
)

// QueuedWebhooks hops through the index from one webhook to the next, from the one
// after $1 on, up to $2 of them, however long the queues are. It enrols each in
// lanes, to be looked at now, but for those that are paused or wait for their trial, or
// that Take alone gives room to: so the others are found by when they are due, however
// many wait. Webhooks that release
// what was held stand in line, too.
const QueuedWebhooks = `
WITH RECURSIVE hop AS (
	(SELECT webhook_id, 1 AS n FROM deliveries WHERE dispatch_at = 'infinity' AND webhook_id > $1 ORDER BY webhook_id LIMIT 1)
	UNION ALL
	SELECT (SELECT d.webhook_id FROM deliveries d WHERE d.dispatch_at = 'infinity' AND d.webhook_id > hop.webhook_id ORDER BY d.webhook_id LIMIT 1), hop.n + 1
	FROM hop WHERE hop.webhook_id IS NOT NULL AND hop.n < $2::int
), draining AS (
	SELECT w.id FROM webhooks w WHERE w.drain > 0 LIMIT $2::int
), enrolled AS (
	INSERT INTO lanes AS l (webhook_id, free_at, due_at)
	SELECT f.webhook_id, now(), now() FROM (SELECT webhook_id FROM hop WHERE webhook_id IS NOT NULL UNION SELECT id FROM draining) f
	LEFT JOIN LATERAL (SELECT l.due_at FROM lanes l WHERE l.webhook_id = f.webhook_id OFFSET 0) l ON true
	WHERE l.due_at IS NULL AND (
		EXISTS (SELECT FROM webhooks w WHERE w.id = f.webhook_id AND ` + limited + ` OFFSET 0)
		OR EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = f.webhook_id AND d.dispatch_at = 'infinity' AND d.attempts > 0 OFFSET 0)
	) OR l.due_at > now() + interval '1 second' AND (
		EXISTS (SELECT FROM webhooks w WHERE w.id = f.webhook_id AND ` + limited + ` AND ` + ready + ` AND NOT ` + subscription.Paused + ` OFFSET 0)
		OR EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = f.webhook_id AND d.dispatch_at = 'infinity' AND d.attempts > 0 OFFSET 0)
		AND EXISTS (SELECT FROM webhooks w WHERE w.id = f.webhook_id AND NOT ` + subscription.Paused + ` OFFSET 0)
	)
	ORDER BY 1
	ON CONFLICT (webhook_id) DO UPDATE SET due_at = now()
)
SELECT q.webhook_id, q.queued, coalesce((SELECT w.owner_id FROM webhooks w WHERE w.id = q.webhook_id), '') AS owner_id
FROM (SELECT webhook_id, true AS queued FROM hop WHERE webhook_id IS NOT NULL UNION ALL SELECT id, false FROM draining) q`

// DueLanes finds the webhooks that were not looked at for longest, nor since $2.
const DueLanes = `SELECT webhook_id, now() AS now FROM lanes WHERE due_at <= coalesce($2::timestamptz, now()) ORDER BY due_at LIMIT $1`

// Looked says when the webhooks $1 are to be looked at again: one that is paused, or
// waits for its trial or for its rate, when that lets something go, at most $3 seconds from
// now, one of which nothing is queued, or only what Take takes, when there is; one for
// which this process has no room ($4 and, by owner, $5) in a second; any other whenever
// there is time.
const Looked = `
UPDATE lanes l SET due_at = CASE
	WHEN w.drain = 0 AND NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = l.webhook_id AND d.dispatch_at = 'infinity' OFFSET 0) THEN NULL
	WHEN NOT ` + limited + ` AND NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = l.webhook_id AND d.dispatch_at = 'infinity' AND d.attempts > 0 OFFSET 0) THEN NULL
	WHEN ` + crowded + ` THEN now() + interval '1 second'
	WHEN ` + subscription.Paused + ` THEN least(w.paused_until, now() + make_interval(secs => $3))
	WHEN NOT ` + ready + ` AND NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = l.webhook_id AND d.dispatch_at = 'infinity' AND d.attempts > 0 OFFSET 0)
		THEN least(w.trial_at, now() + make_interval(secs => $3))
	ELSE least(greatest(now(), l.free_at - make_interval(secs => $2)), now() + make_interval(secs => $3)) END
FROM webhooks w, (SELECT o.webhook_id FROM lanes o WHERE o.webhook_id = ANY($1::text[]) ORDER BY o.webhook_id FOR NO KEY UPDATE) o
WHERE l.webhook_id = o.webhook_id AND w.id = l.webhook_id`

// Places are given out by whoever holds the webhook's lock, and counted by a
// statement that begins after: what another process gave out is seen then. The
// lock ends with the transaction.
const (
	tryLanes = `SELECT webhook_id FROM unnest($1::text[]) AS i(webhook_id) WHERE pg_try_advisory_xact_lock(hashtextextended('lane ' || webhook_id, 0))`
	lockLane = `SELECT pg_advisory_xact_lock(hashtextextended('lane ' || $1::text, 0))`
)

// taken counts the places of webhook w that are taken, beside what delivery $3
// may have.
const taken = `(SELECT count(*) FROM deliveries s WHERE s.webhook_id = w.id AND s.slot_until > now() AND s.id <> $3)`

// room is how many more places webhook w has, at most $1, beside what delivery
// $3 may have. Of the cap count the places that are taken; a degraded webhook has
// one, one that releases what was held as many as its drain allows. Of the rate
// count the starts that it allows until $2 seconds from now, less the places that
// wait for their start. One whose start is reserved already is counted twice
// until it begins, which only makes the queue look ahead a little less far.
// A limit that is not set is NULL, which least() passes over.
const room = `least($1::bigint,
	w.max_in_flight - ` + taken + `,
	CASE WHEN w.status = 'DEGRADED' THEN 1 - ` + taken + ` WHEN w.drain > 0 THEN w.drain - ` + taken + ` END,
	floor(extract(epoch FROM make_interval(secs => $2) - greatest(l.free_at - now(), interval '0')) * least(w.rate_limit_per_second, ` + subscription.Pace + `)) + 1
		- (SELECT count(*) FROM deliveries s WHERE s.webhook_id = w.id AND s.slot_until = 'infinity' AND s.id <> $3))`

// crowded: a process has no room for webhook w. Its webhooks are $4, its owners $5.
const crowded = `(w.id = ANY($4::text[]) OR w.owner_id = ANY($5::text[])) IS TRUE`

// ready: nothing keeps webhook w from being tried with another delivery.
const ready = `(w.status <> 'DEGRADED' OR coalesce(w.trial_at, '-infinity') <= now())`

// turn and itsOldest pick up to lane.room deliveries by the condition between
// them, the oldest first. One whose earlier attempt is still under way keeps its
// turn.
const (
	turn      = `(SELECT d.id FROM deliveries d WHERE d.webhook_id = lane.id AND `
	itsOldest = ` AND (d.slot_until IS NULL OR d.slot_until <= now()) ORDER BY d.id LIMIT lane.room)`
)

// ReleaseQueued gives the free places of the webhooks $6 to their oldest
// deliveries that are queued, or held where they are being released, in turns among
// owners and their webhooks where there are too many for one round, and claims these
// for $7 seconds; not those of webhooks that are crowded. While
// a degraded webhook waits for its next trial only what was tried before goes on,
// and so does of one without limits: what was never tried is Take's.
// What was held gets its own workflow: an older one that still waits finds
// itself superseded.
const ReleaseQueued = `
WITH lane AS MATERIALIZED (
	SELECT w.id, w.owner_id, w.drain > 0 AND w.drain_until IS NOT NULL AS draining, ` + limited + ` AND ` + ready + ` AS ready, greatest(` + room + `, 0)::bigint AS room
	FROM unnest($6::text[]) AS i(webhook_id) JOIN webhooks w ON w.id = i.webhook_id LEFT JOIN lanes l ON l.webhook_id = w.id
	WHERE NOT ` + off + ` AND NOT ` + subscription.Paused + ` AND NOT ` + crowded + `
), turn AS (
	SELECT q.id, lane.owner_id, row_number() OVER (PARTITION BY lane.id ORDER BY q.id) AS n
	FROM lane CROSS JOIN LATERAL (
		SELECT id FROM (
			` + turn + `d.dispatch_at = 'infinity' AND lane.ready` + itsOldest + `
			UNION ALL ` + turn + `d.dispatch_at = 'infinity' AND d.attempts > 0 AND NOT lane.ready` + itsOldest + `
			UNION ALL ` + turn + Held + ` AND lane.draining AND lane.ready` + itsOldest + `
		) any_of ORDER BY id LIMIT lane.room
	) q
), due AS (
	SELECT d.id FROM (
		SELECT id FROM (SELECT id, n, row_number() OVER (PARTITION BY owner_id ORDER BY n, id) AS of_owner FROM turn) each
		ORDER BY of_owner, n, id LIMIT $1::bigint
	) t
	CROSS JOIN LATERAL (
		SELECT d.id FROM deliveries d WHERE d.id = t.id AND (d.dispatch_at = 'infinity' OR d.status = 'held') FOR UPDATE SKIP LOCKED
	) d
)
UPDATE deliveries d SET slot_until = 'infinity', dispatch_at = now() + make_interval(secs => $7), next_attempt_at = NULL, updated_at = now(), reason = NULL,
	status = CASE WHEN d.status <> 'held' THEN d.status WHEN d.attempts = 0 THEN 'pending' ELSE 'retrying' END,
	generation = d.generation + CASE WHEN d.status = 'held' AND d.run_id IS NOT NULL THEN 1 ELSE 0 END
FROM due, webhooks w
WHERE d.id = due.id AND w.id = d.webhook_id
RETURNING ` + claimColumns

// endDrains ends the release of what was held where nothing of it is left. A
// drain without an end in time is that of a redelivery, which lets go what it has
// picked alone: it ends when nothing of that waits.
const endDrains = `
UPDATE webhooks w SET drain = 0, drain_until = NULL, drain_total = NULL
WHERE w.id = ANY(ARRAY(SELECT id FROM webhooks WHERE id = ANY($1) AND drain > 0 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED))
	AND w.drain > 0 AND coalesce(w.drain_until, now()) <= now()
	AND NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = w.id AND ` + Held + ` AND w.drain_until IS NOT NULL OFFSET 0)
	AND NOT EXISTS (SELECT FROM redeliveries r WHERE r.webhook_id = w.id AND r.status = 'running' AND r.kind = 'redelivery' OFFSET 0)
	AND NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = w.id AND d.dispatch_at = 'infinity' AND w.drain_until IS NULL OFFSET 0)`

// Queued lists webhooks of which something is queued, and those that release what
// was held, and sees to it that Release looks at them. Where there are very many,
// each call lists some of them, in turns.
func (s *Store) Queued(ctx context.Context) ([]hook.Queue, error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	find, err := s.Prepared(ctx, QueuedWebhooks)
	if err != nil {
		return nil, core.Classify("prepare to look for queues", err)
	}
	s.hop.mu.Lock()
	defer s.hop.mu.Unlock()
	for {
		var found []struct {
			WebhookID string `db:"webhook_id"`
			OwnerID   string `db:"owner_id"`
			Queued    bool   `db:"queued"`
		}
		err := s.Repeat(ctx, func() error {
			found = nil
			return find.SelectContext(ctx, &found, s.hop.after, hopAtOnce)
		})
		if err != nil {
			return nil, core.Classify("look for queues", err)
		}
		began := s.hop.after
		s.hop.after = ""
		webhooks, n := make([]hook.Queue, len(found)), 0
		for i, f := range found {
			if webhooks[i] = (hook.Queue{WebhookID: f.WebhookID, OwnerID: f.OwnerID, Drains: !f.Queued}); f.Queued {
				s.hop.after = f.WebhookID
				n++
			}
		}
		if n < hopAtOnce {
			s.hop.after = "" // there are no more
		}
		if n > 0 || began == "" {
			return webhooks, nil
		}
	}
}

// Release gives free places of webhooks with limits to up to t.Limit of their
// queued deliveries, the oldest first, and takes these on like Claim; not those of
// webhooks and owners that are crowded. Queued has to have found them. Where what
// was held is being released, it is taken as if it were queued. It looks at the
// webhooks that are due; those that another process is just releasing are passed
// over. Of webhooks without limits what was tried before is let go; see TakeQueued
// for the rest.
func (s *Store) Release(ctx context.Context, t hook.Take) ([]hook.Claim, error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	if err := s.PrepareAll(ctx, "release deliveries", tryLanes, ReleaseQueued, endDrains, Looked); err != nil {
		return nil, err
	}
	find, err := s.Prepared(ctx, DueLanes)
	if err != nil {
		return nil, core.Classify("prepare to look which webhooks are due", err)
	}
	var all []hook.Claim
	var began sql.NullTime
	for range roundsAtOnce {
		var due []struct {
			WebhookID string    `db:"webhook_id"`
			Now       time.Time `db:"now"`
		}
		if err := find.SelectContext(ctx, &due, lanesAtOnce, began); err != nil || len(due) == 0 {
			return all, core.Classify("look which webhooks are due", err)
		}
		if !began.Valid {
			began = sql.NullTime{Time: due[0].Now, Valid: true}
		}
		lanes := make([]string, len(due))
		for i, d := range due {
			lanes[i] = d.WebhookID
		}
		released, err := s.releaseOf(ctx, lanes, t)
		all = append(all, released...)
		t.Limit -= len(released)
		if err != nil || len(due) < lanesAtOnce || t.Limit <= 0 {
			return all, err
		}
	}
	return all, nil
}

// releaseOf releases deliveries of these webhooks.
func (s *Store) releaseOf(ctx context.Context, due []string, t hook.Take) ([]hook.Claim, error) {
	var released []claimRow
	err := s.InTx(ctx, "release deliveries", func(tx *sqlx.Tx) error {
		released = nil
		var lanes []string
		if err := s.SelectIn(ctx, tx, &lanes, tryLanes, pq.Array(due)); err != nil || len(lanes) == 0 {
			return err
		}
		err := s.SelectIn(ctx, tx, &released, ReleaseQueued, t.Limit, lookahead.Seconds(), "",
			pq.Array(t.Crowded), pq.Array(t.CrowdedOwners), pq.Array(lanes), t.Lease.Seconds())
		if err != nil {
			return err
		}
		if len(released) == 0 {
			if err := s.ExecIn(ctx, tx, endDrains, pq.Array(lanes)); err != nil {
				return err
			}
		}
		return s.ExecIn(ctx, tx, Looked, pq.Array(lanes), lookahead.Seconds(), longestSleep.Seconds(), pq.Array(t.Crowded), pq.Array(t.CrowdedOwners))
	})
	return claims(released), err
}

// takeSlot gives delivery $3 a place of its webhook, or puts it back into the
// queue, for another workflow. Its earlier attempts are over, be they lost.
const takeSlot = `
WITH lane AS MATERIALIZED (
	SELECT CASE WHEN NOT ` + subscription.Paused + ` AND ($6 > 0 OR ` + ready + `) THEN ` + room + ` ELSE 0 END AS room
	FROM webhooks w LEFT JOIN lanes l ON l.webhook_id = w.id WHERE w.id = $4
)
UPDATE deliveries d SET
	slot_until = CASE WHEN lane.room > 0 THEN timestamptz 'infinity' END,
	dispatch_at = CASE WHEN lane.room > 0 THEN now() + make_interval(secs => $7) ELSE timestamptz 'infinity' END,
	generation = d.generation + CASE WHEN lane.room > 0 THEN 0 ELSE 1 END,
	next_attempt_at = NULL, updated_at = now()
FROM lane
WHERE d.id = $3 AND d.generation = $5 AND d.attempts = $6 AND d.status IN ('pending', 'retrying')
	AND d.slot_until IS DISTINCT FROM 'infinity'
RETURNING d.dispatch_at = 'infinity'`

// TakeSlot gives a delivery that is as in p one of its webhook's places, as
// Release would. When none is free it says so, and the delivery is queued, to be
// carried by another workflow. One that has changed since it was read stays.
func (s *Store) TakeSlot(ctx context.Context, p hook.Parcel) (queued bool, err error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	take, err := s.Prepared(ctx, takeSlot)
	if err != nil {
		return false, core.Classify("prepare to take a place", err)
	}
	d := p.Delivery
	err = s.InTx(ctx, "take a place for "+d.ID, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockLane, d.WebhookID); err != nil {
			return err
		}
		err := tx.StmtxContext(ctx, take).GetContext(ctx, &queued, 1, lookahead.Seconds(), d.ID, d.WebhookID, d.Generation, d.Attempts, slotLease.Seconds())
		if errors.Is(err, sql.ErrNoRows) {
			queued = false
			return nil
		}
		return err
	})
	return queued, err
}

// reserveStart takes the next start that webhook $1 allows, if that is at most
// $3 seconds away; starts are $2 seconds apart. A webhook that is paused allows
// none. The clock is read after the wait for the row.
const reserveStart = `
INSERT INTO lanes AS l (webhook_id, free_at)
SELECT w.id, clock_timestamp() + make_interval(secs => $2) FROM webhooks w WHERE w.id = $1 AND NOT ` + subscription.Paused + `
ON CONFLICT (webhook_id) DO UPDATE SET free_at = greatest(l.free_at, clock_timestamp()) + make_interval(secs => $2)
WHERE l.free_at <= clock_timestamp() + make_interval(secs => $3)
RETURNING extract(epoch FROM free_at - clock_timestamp()) - $2`

// giveBack puts a delivery back into the queue that can't start in time, or for
// which there is no room.
const giveBack = `
UPDATE deliveries SET slot_until = NULL, dispatch_at = 'infinity', next_attempt_at = NULL, generation = generation + 1, updated_at = now()
WHERE id = $1 AND generation = $2 AND attempts = $3 AND status IN ('pending', 'retrying')`

// Pace says how long a delivery that holds a place of a webhook with a rate must
// wait before it is sent. When that is too long, or the webhook is paused, it says
// so, and the delivery is queued, to be carried by another workflow.
func (s *Store) Pace(ctx context.Context, p hook.Parcel) (wait time.Duration, queued bool, err error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	reserve, err := s.Prepared(ctx, reserveStart)
	if err != nil {
		return 0, false, core.Classify("prepare to reserve a start", err)
	}
	d := p.Delivery
	var seconds float64
	err = reserve.GetContext(ctx, &seconds, d.WebhookID, 1/p.Webhook.Rate(), longestPace.Seconds())
	if errors.Is(err, sql.ErrNoRows) {
		return 0, true, s.PutBack(ctx, p)
	}
	return max(0, time.Duration(seconds*float64(time.Second))), false, core.Classify("reserve a start of "+d.WebhookID, err)
}

// PutBack queues a delivery that is as in p, to be carried by another workflow.
func (s *Store) PutBack(ctx context.Context, p hook.Parcel) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	d := p.Delivery
	_, err := s.On(ctx).ExecContext(ctx, giveBack, d.ID, d.Generation, d.Attempts)
	return core.Classify("queue "+d.ID, err)
}
