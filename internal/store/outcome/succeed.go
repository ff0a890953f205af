package outcome

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/health"
	"godwit/internal/store/ledger"
)

// Succeed writes the ends of attempts that were answered with 2xx and counts
// them, but for tests. It gives, for each webhook, which deliveries it wrote the ends
// of and which of them these have moved, without tests, and how the webhook stands. It waits for no
// delivery: those that others have locked are passed over.
const Succeed = `
WITH input AS MATERIALIZED (
	SELECT i.delivery_id, i.number, i.duration_ms, i.status_code, i.url, i.request_headers, i.response_headers, i.response_body, i.truncated,
		i.ago, i.latency, i.carried_by, d.webhook_id, d.test
	FROM unnest($1::text[], $2::smallint[], $3::int[], $4::int[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bool[], $10::float8[], $11::smallint[], $12::text[])
		AS i(delivery_id, number, duration_ms, status_code, url, request_headers, response_headers, response_body, truncated, ago, latency, carried_by)
	CROSS JOIN LATERAL (SELECT d.webhook_id, d.test FROM deliveries d WHERE d.id = i.delivery_id FOR NO KEY UPDATE SKIP LOCKED) d
), ended AS (
	INSERT INTO attempts AS a (delivery_id, number, started_at, finished_at, duration_ms, outcome, status_code, url,
		request_headers, response_headers, response_body, truncated)
	SELECT delivery_id, number, now() - make_interval(secs => ago), now(), duration_ms, 'success', nullif(status_code, 0), url,
		request_headers, response_headers, response_body, truncated
	FROM input ORDER BY delivery_id, number
	ON CONFLICT (delivery_id, number) DO UPDATE SET ` + ledger.EndOfAttempt + `
	RETURNING a.delivery_id, a.number
), counted AS (
	INSERT INTO health_counts AS h (webhook_id, hour, reason, latency, part, n)
	SELECT i.webhook_id, date_trunc('hour', now(), 'UTC'), '', i.latency, $13::smallint, count(*)
	FROM ended JOIN input i USING (delivery_id, number) WHERE i.test IS NULL GROUP BY i.webhook_id, i.latency ORDER BY 1, 4
	ON CONFLICT (webhook_id, hour, reason, latency, part) DO UPDATE SET n = h.n + excluded.n
), moved AS (
	UPDATE deliveries d SET status = 'succeeded', reason = NULL, updated_at = now(), finished_at = now(), next_attempt_at = NULL,
		run_id = coalesce(d.run_id, nullif(i.carried_by, '')),
		dispatch_at = CASE WHEN i.carried_by = '' THEN ` + ledger.UntilCarried + ` END,
		slot_until = CASE WHEN d.attempts <> i.number THEN NULLIF(d.slot_until, 'infinity') END
	FROM input i
	WHERE d.id = i.delivery_id AND d.status <> 'succeeded' AND (i.delivery_id, i.number) IN (SELECT delivery_id, number FROM ended)
	RETURNING d.id, d.webhook_id, d.test
), each AS (
	SELECT webhook_id, array_agg(id) AS written, array_agg(id ORDER BY id) FILTER (WHERE moved) AS moved
	FROM (SELECT webhook_id, delivery_id AS id, false AS moved FROM input UNION ALL SELECT webhook_id, id, true FROM moved WHERE test IS NULL) ids GROUP BY webhook_id
)
SELECT w.id AS webhook_id, e.written, e.moved, ` + health.HealthColumns + `
FROM each e CROSS JOIN LATERAL (SELECT w.id, ` + health.HealthColumns + ` FROM webhooks w WHERE w.id = e.webhook_id OFFSET 0) w`

// succeededRow is a webhook and its deliveries of which ends were written.
type succeededRow struct {
	health.WebhookHealthRow
	Written pq.StringArray `db:"written"` // one that was moved is there twice
	Moved   pq.StringArray `db:"moved"`
}

