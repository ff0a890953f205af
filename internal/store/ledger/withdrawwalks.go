package ledger

import (
	"database/sql"
	"time"
)

// A walk looks at up to $4 deliveries, takes those out that qualify, and says how
// far it has come. The parameters are those of all walks: $1 the webhook, $2 and
// $3 the place after which it goes on, $5 and $6 the status and the reason that it
// gives, $7 the project, $8 the time of the change.
//
// What others have locked is passed over, so that a step, which holds the lock of
// its webhook, waits for no delivery.
//
// from is the time after which it goes on. A cancellation has its own id as $7, which
// marks what it takes.
func walkStep(looked, qualifies, from, marks string) string {
	return `
WITH given AS (
	SELECT $1::text, $2::timestamptz, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::timestamptz
), looked AS MATERIALIZED (` + looked + `
), due AS (
	SELECT d.id FROM (SELECT id FROM looked ORDER BY id) l
	CROSS JOIN LATERAL (SELECT d.id FROM deliveries d WHERE d.id = l.id AND ` + Unfinished + ` AND ` + qualifies + ` FOR NO KEY UPDATE SKIP LOCKED) d
), taken AS (
	UPDATE deliveries d SET status = $5::text, reason = $6::text, dispatch_at = NULL, next_attempt_at = NULL, updated_at = now(),
		slot_until = NULLIF(d.slot_until, 'infinity'), finished_at = CASE WHEN $5::text = 'cancelled' THEN now() END` + marks + `
	WHERE d.id = ANY(ARRAY(SELECT due.id FROM due)) -- a join could read the whole index
	RETURNING d.id
)
SELECT count(*) AS looked, (SELECT count(*) FROM taken) AS taken, (SELECT id FROM looked ORDER BY at DESC NULLS LAST, id DESC LIMIT 1) AS last_id,
	(` + from + `)::text AS last_at
FROM looked`
}

// fromTimed goes on from the same moment, unless all of it were looked at already.
const fromTimed = `CASE WHEN max(at) > $2::timestamptz OR (SELECT count(*) FROM taken) > 0 THEN max(at) ELSE max(at) + interval '1 microsecond' END`

// The walks through what waits for a webhook: what has a time to be dispatched at,
// in the order of these times; and what is queued, or held, in the order of the
// ids. What is held stays so, unless it is to be cancelled.
const (
	walkTimed = `
	SELECT d.id, d.dispatch_at AS at FROM deliveries d
	WHERE d.webhook_id = $1 AND d.dispatch_at >= $2::timestamptz AND d.dispatch_at < 'infinity' ORDER BY d.dispatch_at LIMIT $4`
	walkQueued = `
	SELECT id, NULL::timestamptz AS at FROM (
		(SELECT d.id FROM deliveries d WHERE d.webhook_id = $1 AND d.dispatch_at = 'infinity' AND d.id > $3 ORDER BY d.id LIMIT $4)
		UNION ALL
		(SELECT d.id FROM deliveries d WHERE d.webhook_id = $1 AND d.reason = 'webhook_disabled' AND d.id > $3 AND $5::text <> 'held' ORDER BY d.id LIMIT $4)
	) waiting ORDER BY id LIMIT $4`
)

// The walks through what carries data of a project: its own events, and the
// combinations with a part of it. What was taken out is not met again, so that
// these go on from where they are. No index may serve the time: where statistics say
// that nearly everything waits, Postgres would read what is finished in its order.
const (
	madeBefore  = `coalesce(d.created_at, 'infinity') <= $8`
	walkProject = `
	SELECT d.id, NULL::timestamptz AS at FROM deliveries d
	WHERE d.project_id = $7 AND ` + Unfinished + ` AND ` + madeBefore + ` LIMIT $4`
	walkCombined = `
	SELECT d.id, NULL::timestamptz AS at FROM deliveries d
	WHERE d.event_id IN (SELECT e.id FROM events e WHERE e.project_ids @> ARRAY[$7::text]) AND ` + Unfinished + ` AND ` + madeBefore + ` LIMIT $4`
)

// ofProject: delivery d was made before the change and carries data of the project.
const ofProject = `d.created_at <= $8::timestamptz AND (d.project_id = $7 OR EXISTS (
		SELECT FROM (SELECT e.project_ids FROM events e WHERE e.id = d.event_id OFFSET 0) e WHERE e.project_ids @> ARRAY[$7::text]))`

// notHeldAgain: what is held already stays as it is where it is to be held, and a
// test is never held.
const notHeldAgain = `($5::text <> 'held' OR d.status <> 'held' AND ` + NoTest + `)`

var (
	OfWebhookWalks = []string{walkStep(walkTimed, notHeldAgain, fromTimed, ""), walkStep(walkQueued, notHeldAgain, fromTimed, "")}
	OfMemberWalks  = []string{walkStep(walkTimed, ofProject, fromTimed, ""), walkStep(walkQueued, ofProject, fromTimed, "")}
	OfProjectWalks = []string{walkStep(walkProject, `true`, fromTimed, ""), walkStep(walkCombined, `true`, fromTimed, "")}
)

// walksOf gives the walks that one round of a withdrawal makes.
func walksOf(w withdrawalRow) []string {
	switch {
	case !w.ProjectID.Valid:
		return OfWebhookWalks
	case w.WebhookID.Valid:
		return OfMemberWalks
	}
	return OfProjectWalks
}

// Unowned finds the webhooks for which something waits that nothing will send:
// those that were deleted, and those that are off. It hops from one webhook to the
// next, so it costs as much as there are webhooks with something unfinished.
const Unowned = `
WITH RECURSIVE hop AS (
	(SELECT d.webhook_id FROM deliveries d WHERE d.dispatch_at IS NOT NULL OR d.reason = 'webhook_disabled' ORDER BY d.webhook_id LIMIT 1)
	UNION ALL
	SELECT (SELECT d.webhook_id FROM deliveries d WHERE (d.dispatch_at IS NOT NULL OR d.reason = 'webhook_disabled') AND d.webhook_id > hop.webhook_id
		ORDER BY d.webhook_id LIMIT 1)
	FROM hop WHERE hop.webhook_id IS NOT NULL
)
INSERT INTO withdrawals (webhook_id, until)
SELECT w.id, now() FROM hop
CROSS JOIN LATERAL (SELECT w.id, w.deleted_at FROM webhooks w WHERE w.id = hop.webhook_id AND (w.deleted_at IS NOT NULL OR NOT w.enabled) OFFSET 0) w
WHERE EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = w.id AND ` + OnItsWay + ` AND (w.deleted_at IS NOT NULL OR ` + NoTest + `) OFFSET 0)
	OR w.deleted_at IS NOT NULL AND EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = w.id AND ` + Held + ` OFFSET 0)
ON CONFLICT (webhook_id) WHERE project_id IS NULL DO NOTHING
RETURNING webhook_id`

// withdrawalRow is a withdrawal, and how far it has come.
type withdrawalRow struct {
	ID        int64          `db:"id"`
	WebhookID sql.NullString `db:"webhook_id"`
	ProjectID sql.NullString `db:"project_id"`
	Reason    sql.NullString `db:"reason"`
	CreatedAt time.Time      `db:"created_at"`
	Over      bool           `db:"over"` // every ingest sees the change
	Walk      int            `db:"walk"`
	AfterAt   string         `db:"after_at"` // may be infinite
	AfterID   string         `db:"after_id"`
	Found     bool           `db:"found"`
}
