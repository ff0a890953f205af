package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lib/pq"

	"godwit/internal/hook"
)

// succeed is finishAttempt for many attempts that were answered with 2xx, of
// webhooks without limits: it writes their ends, counts them, and says how each
// webhook stands whose deliveries they have moved.
const succeed = `
WITH input AS MATERIALIZED (
	SELECT i.delivery_id, i.number, i.duration_ms, i.status_code, i.url, i.request_headers, i.response_headers, i.response_body, i.truncated,
		i.ago, i.latency, i.carried_by, d.webhook_id
	FROM unnest($1::text[], $2::smallint[], $3::int[], $4::int[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bool[], $10::float8[], $11::smallint[], $12::text[])
		AS i(delivery_id, number, duration_ms, status_code, url, request_headers, response_headers, response_body, truncated, ago, latency, carried_by)
	CROSS JOIN LATERAL (SELECT d.webhook_id FROM deliveries d WHERE d.id = i.delivery_id OFFSET 0) d
), ended AS (
	INSERT INTO attempts AS a (delivery_id, number, started_at, finished_at, duration_ms, outcome, status_code, url,
		request_headers, response_headers, response_body, truncated)
	SELECT delivery_id, number, now() - make_interval(secs => ago), now(), duration_ms, 'success', nullif(status_code, 0), url,
		request_headers, response_headers, response_body, truncated
	FROM input ORDER BY delivery_id, number
	ON CONFLICT (delivery_id, number) DO UPDATE SET ` + endOfAttempt + `
	RETURNING a.delivery_id, a.number
), counted AS (
	INSERT INTO health_counts AS h (webhook_id, hour, reason, latency, part, n)
	SELECT i.webhook_id, date_trunc('hour', now(), 'UTC'), '', i.latency, $13::smallint, count(*)
	FROM ended JOIN input i USING (delivery_id, number) GROUP BY i.webhook_id, i.latency ORDER BY 1, 4
	ON CONFLICT (webhook_id, hour, reason, latency, part) DO UPDATE SET n = h.n + excluded.n
), moved AS (
	UPDATE deliveries d SET status = 'succeeded', reason = NULL, updated_at = now(), finished_at = now(), next_attempt_at = NULL,
		run_id = coalesce(d.run_id, nullif(i.carried_by, '')),
		dispatch_at = CASE WHEN i.carried_by = '' THEN ` + untilCarried + ` END,
		slot_until = CASE WHEN d.attempts <> i.number THEN NULLIF(d.slot_until, 'infinity') END
	FROM input i
	WHERE d.id = i.delivery_id AND d.status <> 'succeeded' AND (i.delivery_id, i.number) IN (SELECT delivery_id, number FROM ended)
	RETURNING d.id, d.webhook_id
), one_each AS (
	SELECT webhook_id, min(id) AS delivery_id FROM moved GROUP BY webhook_id
)
SELECT w.id AS webhook_id, m.delivery_id, ` + healthColumns + `
FROM one_each m CROSS JOIN LATERAL (SELECT w.id, ` + healthColumns + ` FROM webhooks w WHERE w.id = m.webhook_id OFFSET 0) w`

// Succeed writes the ends of attempts that are Plain, all or none, in one
// statement. Repeating it changes nothing more. Where a webhook was not well, it
// is after.
func (s *Store) Succeed(ctx context.Context, ends []hook.Finish) error {
	st, err := s.prepared(ctx, succeed)
	if err != nil {
		return classify("prepare to finish attempts", err)
	}
	slices.SortFunc(ends, func(a, b hook.Finish) int { return strings.Compare(a.DeliveryID, b.DeliveryID) }) // see cancelWaiting
	args, err := successColumns(ends)
	if err != nil {
		return err
	}
	var moved []succeededRow
	s.many.Lock()
	err = repeat(func() error {
		moved = nil
		return classify("finish attempts", st.SelectContext(ctx, &moved, args...))
	})
	s.many.Unlock()
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range moved {
		if m.health().After(hook.AttemptSucceeded) == m.health() {
			continue
		}
		_, _, err := s.Happen(ctx, m.WebhookID, hook.Cause{What: hook.AttemptSucceeded, DeliveryID: m.DeliveryID})
		failed = append(failed, ignoreMissing(err))
	}
	return errors.Join(failed...)
}

// succeededRow is a webhook, and one of its deliveries that have succeeded.
type succeededRow struct {
	movedRow
	DeliveryID string `db:"delivery_id"`
}

// successColumns turns ends of attempts into one array per column.
func successColumns(ends []hook.Finish) ([]any, error) {
	n := len(ends)
	ids, urls, runs := make([]string, n), make([]string, n), make([]string, n)
	numbers, durations, codes, latencies := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	requests, responses, bodies := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	truncated, ago := make([]bool, n), make([]float64, n)
	for i, f := range ends {
		r := f.Result
		var err error
		if requests[i], responses[i], err = headerColumns(r); err != nil {
			return nil, err
		}
		ids[i], urls[i], runs[i], bodies[i] = f.DeliveryID, r.URL, f.RunID, r.ResponseBody
		numbers[i], durations[i], codes[i] = int64(f.Number), r.Duration.Milliseconds(), int64(r.StatusCode)
		latencies[i], truncated[i], ago[i] = int64(hook.LatencyStep(r.Duration)), r.Truncated, f.Ago.Seconds()
	}
	return []any{
		pq.Array(ids), pq.Array(numbers), pq.Array(durations), pq.Array(codes), pq.Array(urls),
		blobs(requests), blobs(responses), blobs(bodies), pq.Array(truncated), pq.Array(ago), pq.Array(latencies),
		pq.Array(runs), rand.IntN(countParts),
	}, nil
}
