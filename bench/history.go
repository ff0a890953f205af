package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/lib/pq"
)

// history is months of data, straight in the tables in the shape that deliveries
// leave there: as many events as -history says, each with one finished delivery
// and its attempts, over historyDays until the installation began. They went to
// historyWebhooks webhooks, and a tenth of them to one user, who has a page of
// webhooks; half of that to the first of these.
type history struct {
	*tenant
	deliveries int
	seconds    float64 // that storing took
}

const (
	historyDays = 28
	// historyOwn is how many webhooks the user has: what a page shows at most.
	historyOwn = 200
	// historyWebhooks is how many webhooks of others there are.
	historyWebhooks = 100_000
	// historyChunk bounds one statement.
	historyChunk = 20_000
)

// pastOf gives the history, which is stored when it is first asked for.
func (b *bench) pastOf(ctx context.Context) (*history, error) {
	if b.past != nil {
		return b.past, nil
	}
	began := time.Now()
	t, err := b.tenant(ctx, "history")
	if err != nil {
		return nil, err
	}
	for range historyOwn {
		if err := t.subscribe(ctx, webhook{URL: b.receiver.base + "/history"}); err != nil {
			return nil, err
		}
	}
	stored, err := b.crowd(ctx)
	if err != nil {
		return nil, err
	}
	h := &history{tenant: t, deliveries: b.opts.history}
	b.progress("history: storing %d webhooks", historyWebhooks)
	if _, err := stored.fillTo(ctx, historyWebhooks); err != nil {
		return nil, err
	}
	if err := b.storePast(ctx, h); err != nil {
		return nil, err
	}
	h.seconds = rounded(time.Since(began).Seconds())
	b.past = h
	return h, nil
}

// crowd is the webhooks of others, with none stored yet where no section needed any.
func (b *bench) crowd(ctx context.Context) (*bulk, error) {
	if b.others != nil {
		return b.others, nil
	}
	const project = "bench-matching"
	if err := b.putProject(ctx, project); err != nil {
		return nil, err
	}
	template, err := b.subscribeHeld(ctx, project)
	if err != nil {
		return nil, err
	}
	others := &bulk{db: b.postgres.product, project: project, template: template}
	if err := others.directory(ctx); err != nil {
		return nil, err
	}
	b.others = others
	return others, nil
}

// pastRows stores the events $1 to $2 of $3 with their outcome: one in fifty failed
// after five attempts, one in two hundred was cancelled.
const pastRows = `
WITH n AS MATERIALIZED (
	SELECT 'h' || lpad(to_hex(g), 25, '0') AS n, g, x.at, x.own,
		CASE WHEN x.own THEN $4::text ELSE 'bulk-' || (g * 7919::bigint) % $5::int END AS place,
		CASE WHEN x.own THEN ($6::text[])[CASE WHEN g % 20 = 0 THEN 1 ELSE 1 + g / 10 % cardinality($6::text[]) END] ELSE 'wh_bulk' || (g * 7919::bigint) % $7::int END AS webhook,
		CASE WHEN g % 1000 = 0 THEN 'COMMENT_DELETED' WHEN g % 7 = 0 THEN 'COMMENT_CREATED' ELSE 'TODO_CREATED' END AS type,
		CASE WHEN g / 10 % 50 = 0 THEN 'failed' WHEN g / 10 % 200 = 1 THEN 'cancelled' ELSE 'succeeded' END AS status
	FROM generate_series($1::int, $2::int) g
	CROSS JOIN LATERAL (SELECT c.since - make_interval(days => $8::int) + g * (make_interval(days => $8::int) / ($3::int + 1)) AS at, g % 10 = 0 AS own FROM counting c) x
), stored AS (
	INSERT INTO events (id, type, project_id, company_id, actor_id, occurred_at, accepted_at, current, fingerprint)
	SELECT 'evt_' || n, type, place, place, 'actor-' || g % 1000, at, at,
		convert_to('{"id":"' || g || '","title":"' || repeat(md5(n), 6) || '"}', 'UTF8'), sha256(n::bytea) FROM n
), delivered AS (
	INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, attempts, run_id, batch_id, created_at, updated_at, finished_at, begun_at)
	SELECT 'dlv_' || n, 'evt_' || n, webhook, type, place, place, status, CASE status WHEN 'failed' THEN 'exhausted' WHEN 'cancelled' THEN 'cancelled_by_owner' END,
		CASE status WHEN 'failed' THEN 5 WHEN 'cancelled' THEN 0 ELSE 1 END, md5(n), lpad(to_hex(g / 60), 26, '0'), at, at, at, at FROM n
)
INSERT INTO attempts (delivery_id, number, started_at, finished_at, duration_ms, outcome, reason, status_code, url, request_headers, response_headers, response_body)
SELECT 'dlv_' || n, a, at, at, 12, CASE status WHEN 'failed' THEN 'failure' ELSE 'success' END, CASE status WHEN 'failed' THEN 'status_5xx' END,
	CASE status WHEN 'failed' THEN 503 ELSE 200 END, 'https://receiver.example/hooks/godwit',
	convert_to('[' || repeat('{"name":"webhook-id","value":"x"},', 7) || '{"name":"webhook-id","value":"x"}]', 'UTF8'), convert_to('[{"name":"date","value":"x"}]', 'UTF8'), 'ok'
FROM n CROSS JOIN LATERAL generate_series(1, CASE status WHEN 'failed' THEN 5 WHEN 'cancelled' THEN 0 ELSE 1 END) a`

