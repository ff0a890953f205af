package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	sdk "go.temporal.io/sdk/client"

	"godwit/internal/config"
)

// retentionResult is what removing old events costs, each with one delivery and
// one attempt, and what others feel of it.
type retentionResult struct {
	// Stored is how many events were there, Rows how many rows were removed.
	Stored int `json:"stored_events"`
	Rows   int `json:"removed_rows"`
	// Seconds is from the start of the run to its end.
	Seconds       float64 `json:"seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
	// WALPerRow is bytes of write-ahead log, those of the load left out.
	WALPerRow float64 `json:"wal_bytes_per_row"`
	// Before and During are the latencies at retentionRate events a second.
	Before spread `json:"before"`
	During spread `json:"during"`
	// MiB of the three tables with their indexes: full, after the removal and a
	// vacuum, and when as many rows were stored again.
	Full     float64 `json:"mib_full"`
	Removed  float64 `json:"mib_removed"`
	Refilled float64 `json:"mib_refilled"`
}

// retentionRate is how many events a second are sent while rows are removed.
const retentionRate = 100

func (b *bench) measureRetention(ctx context.Context) error {
	result := retentionResult{Stored: b.opts.retentionEvents}
	b.progress("retention: storing %d events with a delivery and an attempt each", result.Stored)
	s, err := b.scene(ctx, "retention", sceneSize{webhooks: 1, events: 2 * retentionRate * b.opts.rateSeconds})
	if err != nil {
		return err
	}
	if err := b.storeOld(ctx, result.Stored, 0); err != nil {
		return err
	}
	if result.Full, err = b.ledgerMiB(ctx); err != nil {
		return err
	}
	load := load{prefix: "retention-before", n: retentionRate * b.opts.rateSeconds}
	walBefore, err := b.during(ctx, s, load, &result.Before)
	if err != nil {
		return err
	}
	b.progress("retention: removing")
	began := time.Now()
	if err := b.triggerRetention(ctx); err != nil {
		return err
	}
	load.prefix = "retention-during"
	walDuring, err := b.during(ctx, s, load, &result.During)
	if err != nil {
		return err
	}
	at, err := b.walPosition(ctx)
	if err != nil {
		return err
	}
	if result.Seconds, result.Rows, err = b.retentionEnded(ctx, began); err != nil {
		return err
	}
	walAfter, err := b.walSince(ctx, at)
	if err != nil {
		return err
	}
	result.RowsPerSecond = ratio(float64(result.Rows), result.Seconds)
	result.WALPerRow = ratio(walDuring-walBefore+walAfter, float64(result.Rows))
	if result.Removed, err = b.vacuumed(ctx); err != nil {
		return err
	}
	if err := b.storeOld(ctx, result.Rows/3, result.Stored); err != nil {
		return err
	}
	if result.Refilled, err = b.vacuumed(ctx); err != nil {
		return err
	}
	b.report.Retention = &result
	return b.settle(ctx)
}

// during measures the latency of a load, and gives the bytes of write-ahead log
// that were written in its time.
func (b *bench) during(ctx context.Context, s scene, events load, into *spread) (wal float64, err error) {
	at, err := b.walPosition(ctx)
	if err != nil {
		return 0, err
	}
	shots := events.paced(ctx, retentionRate, b.publish(s, 1))
	if err := firstError(shots); err != nil {
		return 0, err
	}
	*into = spreadOf(answerTimes(shots))
	return b.walSince(ctx, at)
}

func (b *bench) walPosition(ctx context.Context) (at string, err error) {
	err = b.postgres.product.QueryRowContext(ctx, `SELECT pg_current_wal_lsn()`).Scan(&at)
	return at, err
}

func (b *bench) walSince(ctx context.Context, at string) (bytes float64, err error) {
	err = b.postgres.product.QueryRowContext(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)`, at).Scan(&bytes)
	return bytes, err
}

// triggerRetention has the Temporal Schedule begin a run now.
func (b *bench) triggerRetention(ctx context.Context) error {
	secure, err := config.Config{TemporalAddress: b.app.temporal}.TemporalTLS() // by the certificate that the standalone has left
	if err != nil {
		return fmt.Errorf("connect to the embedded Temporal: %w", err)
	}
	temporal, err := sdk.DialContext(ctx, sdk.Options{HostPort: b.app.temporal, Namespace: "godwit", ConnectionOptions: sdk.ConnectionOptions{TLS: secure}})
	if err != nil {
		return fmt.Errorf("connect to the embedded Temporal: %w", err)
	}
	defer temporal.Close()
	return temporal.ScheduleClient().GetHandle(ctx, "retention").Trigger(ctx, sdk.ScheduleTriggerOptions{})
}

