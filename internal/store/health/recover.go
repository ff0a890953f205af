package health

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// probeAgainAfter is how long after its next probe was due a recovery is offered
// to a worker again, in case its workflow is gone.
const probeAgainAfter = time.Minute

const claimRecoveries = `
UPDATE webhooks w SET recover_at = now() + make_interval(secs => $2)
WHERE w.id = ANY(ARRAY(SELECT id FROM webhooks WHERE recover_at <= now() ORDER BY recover_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING w.id, coalesce(w.owner_id, '') AS owner_id, w.outages, coalesce(w.timeout_seconds, 0) AS timeout_seconds`

// ClaimRecoveries takes on up to limit recoveries whose workflows must be told
// of them. They stay claimed for the lease; one that has not been looked at by
// then is due once more.
func (s *Store) ClaimRecoveries(ctx context.Context, limit int, lease time.Duration) ([]hook.RecoveryClaim, error) {
	st, err := s.Prepared(ctx, claimRecoveries)
	if err != nil {
		return nil, core.Classify("prepare the claim of recoveries", err)
	}
	var claimed []struct {
		WebhookID      string `db:"id"`
		OwnerID        string `db:"owner_id"`
		Outages        int    `db:"outages"`
		TimeoutSeconds int    `db:"timeout_seconds"`
	}
	if err := st.SelectContext(ctx, &claimed, limit, lease.Seconds()); err != nil {
		return nil, core.Classify("claim recoveries", err)
	}
	out := make([]hook.RecoveryClaim, len(claimed))
	for i, c := range claimed {
		out[i] = hook.RecoveryClaim{WebhookID: c.WebhookID, OwnerID: c.OwnerID, Outage: c.Outages, Timeout: time.Duration(c.TimeoutSeconds) * time.Second}
	}
	return out, nil
}

// UnclaimRecoveries makes claimed recoveries due again at once.
func (s *Store) UnclaimRecoveries(ctx context.Context, claims []hook.RecoveryClaim) error {
	ids := make([]string, len(claims))
	for i, c := range claims {
		ids[i] = c.WebhookID
	}
	_, err := s.On(ctx).ExecContext(ctx, `UPDATE webhooks SET recover_at = now() WHERE id = ANY($1) AND recover_at IS NOT NULL`, pq.Array(ids))
	return core.Classify("give recoveries back", err)
}

type outageRow struct {
	Outage      int          `db:"outages"`
	Running     bool         `db:"running"`
	Probes      int          `db:"probes"`
	NextProbeAt sql.NullTime `db:"next_probe_at"`
	Until       sql.NullTime `db:"recover_until"`
	GaveUpAt    sql.NullTime `db:"gave_up_at"`
	Now         time.Time    `db:"now"`
	URL         string       `db:"url"`
	Exhausted   int          `db:"exhausted_in_row"`
}

const (
	outageColumns = `w.outages, w.recover_at IS NOT NULL AS running, w.probes, w.next_probe_at, w.recover_until, w.gave_up_at, w.url, w.exhausted_in_row, clock_timestamp() AS now`
	lockOutage    = `SELECT ` + outageColumns + ` FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL FOR NO KEY UPDATE`
)

func (r outageRow) recovery() hook.Recovery {
	return hook.Recovery{
		Outage: r.Outage, Running: r.Running, Refuses: hook.Health{ExhaustedInRow: r.Exhausted}.Refuses(), Probes: r.Probes,
		URL: r.URL, NextProbeAt: core.NullTime(r.NextProbeAt), Until: core.NullTime(r.Until), GaveUpAt: core.NullTime(r.GaveUpAt), Now: r.Now.UTC(),
	}
}

// Recovery reads the recovery of a webhook that health has deactivated, and
// plans its first probe if that was not done. One that does not run (any more)
// is as it ended. A deleted webhook is CodeNotFound.
func (s *Store) Recovery(ctx context.Context, webhookID string, plan hook.RecoveryPlan) (r hook.Recovery, err error) {
	err = s.InTx(ctx, "look at the recovery of "+webhookID, func(tx *sqlx.Tx) error {
		if r, err = lockedOutage(ctx, tx, webhookID); err != nil || !r.Running || !r.NextProbeAt.IsZero() {
			return err
		}
		r = plan.Begin(r)
		return saveOutage(ctx, tx, webhookID, r)
	})
	return r, err
}

// Probed writes down what a probe of a recovery came to and gives what follows.
// It takes nothing where the recovery has changed since it was seen.
func (s *Store) Probed(ctx context.Context, webhookID string, p hook.RecoveryProbe) (r hook.Recovery, took bool, err error) {
	err = s.InTx(ctx, "write down a probe of "+webhookID, func(tx *sqlx.Tx) error {
		took = false
		if r, err = lockedOutage(ctx, tx, webhookID); err != nil {
			return err
		}
		if !r.Running || r.Outage != p.Seen.Outage || r.Probes != p.Seen.Probes || r.URL != p.Seen.URL {
			return nil
		}
		took = true
		cause := hook.Cause{What: p.What, Reason: p.Reason, Release: true}
		if p.What == hook.ProbeFailed {
			r = p.Plan.Failed(r)
			if err := saveOutage(ctx, tx, webhookID, r); err != nil || r.Running {
				return err
			}
			cause.What = hook.GaveUp
		}
		r.Running = false
		_, _, err := s.HappenIn(ctx, tx, webhookID, cause)
		return err
	})
	return r, took, err
}

func lockedOutage(ctx context.Context, tx *sqlx.Tx, webhookID string) (hook.Recovery, error) {
	var row outageRow
	if err := tx.GetContext(ctx, &row, lockOutage, webhookID); err != nil {
		return hook.Recovery{}, core.Found("webhook", webhookID, err)
	}
	return row.recovery(), nil
}

func saveOutage(ctx context.Context, tx *sqlx.Tx, webhookID string, r hook.Recovery) error {
	next := sql.NullTime{Time: r.NextProbeAt, Valid: r.Running}
	_, err := tx.ExecContext(ctx, `
		UPDATE webhooks SET probes = $2, next_probe_at = $3::timestamptz, recover_at = $3::timestamptz + make_interval(secs => $4),
			recover_until = $5, gave_up_at = $6
		WHERE id = $1`, webhookID, r.Probes, next, probeAgainAfter.Seconds(), r.Until, sql.NullTime{Time: r.GaveUpAt, Valid: !r.GaveUpAt.IsZero()})
	return err
}

// RecoverOrNot carries out what an edit says about AutoRecover: without it a
// recovery ends; with it, one begins where health has switched the webhook off.
func RecoverOrNot(ctx context.Context, tx *sqlx.Tx, before, after hook.Webhook) error {
	if before.AutoRecover == after.AutoRecover {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE webhooks SET recover_at = CASE WHEN auto_recover AND NOT enabled AND disabled_reason = $2 THEN now() END,
			recover_until = NULL, next_probe_at = NULL, probes = 0, gave_up_at = NULL
		WHERE id = $1`, after.ID, hook.DisabledByHealth)
	return err
}
