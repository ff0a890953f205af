package outcome

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/health"
	"godwit/internal/store/ledger"
)

// fail writes the ends of attempts that failed, counts them but for tests, and says which
// deliveries they have moved. An attempt that was thought lost may still end; one
// that has ended stays as it is, and is counted once. A failure changes only a
// delivery that still waits for this very attempt; a 410 also one that was held
// while the attempt was under way. What the receiver has put off uses up no
// attempt and is queued, to be carried by another workflow after the pause.
const fail = `
WITH input AS MATERIALIZED (
	SELECT i.delivery_id, i.number, i.duration_ms, i.outcome, i.reason, i.error, i.status_code, i.url, i.request_headers, i.response_headers,
		i.response_body, i.truncated, i.ago, i.latency, i.status, i.why, i.wait, d.webhook_id, d.test
	FROM unnest($1::text[], $2::smallint[], $3::int[], $4::int[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bool[], $10::float8[], $11::smallint[],
			$12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::float8[])
		AS i(delivery_id, number, duration_ms, status_code, url, request_headers, response_headers, response_body, truncated, ago, latency,
			outcome, reason, error, status, why, wait)
	CROSS JOIN LATERAL (SELECT d.webhook_id, d.test FROM deliveries d WHERE d.id = i.delivery_id FOR NO KEY UPDATE) d
), ended AS (
	INSERT INTO attempts AS a (delivery_id, number, started_at, finished_at, duration_ms, outcome, reason, error, status_code, url,
		request_headers, response_headers, response_body, truncated)
	SELECT delivery_id, number, now() - make_interval(secs => ago), now(), duration_ms, outcome, nullif(reason, ''), nullif(error, ''), nullif(status_code, 0), url,
		request_headers, response_headers, response_body, truncated
	FROM input ORDER BY delivery_id, number
	ON CONFLICT (delivery_id, number) DO UPDATE SET ` + ledger.EndOfAttempt + `
	RETURNING a.delivery_id, a.number
), counted AS (
	INSERT INTO health_counts AS h (webhook_id, hour, reason, latency, part, n)
	SELECT i.webhook_id, date_trunc('hour', now(), 'UTC'), i.reason, i.latency, $18::smallint, count(*)
	FROM ended JOIN input i USING (delivery_id, number) WHERE i.test IS NULL GROUP BY i.webhook_id, i.reason, i.latency ORDER BY 1, 3, 4
	ON CONFLICT (webhook_id, hour, reason, latency, part) DO UPDATE SET n = h.n + excluded.n
), moved AS (
	UPDATE deliveries d SET updated_at = now(), slot_until = NULL,
		status = CASE WHEN i.outcome = 'put_off' AND d.status = 'held' THEN d.status ELSE i.status END,
		reason = CASE WHEN i.outcome = 'put_off' AND d.status = 'held' THEN d.reason ELSE nullif(i.why, '') END,
		unused = d.unused + CASE WHEN i.outcome = 'put_off' THEN 1 ELSE 0 END, generation = d.generation + CASE WHEN i.outcome = 'put_off' THEN 1 ELSE 0 END,
		next_attempt_at = CASE WHEN i.status = 'retrying' AND d.status <> 'held' AND d.dispatch_at < 'infinity' THEN now() + make_interval(secs => i.wait) END,
		dispatch_at = CASE WHEN i.outcome = 'put_off' THEN CASE WHEN d.status <> 'held' THEN timestamptz 'infinity' END
			WHEN i.status <> 'retrying' THEN ` + ledger.UntilCarried + `
			WHEN d.dispatch_at < 'infinity' THEN now() + make_interval(secs => i.wait + $19::float8) ELSE d.dispatch_at END,
		finished_at = CASE WHEN i.status <> 'retrying' THEN now() END
	FROM input i
	WHERE d.id = i.delivery_id AND d.attempts = i.number AND (d.status IN ('pending', 'retrying') OR d.status = 'held' AND (i.why = 'gone' OR i.outcome = 'put_off'))
		AND (i.delivery_id, i.number) IN (SELECT delivery_id, number FROM ended)
	RETURNING d.id
)
SELECT id FROM moved`

// lockHealthOf locks the webhook of a delivery. It finds none that was deleted.
const lockHealthOf = `
SELECT ` + health.LockedColumns + ` FROM webhooks w
WHERE w.id = (SELECT d.webhook_id FROM deliveries d WHERE d.id = $1) AND w.deleted_at IS NULL FOR NO KEY UPDATE`

// Fail writes the ends of attempts that failed, all of one webhook, all or none,
// and gives their places back. Repeating it changes nothing more. What they do
// to the webhook's health is part of the same transaction.
//
// The locks go from the webhook to its deliveries in the order of their ids, as
// everywhere.
func (s *Store) Fail(ctx context.Context, ends []hook.Finish) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	ends = inOrder(ends)
	args, err := failureColumns(ends, s.part+1)
	if err != nil {
		return err
	}
	doing := fmt.Sprintf("write down %d failed attempts", len(ends))
	if err := s.PrepareAll(ctx, doing, lockHealthOf, fail); err != nil {
		return err
	}
	return s.InTx(ctx, doing, func(tx *sqlx.Tx) error {
		var webhooks []health.LockedRow
		if err := s.SelectIn(ctx, tx, &webhooks, lockHealthOf, ends[0].DeliveryID); err != nil {
			return err
		}
		var moved []string
		if err := s.SelectIn(ctx, tx, &moved, fail, args...); err != nil {
			return err
		}
		if err := freeSlots(ctx, tx, ends, moved); err != nil || len(webhooks) == 0 {
			return err
		}
		return s.follow(ctx, tx, webhooks[0], movedOf(ends, moved))
	})
}

