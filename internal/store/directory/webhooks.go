package directory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/health"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// CreateWebhook stores a new webhook under the ID and with the secret that it
// carries. A key that another webhook of the owner has is CodeConflict; a webhook
// that the owner may not have in addition is CodeQuota. An owner, project, company
// or event type that does not exist, or a project that the owner is no member of,
// is CodeInvalid with each field.
func (s *Store) CreateWebhook(ctx context.Context, w hook.Webhook) (hook.Webhook, error) {
	if err := s.InTx(ctx, "create webhook", func(tx *sqlx.Tx) error { return s.create(ctx, tx, w) }); err != nil {
		return w, err
	}
	return s.Webhook(ctx, w.ID)
}

// create is CreateWebhook in a transaction.
func (s *Store) create(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	sealed, err := s.Sealed(w)
	if err != nil {
		return err
	}
	if err := shareParent(ctx, tx, "users", w.OwnerID); err != nil {
		return err
	}
	if err := subscription.CheckNew(ctx, tx, w); err != nil {
		return err
	}
	if err := s.Grow(ctx, tx, w.OwnerID, 1, len(w.Rules)); err != nil {
		return cmp.Or(keyTaken(ctx, tx, w), err)
	}
	made, err := tx.ExecContext(ctx, `
		INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, timeout_seconds, rate_limit_per_second,
			max_in_flight, auto_recover, metadata, enabled, status, disabled_reason, client_certificate, client_key, ca_certificate, max_age, key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		ON CONFLICT (owner_id, key) WHERE key IS NOT NULL AND deleted_at IS NULL DO NOTHING`,
		w.ID, w.OwnerID, w.Name, w.URL, sealed.Secret, sealed.Headers, w.PayloadFormat, core.Positive(int(w.Timeout/time.Second)), core.PositiveRate(w.RateLimitPerSecond),
		core.Positive(w.MaxInFlight), w.AutoRecover, []byte(w.Metadata), w.Enabled, w.Status, core.NonEmpty(string(w.DisabledReason)),
		w.ClientCertificate, sealed.ClientKey, w.CACertificate, core.Positive(int(w.MaxAge/time.Second)), core.NonEmpty(w.Key))
	if err != nil {
		return err
	}
	if n, err := made.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, keyConflict(w))
	}
	if err := subscription.InsertRules(ctx, tx, w); err != nil {
		return err
	}
	return access.Audit(ctx, tx, access.Change{Action: hook.WebhookCreated, ObjectID: w.ID, After: access.ShownWebhook(w)})
}

// keyTaken is CodeConflict where another webhook of the owner has the key of w. Where
// that webhook took the owner's last place, a request with the same key finds it
// rather than the limit.
func keyTaken(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	var taken bool
	err := tx.GetContext(ctx, &taken, `SELECT EXISTS (SELECT FROM webhooks WHERE owner_id = $1 AND key = $2 AND deleted_at IS NULL)`, w.OwnerID, w.Key)
	if err != nil || !taken {
		return err
	}
	return keyConflict(w)
}

func keyConflict(w hook.Webhook) error {
	return hook.Errorf(hook.CodeConflict, "the owner has a webhook with the key %q already", w.Key)
}

// UpdateWebhook changes one webhook: edit gets it as it is and changes it in
// place; what it returns as an error ends the update. A version above 0 that
// differs from the stored one is CodeStale. Disabling holds what waits,
// enabling releases what is held.
func (s *Store) UpdateWebhook(ctx context.Context, id string, version int64, edit func(*hook.Webhook) error) (hook.Webhook, error) {
	if err := s.InTx(ctx, "update webhook", func(tx *sqlx.Tx) error { return s.update(ctx, tx, id, version, edit) }); err != nil {
		return hook.Webhook{}, err
	}
	return s.Webhook(ctx, id)
}