// pastCounts are what the product has counted of all this in the meantime.
var pastCounts = []string{
	`INSERT INTO delivery_counts (webhook_id, hour, matched, redelivered)
	SELECT coalesce(d.webhook_id, ''), date_trunc('hour', d.created_at, 'UTC') AS hour, count(*), 0 FROM deliveries d CROSS JOIN counting c WHERE d.created_at < c.since
	GROUP BY GROUPING SETS ((d.webhook_id, hour), (hour))`,
	`INSERT INTO event_counts (project_id, hour, n)
	SELECT coalesce(e.project_id, ''), date_trunc('hour', e.accepted_at, 'UTC') AS hour, count(*) FROM events e CROSS JOIN counting c WHERE e.accepted_at < c.since
	GROUP BY GROUPING SETS ((e.project_id, hour), (hour))`,
	`INSERT INTO health_hours (webhook_id, hour, attempts, succeeded, reasons, latencies, counts)
	SELECT o.webhook_id, o.hour, sum(o.n), coalesce(sum(o.n) FILTER (WHERE o.reason = ''), 0), array_agg(o.reason), array_agg(5::smallint), array_agg(o.n) FROM (
		SELECT d.webhook_id, date_trunc('hour', a.finished_at, 'UTC') AS hour, coalesce(a.reason, '') AS reason, count(*) AS n
		FROM attempts a JOIN deliveries d ON d.id = a.delivery_id CROSS JOIN counting c WHERE a.finished_at < c.since GROUP BY 1, 2, 3
	) o GROUP BY o.webhook_id, o.hour`,
	`INSERT INTO health_hours (webhook_id, hour, attempts, succeeded, reasons, latencies, counts)
	SELECT '', h.hour, sum(h.attempts), sum(h.succeeded), '{}', '{}', '{}' FROM health_hours h CROSS JOIN counting c WHERE h.hour < c.since GROUP BY h.hour`,
	fmt.Sprintf(`UPDATE counting SET since = date_trunc('hour', since - interval '%d days', 'UTC')`, historyDays),
	`VACUUM (ANALYZE) events, deliveries, attempts, webhooks, rules, rule_keys, delivery_counts, event_counts, health_hours, users, projects, members`,
}

func (b *bench) storePast(ctx context.Context, h *history) error {
	db := b.postgres.product
	for done := 0; done < h.deliveries; done += historyChunk {
		if done%(25*historyChunk) == 0 {
			b.progress("history: %d of %d deliveries stored", done, h.deliveries)
		}
		to := min(done+historyChunk, h.deliveries)
		if _, err := db.ExecContext(ctx, pastRows, done+1, to, h.deliveries, h.project, bulkOwners, pq.Array(h.webhooks), historyWebhooks, historyDays); err != nil {
			return fmt.Errorf("store the history: %w", err)
		}
	}
	b.progress("history: counting it")
	for _, statement := range pastCounts {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("count the history: %w", err)
		}
	}
	return nil
}

// some gives an id of a list that the user sees.
func (t *tenant) some(ctx context.Context, path string) (string, error) {
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := t.user.call(ctx, http.MethodGet, path, nil, &page); err != nil {
		return "", err
	}
	if len(page.Data) == 0 {
		return "", fmt.Errorf("%s shows nothing", path)
	}
	return page.Data[0].ID, nil
}
