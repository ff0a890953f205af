package health

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// Happen applies what happened to a webhook and says how it stood before and
// stands after. Of several at once each sees what the one before has left, so
// that one alone switches the webhook off. A deleted webhook is CodeNotFound.
func (s *Store) Happen(ctx context.Context, webhookID string, c hook.Cause) (before, after hook.Health, err error) {
	err = s.InTx(ctx, "change the health of "+webhookID, func(tx *sqlx.Tx) error {
		if before, after, err = s.HappenIn(ctx, tx, webhookID, c); err != nil {
			return err
		}
		if before == after {
			return explainLater(ctx, tx, webhookID, c)
		}
		done := access.Change{Action: hook.WebhookEnabled, ObjectID: webhookID, Before: access.ShownHealth(before), After: access.ShownHealth(after)}
		if !after.Enabled {
			done.Action = hook.WebhookDisabled
			done.After["note"] = c.Note
		}
		return access.Audit(ctx, tx, done)
	})
	return before, after, err
}

// explainLater writes down why a person has switched a webhook off, where the reason comes
// after the deed; the webhook's row is locked.
func explainLater(ctx context.Context, tx *sqlx.Tx, webhookID string, c hook.Cause) error {
	if c.What != hook.OwnerDisabled || c.Note == "" {
		return nil
	}
	const sql = `
UPDATE transitions SET note = $2
WHERE webhook_id = $1 AND cause = $3 AND note IS DISTINCT FROM $2 AND seq = (SELECT t.seq FROM transitions t WHERE t.webhook_id = $1 ORDER BY t.seq DESC LIMIT 1)`
	result, err := tx.ExecContext(ctx, sql, webhookID, c.Note, hook.OwnerDisabled)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return access.Audit(ctx, tx, access.Change{Action: hook.WebhookDisabled, ObjectID: webhookID, After: access.Shown{"note": c.Note}})
}

// LockHealth keeps out other changes, and no ingest.
const LockHealth = `SELECT ` + LockedColumns + ` FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL FOR NO KEY UPDATE`

// HappenIn is Happen as a part of a transaction, without the audit log.
func (s *Store) HappenIn(ctx context.Context, tx *sqlx.Tx, webhookID string, causes ...hook.Cause) (before, after hook.Health, err error) {
	var r LockedRow
	if err = tx.GetContext(ctx, &r, LockHealth, webhookID); err != nil {
		return before, after, core.Found("webhook", webhookID, err)
	}
	after, err = s.Apply(ctx, tx, r, causes...)
	return r.Health(), after, err
}

// Apply writes what the causes make of a webhook's health; its row is locked.
// What changes only counters is written together with what follows.
func (s *Store) Apply(ctx context.Context, tx *sqlx.Tx, r LockedRow, causes ...hook.Cause) (after hook.Health, err error) {
	if causes, err = r.counting(ctx, tx, causes); err != nil {
		return after, err
	}
	if err := pauseWebhook(ctx, tx, r, causes); err != nil {
		return after, err
	}
	saved := r.Health()
	after = saved
	for i, c := range causes {
		from := after
		after = from.After(c.What)
		if !c.Release && from.Drain == 0 {
			after.Drain = 0
		}
		st := step{r.WebhookID, saved, after, c}
		if i < len(causes)-1 && !st.switches() && !st.told() && !st.releases() {
			continue
		}
		if err := s.saveHealth(ctx, tx, st); err != nil {
			return after, err
		}
		saved = after
	}
	return after, nil
}

// LockedColumns are those of a LockedRow, of webhook w.
const LockedColumns = `w.id AS webhook_id, ` + HealthColumns + `, ` + subscription.PauseColumns + `, w.url, now() AS now`