// update is UpdateWebhook in a transaction.
func (s *Store) update(ctx context.Context, tx *sqlx.Tx, id string, version int64, edit func(*hook.Webhook) error) error {
	before, err := s.LockWebhook(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := sameVersion(before, version); err != nil {
		return err
	}
	after := before
	after.Rules = slices.Clone(before.Rules)
	if err := edit(&after); err != nil {
		return err
	}
	if len(after.Headers) > 0 {
		after.Replaced("headers")
	}
	if after.ClientKey != "" || after.ClientCertificate == "" {
		after.Replaced("client_key")
	}
	if err := s.SaveWebhook(ctx, tx, after); err != nil {
		return err
	}
	if before.RateLimitPerSecond != after.RateLimitPerSecond {
		// The next start was reserved by the rate before.
		if _, err := tx.ExecContext(ctx, `DELETE FROM lanes WHERE webhook_id = $1`, id); err != nil {
			return err
		}
	}
	if n := len(after.Rules) - len(before.Rules); n != 0 {
		if err := s.Grow(ctx, tx, after.OwnerID, 0, n); err != nil {
			return err
		}
	}
	if err := subscription.ReplaceRules(ctx, tx, before, after); err != nil {
		return err
	}
	if err := health.RecoverOrNot(ctx, tx, before, after); err != nil {
		return err
	}
	if err := s.switched(ctx, tx, before, after); err != nil {
		return err
	}
	return access.Audit(ctx, tx, access.Change{Action: hook.WebhookUpdated, ObjectID: id, Before: access.ShownWebhook(before), After: access.ShownWebhook(after)})
}

// sameVersion is CodeStale where w has another version than the one that a change is
// meant for; 0 stands for any.
func sameVersion(w hook.Webhook, version int64) error {
	if version > 0 && version != w.Version {
		return hook.Errorf(hook.CodeStale, "the webhook was changed in the meantime: its version is %d, not %d; read it again", w.Version, version)
	}
	return nil
}

// switched carries out what an edit says about Enabled.
func (s *Store) switched(ctx context.Context, tx *sqlx.Tx, before, after hook.Webhook) error {
	cause := hook.Cause{What: hook.OwnerDisabled}
	switch {
	case before.Enabled == after.Enabled:
		return nil
	case after.Enabled:
		cause = hook.Cause{What: hook.OwnerEnabled, Release: true}
	}
	cause.Actor = hook.PrincipalOf(ctx).Actor()
	_, _, err := s.HappenIn(ctx, tx, after.ID, cause)
	return err
}

// DeleteWebhook removes a webhook with its secrets and rules. Its deliveries
// stay in the ledger; those that wait are cancelled.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	return s.DeleteVersion(ctx, id, 0)
}

// DeleteVersion is DeleteWebhook, where a version above 0 that differs from the stored
// one is CodeStale.
func (s *Store) DeleteVersion(ctx context.Context, id string, version int64) error {
	return s.InTx(ctx, "delete webhook", func(tx *sqlx.Tx) error { return s.remove(ctx, tx, id, version) })
}

// remove is DeleteVersion in a transaction.
func (s *Store) remove(ctx context.Context, tx *sqlx.Tx, id string, version int64) error {
	before, err := s.LockWebhook(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := sameVersion(before, version); err != nil {
		return err
	}
	if err := s.deleteWebhooks(ctx, tx, []string{id}); err != nil {
		return err
	}
	if err := s.Grow(ctx, tx, before.OwnerID, -1, -len(before.Rules)); err != nil {
		return err
	}
	return access.Audit(ctx, tx, access.Change{Action: hook.WebhookDeleted, ObjectID: id, Before: access.ShownWebhook(before)})
}

// deleteWebhooks removes webhooks, which are locked.
func (s *Store) deleteWebhooks(ctx context.Context, tx *sqlx.Tx, ids []string) error {
	for _, statement := range []string{
		`DELETE FROM rules WHERE webhook_id = ANY($1)`,
		`UPDATE webhooks SET deleted_at = now(), secret = '', old_secrets = '', headers = '', url = '',
			client_certificate = '', client_key = '', ca_certificate = '', recover_at = NULL, drain = 0 WHERE id = ANY($1)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, pq.Array(ids)); err != nil {
			return err
		}
	}
	if err := removeListeners(ctx, tx, ids); err != nil {
		return err
	}
	return ledger.Withdraw(ctx, tx, s.Tally.TakenOut, ledger.WithdrawWebhooks, pq.Array(ids))
}
