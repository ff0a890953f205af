package subscription

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/access"
)

// RotateSecret has rotate give a webhook its next secret; what rotate returns as
// an error ends it.
func (s *Store) RotateSecret(ctx context.Context, id string, rotate func(*hook.Webhook) error) (hook.Webhook, error) {
	err := s.InTx(ctx, "rotate the secret of "+id, func(tx *sqlx.Tx) error {
		before, err := s.LockWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		after := before
		if err := rotate(&after); err != nil {
			return err
		}
		if err := s.SaveWebhook(ctx, tx, after); err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.WebhookSecretRotated, ObjectID: id, Before: s.shownSecrets(before), After: s.shownSecrets(after)})
	})
	if err != nil {
		return hook.Webhook{}, err
	}
	return s.Webhook(ctx, id)
}

// shownSecrets is what the audit log tells of a webhook's secrets.
func (s *Store) shownSecrets(w hook.Webhook) access.Shown {
	ends := []time.Time{}
	for _, old := range hook.Live(w.OldSecrets, s.Now()) {
		ends = append(ends, old.ExpiresAt)
	}
	return access.Shown{"signature": hook.SignatureOf(w.Secret), "secret": access.Secret(w.Secret), "old_secrets_expire_at": ends}
}