// saveHealth writes one step, and what follows from it.
func (s *Store) saveHealth(ctx context.Context, tx *sqlx.Tx, st step) error {
	webhookID, before, after, c := st.webhookID, st.before, st.after, st.cause
	if before == after && c.What != hook.GaveUp && !st.releases() {
		return nil
	}
	if !before.Enabled && after.Enabled && after.Drain == 0 {
		if err := s.stillHeld(ctx, tx, webhookID); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE webhooks SET enabled = $2, status = $3, disabled_reason = $4, failures_in_row = $5, exhausted_in_row = $6, drain = $7,
			last_failure_at = CASE WHEN $8 <> '' THEN now() ELSE last_failure_at END,
			last_failure_reason = coalesce(nullif($8, ''), last_failure_reason),
			successes_before = CASE WHEN $8 <> '' THEN (
				SELECT coalesce(sum(h.n), 0) FROM health_counts h WHERE h.webhook_id = $1 AND h.hour = date_trunc('hour', now(), 'UTC') AND h.reason = ''
			) ELSE successes_before END,
			drain_total = CASE WHEN $7 = 0 THEN NULL WHEN drain = 0 THEN (
				SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.webhook_id = $1 AND `+ledger.Held+` LIMIT $15) h
			) ELSE drain_total END,
			drain_until = CASE WHEN $7 > 0 AND (drain = 0 OR drain_until IS NULL AND $12) THEN now() + make_interval(secs => $11) ELSE drain_until END,
			trial_at = CASE WHEN $9::float8 > 0 THEN now() + make_interval(secs => $9) ELSE trial_at END,
			paused_since = CASE WHEN $13 THEN paused_since END,
			succeeded_at = CASE WHEN $14 THEN now() ELSE succeeded_at END,
			version = version + CASE WHEN $10 THEN 1 ELSE 0 END, updated_at = now()
		WHERE id = $1`,
		webhookID, after.Enabled, after.Status, core.NonEmpty(string(after.DisabledReason)), after.FailuresInRow, after.ExhaustedInRow, after.Drain,
		string(c.Reason), c.Trial.Seconds(), st.switches(), core.LongestIngest.Seconds(), st.releases(),
		after.Paused, c.What == hook.AttemptSucceeded, hook.MaxDrainShown)
	if err != nil {
		return err
	}
	if st.told() {
		if err := s.tell(ctx, tx, st); err != nil {
			return err
		}
	}
	if err := s.writeNotice(ctx, tx, st); err != nil || !st.switches() {
		return err
	}
	return s.switchOver(ctx, tx, webhookID, after)
}

// switchOver has held what waits for a webhook that was switched off; what is held
// of one that was switched on is released by the drain. A recovery begins where
// health switched the webhook off, and ends in every other case.
func (s *Store) switchOver(ctx context.Context, tx *sqlx.Tx, webhookID string, after hook.Health) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE webhooks SET outages = outages + CASE WHEN $2 THEN 1 ELSE 0 END, recover_at = CASE WHEN $2 AND auto_recover THEN now() END,
			recover_until = NULL, next_probe_at = NULL, probes = 0, gave_up_at = NULL, trial_at = NULL,
			paused_until = NULL, pace = NULL, paused_since = NULL
		WHERE id = $1`, webhookID, after.DisabledReason == hook.DisabledByHealth)
	if err != nil {
		return err
	}
	if after.Enabled {
		return ledger.NudgeRedeliveries(ctx, tx, webhookID)
	}
	return ledger.Withdraw(ctx, tx, s.Tally.TakenOut, ledger.WithdrawWebhooks, pq.Array([]string{webhookID}))
}

// stillHeld refuses to switch a webhook on without a drain while what waited when
// it was switched off is being held: the rest of it would be sent.
func (s *Store) stillHeld(ctx context.Context, tx *sqlx.Tx, webhookID string) error {
	if err := ledger.Withdraw(ctx, tx, s.Tally.TakenOut, ledger.WithdrawWebhooks, pq.Array([]string{webhookID})); err != nil {
		return err
	}
	var waits bool
	err := tx.GetContext(ctx, &waits, `SELECT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = $1 AND `+ledger.OnItsWay+` AND `+ledger.NoTest+`)`, webhookID)
	if err == nil && waits {
		return hook.Errorf(hook.CodeConflict, "what waited for the webhook %s is still being held; try again in a minute, or enable it with drain", webhookID)
	}
	return err
}

// Transitions lists what happened to a webhook's health since a time, the
// newest first, at most limit of it.
func (s *Store) Transitions(ctx context.Context, webhookID string, since time.Time, limit int) ([]hook.Transition, error) {
	type row struct {
		At         time.Time `db:"at"`
		FromStatus string    `db:"from_status"`
		Status     string    `db:"status"`
		Enabled    bool      `db:"enabled"`
		Cause      string    `db:"cause"`
		Reason     string    `db:"reason"`
		DeliveryID string    `db:"delivery_id"`
		Actor      string    `db:"actor"`
		Note       string    `db:"note"`
	}
	return core.Rows(ctx, s.DB, `
		SELECT at, from_status, status, enabled, cause, coalesce(reason, '') AS reason, coalesce(delivery_id, '') AS delivery_id, coalesce(actor, '') AS actor,
			coalesce(note, '') AS note
		FROM transitions WHERE webhook_id = $1 AND at >= $2 ORDER BY seq DESC LIMIT $3`, []any{webhookID, since, limit},
		func(r row) (hook.Transition, error) {
			return hook.Transition{
				At: r.At.UTC(), FromStatus: hook.WebhookStatus(r.FromStatus), Status: hook.WebhookStatus(r.Status), Enabled: r.Enabled,
				Cause: hook.HappenedOf(r.Cause), Reason: hook.Reason(r.Reason), DeliveryID: r.DeliveryID, Actor: r.Actor, Note: r.Note,
			}, nil
		})
}
