package subscription

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
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

// oldSecret is an old secret as it is sealed.
type oldSecret struct {
	Secret    string    `json:"secret"`
	ExpiresAt time.Time `json:"expires_at"`
}

// sealOldSecrets gives the column old_secrets, without those that have expired.
func (s *Store) sealOldSecrets(w hook.Webhook) ([]byte, error) {
	var live []oldSecret
	for _, old := range hook.Live(w.OldSecrets, s.Now()) {
		live = append(live, oldSecret(old))
	}
	if len(live) == 0 {
		return []byte{}, nil
	}
	plain, err := json.Marshal(live)
	if err != nil {
		return nil, core.Fault(fmt.Errorf("encode the old secrets of %s: %w", w.ID, err))
	}
	return s.Ring.Seal(plain, place(w.ID, "old_secrets")), nil
}

func (s *Store) openOldSecrets(webhookID string, sealed []byte) ([]hook.OldSecret, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.Ring.Open(sealed, place(webhookID, "old_secrets"))
	if err != nil {
		return nil, err
	}
	var stored []oldSecret
	if err := json.Unmarshal(plain, &stored); err != nil {
		return nil, core.Fault(fmt.Errorf("decode the old secrets of %s: %w", webhookID, err))
	}
	old := make([]hook.OldSecret, len(stored))
	for i, o := range stored {
		old[i] = hook.OldSecret(o)
	}
	return old, nil
}