// retentionEnded waits for the end of the run that began after a time.
func (b *bench) retentionEnded(ctx context.Context, began time.Time) (seconds float64, rows int, err error) {
	for ctx.Err() == nil {
		var system struct {
			Retention struct {
				Began    time.Time `json:"began_at"`
				Finished time.Time `json:"last_finished_at"`
				Problem  string    `json:"problem"`
				Removed  []struct {
					LastRun int `json:"last_run"`
				} `json:"removed"`
			} `json:"retention"`
		}
		if err := b.api.call(ctx, http.MethodGet, "/v1/system", nil, &system); err != nil {
			return 0, 0, err
		}
		r := system.Retention
		if r.Problem != "" {
			return 0, 0, errors.New("the run does not go on: " + r.Problem)
		}
		if r.Finished.After(r.Began) && r.Began.After(began.Add(-time.Second)) {
			for _, part := range r.Removed {
				rows += part.LastRun
			}
			return rounded(r.Finished.Sub(r.Began).Seconds()), rows, nil
		}
		pause(ctx, 100*time.Millisecond)
	}
	return 0, 0, fmt.Errorf("wait for the run to end: %w", ctx.Err())
}

// oldRows stores events $1 to $2 of 31 to 61 days ago with a delivery and an
// attempt each, in the shape that a success leaves.
const oldRows = `
WITH n AS MATERIALIZED (
	SELECT lpad(to_hex(g), 26, '0') AS n, g, now() - interval '61 days' + g * (interval '30 days' / $3::int) AS at FROM generate_series($1::int, $2::int) g
), stored AS (
	INSERT INTO events (id, type, project_id, company_id, actor_id, occurred_at, accepted_at, current, fingerprint)
	SELECT 'evt_' || n, 'TODO_CREATED', 'old-' || g % 100, 'old', 'actor-' || g % 1000, at, at,
		convert_to('{"id":"' || g || '","title":"' || repeat(md5(n), 6) || '"}', 'UTF8'), sha256(n::bytea) FROM n
), delivered AS (
	INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, attempts, run_id, batch_id, created_at, updated_at, finished_at, begun_at)
	SELECT 'dlv_' || n, 'evt_' || n, 'wh_old' || (g * 7919::bigint) % 500, 'TODO_CREATED', 'old-' || g % 100, 'old',
		'succeeded', 1, md5(n), lpad(to_hex(g / 60), 26, '0'), at, at, at, at FROM n
)
INSERT INTO attempts (delivery_id, number, started_at, finished_at, duration_ms, outcome, status_code, url, request_headers, response_headers, response_body)
SELECT 'dlv_' || n, 1, at, at, 12, 'success', 200, 'https://receiver.example/hooks/godwit',
	convert_to('[' || repeat('{"name":"webhook-id","value":"x"},', 7) || '{"name":"webhook-id","value":"x"}]', 'UTF8'), convert_to('[{"name":"date","value":"x"}]', 'UTF8'), 'ok' FROM n`

// storeOld stores n old events, the first of which has the number after.
func (b *bench) storeOld(ctx context.Context, n, after int) error {
	const chunk = 20_000
	for done := 0; done < n; done += chunk {
		to := min(done+chunk, n)
		if _, err := b.postgres.product.ExecContext(ctx, oldRows, after+done+1, after+to, after+n); err != nil {
			return fmt.Errorf("store old events: %w", err)
		}
	}
	_, err := b.vacuumed(ctx)
	return err
}

// vacuumed gives the size of the tables after a vacuum.
func (b *bench) vacuumed(ctx context.Context) (float64, error) {
	for _, table := range []string{"events", "deliveries", "attempts"} {
		if _, err := b.postgres.product.ExecContext(ctx, `VACUUM (ANALYZE) `+table); err != nil {
			return 0, fmt.Errorf("vacuum %s: %w", table, err)
		}
	}
	return b.ledgerMiB(ctx)
}

func (b *bench) ledgerMiB(ctx context.Context) (mib float64, err error) {
	err = b.postgres.product.QueryRowContext(ctx, `
		SELECT sum(pg_total_relation_size(t::regclass)) / 1048576.0 FROM unnest(ARRAY['events', 'deliveries', 'attempts']) t`).Scan(&mib)
	return rounded(mib), err
}

func (r *report) printRetention(t table) {
	if r.Retention == nil {
		return
	}
	x := r.Retention
	t.title("Retention: %d rows removed of %d events with a delivery and an attempt each", x.Rows, x.Stored)
	t.row("s", "rows/s", "WAL bytes/row", fmt.Sprintf("p99 ms to 202 at %d/s, before", retentionRate), "during", "MiB full", "removed", "refilled")
	t.row(x.Seconds, x.RowsPerSecond, x.WALPerRow, x.Before.P99, x.During.P99, x.Full, x.Removed, x.Refilled)
}
