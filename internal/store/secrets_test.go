package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func rotateTo(secret string) func(*hook.Webhook) error {
	return func(w *hook.Webhook) error { return w.Rotate(secret, time.Hour, time.Now()) }
}

func TestRotatedSecretsSignUntilTheirEnd(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	got, err := s.RotateSecret(ctx, w.ID, rotateTo("whsec_bmV3"))
	require.NoError(t, err)
	require.Equal(t, w.Version+1, got.Version, "the ETag changes")
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	p, err := s.Parcel(ctx, s.firstID(t))
	require.NoError(t, err)
	require.Equal(t, []string{"whsec_bmV3", w.Secret}, p.Webhook.Secrets(p.Now))
	require.Equal(t, []string{"whsec_bmV3"}, p.Webhook.Secrets(p.Now.Add(time.Hour)))

	// An error changes nothing.
	refused := errors.New("no")
	_, err = s.RotateSecret(ctx, w.ID, func(w *hook.Webhook) error { w.Secret = "x"; return refused })
	require.ErrorIs(t, err, refused)
	again, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, got, again)
	_, err = s.RotateSecret(ctx, "wh_none", rotateTo("x"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestExpiredSecretsGoWithTheNextWrite(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, err := s.RotateSecret(ctx, w.ID, func(w *hook.Webhook) error {
		return w.Rotate("whsec_bmV3", time.Minute, time.Now().Add(-time.Hour)) // it ended an hour ago
	})
	require.NoError(t, err)
	stored := func() int { return s.number(t, `SELECT sum(octet_length(old_secrets)) FROM webhooks`) }
	require.Zero(t, stored(), "it is not even written")

	_, err = s.RotateSecret(ctx, w.ID, rotateTo("whsec_bmV3ZXI="))
	require.NoError(t, err)
	require.Positive(t, stored())
	got, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.OldSecrets[0].ExpiresAt = time.Now(); return nil })
	require.NoError(t, err)
	require.Empty(t, got.OldSecrets)
	require.Zero(t, stored())
}

func TestADeletedWebhookKeepsNoSecret(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, err := s.RotateSecret(ctx, w.ID, rotateTo("whsec_bmV3"))
	require.NoError(t, err)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	require.Zero(t, s.number(t, `SELECT sum(octet_length(secret) + octet_length(old_secrets) + octet_length(headers)) FROM webhooks`))
}

func TestRotationIsAudited(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	ctx := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "key_1", Role: hook.RoleUser, UserID: "u1"})
	_, err := s.RotateSecret(ctx, w.ID, rotateTo("whsec_bmV3"))
	require.NoError(t, err)
	_, err = s.RotateSecret(ctx, w.ID, func(w *hook.Webhook) error { return w.Rotate("whsec_bmV3ZXI=", 0, time.Now()) })
	require.NoError(t, err)
	log, err := s.AuditLog(context.Background(), hook.AuditFilter{ObjectID: w.ID}, anyPage)
	require.NoError(t, err)
	require.Len(t, log, 2)
	for _, entry := range log {
		require.Equal(t, hook.WebhookSecretRotated, entry.Action)
		require.Equal(t, "u1", entry.By.UserID)
		require.NotContains(t, string(entry.Before)+string(entry.After), "whsec_")
	}
	require.Contains(t, string(log[1].After), `"old_secrets_expire_at":["20`)
	require.Contains(t, string(log[0].After), `"old_secrets_expire_at":[]`)
}
