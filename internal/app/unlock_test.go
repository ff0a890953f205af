package app_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
)

// runWith starts an API with a keyring until it is ready; the error is how it
// ended.
func runWith(t *testing.T, url string, keys config.Keyring) (ready bool, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg, err := config.Parse([]string{"GODWIT_DATABASE_URL=" + url, "GODWIT_ADMIN_KEY=" + bootstrap, "GODWIT_LISTEN_ADDR=127.0.0.1:0", "GODWIT_OPS_ADDR=127.0.0.1:0"})
	require.NoError(t, err)
	cfg.EncryptionKeys = keys
	err = app.Run(ctx, cfg, zap.NewNop(), app.Options{Role: app.RoleAPI, Version: "test", Ready: func(app.Addresses) { ready = true; cancel() }})
	return ready, err
}

func TestRun_RefusesTheEncryptionKeyOfAnotherDatabase(t *testing.T) {
	url := pgtest.URL(t)
	right, other := make([]byte, 32), make([]byte, 32)
	other[0] = 1
	ready, err := runWith(t, url, config.Keyring{other})
	require.NoError(t, err, "nothing is encrypted yet")
	require.True(t, ready)

	ring, err := seal.New([][]byte{right})
	require.NoError(t, err)
	s, err := store.Open(url, ring, store.Options{})
	require.NoError(t, err)
	defer s.Close()
	pgtest.Exec(t, url, `INSERT INTO users (id, name, email) VALUES ('una', 'Una', 'una@example.com')`)
	_, err = s.CreateWebhook(t.Context(), hook.Webhook{
		ID: id.New(id.Webhook), Enabled: true, Status: hook.Healthy, PayloadFormat: hook.FormatStandard, OwnerID: "una", Name: "W", URL: "https://example.com/", Secret: "whsec_c2VjcmV0", Metadata: json.RawMessage("{}"),
		Headers: map[string]string{"X-Token": "t"}, Rules: []hook.Rule{{Events: []string{"*"}}},
	})
	require.NoError(t, err)

	for name, tc := range map[string]struct {
		keys  config.Keyring
		wrong bool
	}{
		"the right key":                 {config.Keyring{right}, false},
		"a new key and the old one":     {config.Keyring{other, right}, false},
		"a new key without the old one": {config.Keyring{other}, true},
	} {
		t.Run(name, func(t *testing.T) {
			ready, err := runWith(t, url, tc.keys)
			require.Equal(t, !tc.wrong, ready)
			if !tc.wrong {
				require.NoError(t, err)
				return
			}
			var e *config.VariableError
			require.ErrorAs(t, err, &e)
			require.Equal(t, "GODWIT_ENCRYPTION_KEY", e.Name)
			require.Contains(t, e.Problem, "webhooks.secret, webhooks.headers")
		})
	}
	pgtest.Exec(t, url, `UPDATE webhooks SET secret = '\x00', headers = ''`)
	ready, err = runWith(t, url, config.Keyring{right})
	require.NoError(t, err, "a damaged value is not a wrong key")
	require.True(t, ready)
}
