package health

import (
	"database/sql"
	"time"

	"godwit/internal/hook"
	"godwit/internal/store/subscription"
)

// LockedRow is a webhook whose row is locked, since its health may change.
type LockedRow struct {
	WebhookHealthRow
	subscription.PauseRow
	URL string    `db:"url"`
	Now time.Time `db:"now"`
}

// step is what one cause makes of a webhook's health.
type step struct {
	webhookID     string
	before, after hook.Health
	cause         hook.Cause
}

// switches says whether the webhook is switched on or off, or off for another reason.
func (st step) switches() bool {
	return st.before.Enabled != st.after.Enabled || st.before.DisabledReason != st.after.DisabledReason
}

// told says whether the step is a transition.
func (st step) told() bool {
	return st.switches() || st.before.Status != st.after.Status || st.cause.What == hook.GaveUp
}

// releases: also where the webhook is on, and a redelivery drains what it has picked.
func (st step) releases() bool { return st.cause.Release && st.cause.What == hook.OwnerEnabled }

// WebhookHealthRow is the health of the webhook with this id.
type WebhookHealthRow struct {
	WebhookID string `db:"webhook_id"`
	healthRow
}

// HealthColumns are those of a healthRow, of webhook w.
const HealthColumns = `w.enabled, w.status, w.disabled_reason, w.failures_in_row, w.exhausted_in_row, w.drain, w.paused_since`

type healthRow struct {
	Enabled        bool         `db:"enabled"`
	Status         string       `db:"status"`
	DisabledReason *string      `db:"disabled_reason"`
	FailuresInRow  int          `db:"failures_in_row"`
	ExhaustedInRow int          `db:"exhausted_in_row"`
	Drain          int          `db:"drain"`
	PausedSince    sql.NullTime `db:"paused_since"`
}

// Health converts a row.
func (r healthRow) Health() hook.Health {
	h := hook.Health{
		Enabled: r.Enabled, Status: hook.WebhookStatus(r.Status), FailuresInRow: r.FailuresInRow, ExhaustedInRow: r.ExhaustedInRow, Drain: r.Drain,
		Paused: r.PausedSince.Valid,
	}
	if r.DisabledReason != nil {
		h.DisabledReason = hook.DisabledReason(*r.DisabledReason)
	}
	return h
}