// follow writes what attempts that failed do to the health of their webhook,
// which is locked, and tells of the deliveries that have failed for good.
func (s *Store) follow(ctx context.Context, tx *sqlx.Tx, w health.LockedRow, moved []hook.Finish) error {
	var causes []hook.Cause
	var failed []string
	for _, f := range moved {
		causes = append(causes, f.Causes()...)
		if f.Status == hook.Failed && !f.Quiet {
			failed = append(failed, f.DeliveryID)
		}
	}
	if _, err := s.Apply(ctx, tx, w, causes...); err != nil {
		return err
	}
	return s.TellFailed(ctx, tx, failed...)
}

// movedOf gives the ends that have moved their deliveries: of a delivery's
// attempts only the last one does.
func movedOf(ends []hook.Finish, moved []string) []hook.Finish {
	last := map[string]int{}
	for i, f := range ends {
		last[f.DeliveryID] = i
	}
	slices.Sort(moved)
	out := make([]hook.Finish, 0, len(moved))
	for _, id := range moved {
		out = append(out, ends[last[id]])
	}
	return out
}

// failureColumns are the parameters of fail; part is of the counts.
func failureColumns(ends []hook.Finish, part int) ([]any, error) {
	columns, err := endColumns(ends)
	if err != nil {
		return nil, err
	}
	n := len(ends)
	outcomes, reasons, problems, statuses, whys, waits := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]float64, n)
	for i, f := range ends {
		outcomes[i], reasons[i], problems[i] = string(f.Result.Outcome), string(f.Result.Reason), f.Result.Error
		statuses[i], whys[i], waits[i] = string(f.Status), string(f.Reason), f.Wait.Seconds()
	}
	return append(columns, pq.Array(outcomes), pq.Array(reasons), pq.Array(problems), pq.Array(statuses), pq.Array(whys), pq.Array(waits),
		part, ledger.OfferAfter.Seconds()), nil
}

// undoAttempt undoes the start of attempt $2 of delivery $1, which is due again in $3
// seconds unless it is held. Its first attempt goes on in another workflow: the one that there may be
// waits for the result of this one. Of a delivery that was cancelled the attempt is lost, with the reason of
// the delivery: it has no further attempts.
const undoAttempt = `
WITH took AS (
	UPDATE deliveries SET attempts = attempts - 1, begun_at = NULL, slot_until = NULL, updated_at = now(),
		generation = generation + CASE WHEN attempts = 1 THEN 1 ELSE 0 END, run_id = CASE WHEN attempts > 1 THEN run_id END,
		next_attempt_at = CASE WHEN status = 'retrying' THEN now() + make_interval(secs => $3) END,
		dispatch_at = CASE WHEN status <> 'held' THEN now() + make_interval(secs => $3 + CASE WHEN attempts > 1 THEN $4::float8 ELSE 0 END) END
	WHERE id = $1 AND attempts = $2 AND generation = $5 AND status IN ('pending', 'retrying', 'held')
	RETURNING id
), undone AS (
	DELETE FROM attempts a USING took WHERE a.delivery_id = took.id AND a.number = $2 AND a.finished_at IS NULL
), over AS (
	SELECT id, reason, begun_at FROM deliveries WHERE id = $1 AND attempts = $2 AND generation = $5 AND status = 'cancelled' FOR NO KEY UPDATE
), lost AS (
	UPDATE attempts a SET outcome = 'lost', reason = over.reason, error = $6, finished_at = now()
	FROM over WHERE a.delivery_id = over.id AND a.number = $2 AND a.finished_at IS NULL
)
INSERT INTO attempts (delivery_id, number, started_at, finished_at, outcome, reason, error)
SELECT over.id, 1, over.begun_at, now(), 'lost', over.reason, $6
FROM over WHERE over.begun_at IS NOT NULL AND $2 = 1 AND NOT EXISTS (SELECT FROM attempts f WHERE f.delivery_id = over.id OFFSET 0)
ON CONFLICT DO NOTHING`

// cancelledBefore is what an attempt says that was to be undone.
const cancelledBefore = "the delivery was cancelled while the attempt was under way"

// Undo undoes the start of the newest attempt of a delivery, which failed for a
// reason of this process's own, and makes it due again after wait; one that was held in
// the meantime stays so. Where it was cancelled the attempt is lost.
func (s *Store) Undo(ctx context.Context, d hook.Delivery, number int, wait time.Duration) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	_, err := s.On(ctx).ExecContext(ctx, undoAttempt, d.ID, number, wait.Seconds(), ledger.OfferAfter.Seconds(), d.Generation, cancelledBefore)
	return core.Classify(fmt.Sprintf("undo attempt %d of %s", number, d.ID), err)
}