// Succeed writes the ends of attempts that are Plain in one statement, and says
// what is left to do. Repeating it changes nothing more.
func (s *Store) Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	ends = inOrder(ends)
	args, err := endColumns(ends)
	if err != nil {
		return hook.Recorded{}, err
	}
	runs := make([]string, len(ends))
	for i, f := range ends {
		runs[i] = f.RunID
	}
	args = append(args, pq.Array(runs), s.part)
	var found []succeededRow
	err = s.ByItself(ctx, "finish attempts", Succeed, func(st *sqlx.Stmt) error {
		found = nil
		s.PassingOver.Lock() // it waits for no delivery
		defer s.PassingOver.Unlock()
		return st.SelectContext(ctx, &found, args...)
	})
	if err != nil {
		return hook.Recorded{}, err
	}
	var out hook.Recorded
	var moved, written []string
	for _, r := range found {
		moved, written = append(moved, r.Moved...), append(written, r.Written...)
		if len(r.Moved) > 0 && r.Health().After(hook.AttemptSucceeded) != r.Health() {
			out.Better = append(out.Better, r.WebhookID)
		}
	}
	if err := freeSlots(ctx, s.On(ctx), ends, moved); err != nil {
		return out, core.Classify("give places back", err)
	}
	out.Left, err = s.left(ctx, ends, written)
	return out, err
}

// left gives the ends of deliveries that others have locked.
func (s *Store) left(ctx context.Context, ends []hook.Finish, written []string) ([]hook.Finish, error) {
	left := slices.DeleteFunc(slices.Clone(ends), func(f hook.Finish) bool { return slices.Contains(written, f.DeliveryID) })
	if len(left) == 0 {
		return nil, nil
	}
	ids := make([]string, len(left))
	for i, f := range left {
		ids[i] = f.DeliveryID
	}
	var there []string
	if err := sqlx.SelectContext(ctx, s.On(ctx), &there, `SELECT id FROM deliveries WHERE id = ANY($1)`, pq.Array(ids)); err != nil {
		return nil, core.Classify("look for deliveries that are locked", err)
	}
	return slices.DeleteFunc(left, func(f hook.Finish) bool { return !slices.Contains(there, f.DeliveryID) }), nil
}

// lookAgainAfter is the pause before a delivery that others have locked is tried
// again.
const lookAgainAfter = 20 * time.Millisecond

// Finish writes the end of one attempt, whatever it was, and what it does to its
// webhook's health. Repeating it changes nothing more.
func (s *Store) Finish(ctx context.Context, f hook.Finish) error {
	if !f.Plain() {
		return s.Fail(ctx, []hook.Finish{f})
	}
	for {
		r, err := s.Succeed(ctx, []hook.Finish{f})
		switch {
		case err != nil:
			return err
		case len(r.Left) > 0:
			if err := core.Pause(ctx, lookAgainAfter); err != nil {
				return core.Classify("finish an attempt of "+f.DeliveryID, err)
			}
			continue
		}
		for _, webhookID := range r.Better {
			err = s.Improve(ctx, webhookID, []string{f.DeliveryID})
		}
		return err
	}
}

// Improve writes what successes do to the health of a webhook. One that was
// deleted in the meantime is passed over.
func (s *Store) Improve(ctx context.Context, webhookID string, deliveryIDs []string) error {
	ctx = core.Via(ctx, s.AttemptsPool)
	return core.IgnoreMissing(s.InTx(ctx, "improve the health of "+webhookID, func(tx *sqlx.Tx) error {
		var succeeded []struct {
			DeliveryID string `db:"delivery_id"`
			URL        string `db:"url"`
		}
		err := tx.SelectContext(ctx, &succeeded, `
			SELECT delivery_id, coalesce(url, '') AS url FROM attempts a
			WHERE delivery_id = ANY($1) AND outcome = 'success' AND NOT EXISTS (SELECT FROM deliveries d WHERE d.id = a.delivery_id AND d.test) ORDER BY delivery_id`, pq.Array(deliveryIDs))
		if err != nil {
			return err
		}
		causes := make([]hook.Cause, len(succeeded))
		for i, a := range succeeded {
			causes[i] = hook.Cause{What: hook.AttemptSucceeded, DeliveryID: a.DeliveryID, URL: a.URL}
		}
		_, _, err = s.HappenIn(ctx, tx, webhookID, causes...)
		return err
	}))
}
