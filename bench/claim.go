package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

// pendingLevels are the numbers of pending deliveries with which claiming is
// measured.
func pendingLevels() []int { return []int{1_000, 100_000, 1_000_000} }

// claimResult is what claiming due deliveries costs in Postgres while so many
// are pending. All are due and the product is at work on them.
type claimResult struct {
	Pending int `json:"pending"`
	// Milliseconds and Blocks are of one statement that claims, Rows is how many
	// deliveries it gave.
	Milliseconds float64 `json:"ms"`
	Rows         float64 `json:"rows"`
	Blocks       float64 `json:"blocks"`
	// PerRow is microseconds for one delivery.
	PerRow float64 `json:"us_per_row"`
}

// claimingFor is how long the product is watched at each level.
const claimingFor = 3 * time.Second

func (b *bench) measureClaim(ctx context.Context) error {
	for _, level := range pendingLevels() {
		result, err := b.claimAt(ctx, level)
		if err != nil {
			return fmt.Errorf("with %d pending: %w", level, err)
		}
		b.report.Claims = append(b.report.Claims, result)
	}
	return nil
}

func (b *bench) claimAt(ctx context.Context, level int) (claimResult, error) {
	b.progress("claim: storing %d pending deliveries", level)
	name := fmt.Sprintf("claim-%d", level)
	result := claimResult{Pending: level}
	project := "bench-" + name
	if err := b.putProject(ctx, project); err != nil {
		return result, err
	}
	id, err := b.subscribe(ctx, webhook{Name: name, URL: b.receiver.open(name, level).url, Rules: []rule{{Events: []string{eventType}, Projects: []string{project}}}})
	if err != nil {
		return result, err
	}
	if err := b.storePending(ctx, id, project, level); err != nil {
		return result, err
	}
	if err := b.postgres.resetStatements(ctx); err != nil {
		return result, err
	}
	pause(ctx, claimingFor)
	statements, err := b.postgres.statements(ctx)
	if err != nil {
		return result, err
	}
	result.fill(statements)
	if err := b.cancelPending(ctx, id); err != nil {
		return result, err
	}
	return result, b.settle(ctx)
}

// fill takes the statement that claimed the most deliveries.
func (r *claimResult) fill(statements []statement) {
	var most statement
	for _, s := range statements {
		claims := s.database == productDatabase && strings.Contains(s.text, "SKIP LOCKED") && strings.Contains(s.text, "deliveries")
		if claims && s.rows > most.rows {
			most = s
		}
	}
	calls, rows := float64(most.calls), float64(most.rows)
	r.Milliseconds, r.Rows, r.Blocks = ratio(most.milliseconds, calls), ratio(rows, calls), ratio(float64(most.blocks), calls)
	r.PerRow = ratio(1000*most.milliseconds, rows)
}

// cancelPending cancels what is left, which would take minutes to deliver, in
// parts that stand in no claim's way.
func (b *bench) cancelPending(ctx context.Context, webhookID string) error {
	const part = 20_000
	for {
		res, err := b.postgres.product.ExecContext(ctx, `
			UPDATE deliveries SET status = 'cancelled', reason = 'webhook_deleted', dispatch_at = NULL, finished_at = now(), updated_at = now()
			WHERE id = ANY(ARRAY(
				SELECT id FROM deliveries WHERE webhook_id = $1 AND status = 'pending' AND attempts = 0 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))`,
			webhookID, part)
		if err != nil {
			return fmt.Errorf("cancel what is pending: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
	}
}

// storePending writes events with a delivery each straight into the tables, as
// the ingest does. They become due together, when all are there.
func (b *bench) storePending(ctx context.Context, webhookID, project string, n int) error {
	_, err := b.postgres.product.ExecContext(ctx, `
		WITH stored AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
			SELECT $2 || '-' || g, $3, $2, $4, now(), '{}', '' FROM generate_series(1, $5::int) g RETURNING id
		)
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, status, dispatch_at)
		SELECT 'dlv_' || s.id, s.id, $1, $3, $2, $4, 1, 'pending', now() FROM stored s`, webhookID, project, eventType, companyID, n)
	if err != nil {
		return fmt.Errorf("store pending deliveries: %w", err)
	}
	for _, table := range []string{"events", "deliveries"} {
		if _, err := b.postgres.product.ExecContext(ctx, `VACUUM ANALYZE `+pq.QuoteIdentifier(table)); err != nil {
			return fmt.Errorf("vacuum %s: %w", table, err)
		}
	}
	return nil
}
