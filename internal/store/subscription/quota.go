package subscription

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

const (
	usageColumns = `webhooks, rules, stored_bytes, coalesce(tests_left, 0) AS tests_left, tests_at, clock_timestamp() AS now,
		coalesce(counted_at < now() - interval '1 hour', true) AS stale`

	// lockUsage locks what a user takes up, which makes its row the first time.
	lockUsage = `INSERT INTO user_usage AS u (user_id) VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET user_id = u.user_id RETURNING ` + usageColumns

	// countUsage counts again. Kept counts are off after code that does not know of
	// them has made or removed webhooks, which may happen while a new version is
	// being rolled out.
	countUsage = `
		SELECT count(*) AS webhooks, coalesce(sum(r.n), 0) AS rules FROM webhooks w
		CROSS JOIN LATERAL (SELECT count(*) AS n FROM rules r WHERE r.webhook_id = w.id OFFSET 0) r
		WHERE w.owner_id = $1 AND w.deleted_at IS NULL`

	keepUsage = `
		UPDATE user_usage SET webhooks = $2, rules = $3, stored_bytes = $4, tests_left = $5, tests_at = $6, counted_at = CASE WHEN $7 THEN now() ELSE counted_at END
		WHERE user_id = $1`

	ForgetUsage = `DELETE FROM user_usage WHERE user_id = $1`

	shrinkUsage = `UPDATE user_usage SET webhooks = greatest(webhooks + $2, 0), rules = greatest(rules + $3, 0) WHERE user_id = $1`
)

type usageRow struct {
	Webhooks    int64        `db:"webhooks"`
	Rules       int64        `db:"rules"`
	StoredBytes int64        `db:"stored_bytes"`
	TestsLeft   float64      `db:"tests_left"`
	TestsAt     sql.NullTime `db:"tests_at"`
	Now         time.Time    `db:"now"`
	Stale       bool         `db:"stale"`
}

func (r usageRow) usage() hook.Usage {
	return hook.Usage{Webhooks: r.Webhooks, Rules: r.Rules, StoredBytes: r.StoredBytes, Tests: hook.Bucket{Left: r.TestsLeft, At: core.NullTime(r.TestsAt)}}
}

// recount counts the webhooks and rules where that was not done lately.
func (r *usageRow) recount(ctx context.Context, on sqlx.QueryerContext, userID string) error {
	if !r.Stale {
		return nil
	}
	var counted struct {
		Webhooks int64 `db:"webhooks"`
		Rules    int64 `db:"rules"`
	}
	err := sqlx.GetContext(ctx, on, &counted, countUsage, userID)
	r.Webhooks, r.Rules = counted.Webhooks, counted.Rules
	return err
}

// Use changes what a user takes up, as far as the limits allow. The row stays locked
// until the transaction ends, and is the last lock but for the rows of what is
// added: who comes later sees what was taken. Owners that are gone take up nothing.
func (s *Store) Use(ctx context.Context, tx *sqlx.Tx, userID string, change func(hook.Usage, hook.Limits, time.Time) (hook.Usage, error)) error {
	if userID == "" {
		return nil
	}
	limits, err := s.limitsOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	var r usageRow
	if err := tx.GetContext(ctx, &r, lockUsage, userID); err != nil {
		return err
	}
	if err := r.recount(ctx, tx, userID); err != nil {
		return err
	}
	u, err := change(r.usage(), limits, r.Now.UTC())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, keepUsage, userID, u.Webhooks, u.Rules, u.StoredBytes, u.Tests.Left, core.Nullable(u.Tests.At), r.Stale)
	return err
}

// Grow adds webhooks and rules to what a user has, before they are stored; fewer of
// them are always allowed.
func (s *Store) Grow(ctx context.Context, tx *sqlx.Tx, userID string, webhooks, rules int) error {
	if webhooks <= 0 && rules <= 0 {
		_, err := tx.ExecContext(ctx, shrinkUsage, userID, webhooks, rules)
		return err
	}
	return s.Use(ctx, tx, userID, func(u hook.Usage, l hook.Limits, _ time.Time) (hook.Usage, error) {
		return u.Grow(l, int64(webhooks), int64(rules))
	})
}

// limitsOf gives the limits of a user: those that the companies have whose projects
// the user is a member of, else the installation's.
func (s *Store) limitsOf(ctx context.Context, on sqlx.QueryerContext, userID string) (hook.Limits, error) {
	var found [][]byte
	err := sqlx.SelectContext(ctx, on, &found, `
		SELECT DISTINCT c.limits FROM members m JOIN projects p ON p.id = m.project_id JOIN companies c ON c.id = p.company_id
		WHERE m.user_id = $1 AND c.limits IS NOT NULL`, userID)
	if err != nil {
		return hook.Limits{}, err
	}
	own := make([]hook.OwnLimits, len(found))
	for i, text := range found {
		if err := OwnLimits(text, &own[i]); err != nil {
			return hook.Limits{}, err
		}
	}
	return s.limits.With(own...), nil
}

// OwnLimits reads the limits that were set for a company.
func OwnLimits(text []byte, into *hook.OwnLimits) error {
	if len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return core.Fault(fmt.Errorf("decode the limits of a company: %w", err))
	}
	return nil
}

// UserQuotas tells what a user may have and has.
func (s *Store) UserQuotas(ctx context.Context, userID string) ([]hook.Quota, error) {
	limits, err := s.limitsOf(ctx, s.On(ctx), userID)
	if err != nil {
		return nil, core.Classify("read the limits of a user", err)
	}
	r := usageRow{Stale: true, Now: s.Now()}
	err = sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+usageColumns+` FROM user_usage WHERE user_id = $1`, userID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, core.Classify("read what a user takes up", err)
	}
	if err := r.recount(ctx, s.On(ctx), userID); err != nil {
		return nil, core.Classify("count what a user takes up", err)
	}
	return r.usage().Quotas(limits, r.Now.UTC()), nil
}
