package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// apiKey stores a key and gives it with its hash.
func (s stage) apiKey(t testing.TB, role hook.Role, userID string) (hook.APIKey, []byte) {
	t.Helper()
	key := apikey.New()
	k, err := s.CreateAPIKey(context.Background(), hook.APIKey{
		ID: id.New(id.Key), Name: "a key", Role: role, UserID: userID, Prefix: apikey.Prefix(key),
	}, apikey.Hash(key))
	require.NoError(t, err)
	return k, apikey.Hash(key)
}

// lastUsed reads when a key was used last.
func (s stage) lastUsed(t testing.TB, keyID string) time.Time {
	t.Helper()
	k, err := s.APIKey(context.Background(), keyID)
	require.NoError(t, err)
	return k.LastUsedAt
}

func TestAPIKeysAreKept(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	key := apikey.New()
	end := time.Date(2099, 5, 4, 9, 30, 0, 0, time.UTC)
	made, err := s.CreateAPIKey(ctx, hook.APIKey{ID: "key_1", Name: "portal", Role: hook.RoleUser, UserID: "u1",
		Prefix: apikey.Prefix(key), ExpiresAt: end}, apikey.Hash(key))
	require.NoError(t, err)
	require.NotZero(t, made.CreatedAt)
	got, err := s.APIKey(ctx, "key_1")
	require.NoError(t, err)
	require.Equal(t, made, got)
	newer, _ := s.apiKey(t, hook.RoleAdmin, "")
	list, err := s.APIKeys(ctx, anyPage)
	require.NoError(t, err)
	require.Equal(t, []hook.APIKey{newer, made}, list)

	who, err := s.Principal(ctx, apikey.Hash(key))
	require.NoError(t, err)
	require.Equal(t, hook.Principal{KeyID: "key_1", Role: hook.RoleUser, UserID: "u1"}, who)
	_, err = s.Principal(ctx, apikey.Hash(apikey.New()))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))

	_, err = s.CreateAPIKey(ctx, hook.APIKey{ID: "key_2", Name: "x", Role: hook.RoleUser, UserID: "nobody"}, apikey.Hash("x"))
	var invalid *hook.Error
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "/user_id", invalid.Fields[0].Pointer)
	require.Contains(t, invalid.Message, `"nobody"`)
}

// TestARevokedKeyIsRefusedAtOnce revokes through one store and asks another
// one, as two processes would.
func TestARevokedKeyIsRefusedAtOnce(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	other := open(t, s.url)
	k, hash := s.apiKey(t, hook.RolePublisher, "")
	_, err := other.Principal(ctx, hash)
	require.NoError(t, err)
	require.NoError(t, s.DeleteAPIKey(ctx, k.ID))
	_, err = other.Principal(ctx, hash)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeleteAPIKey(ctx, k.ID)))
}

func TestAnExpiredKeyIsRefused(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	k, hash := s.apiKey(t, hook.RoleAdmin, "")
	pgtest.Exec(t, s.url, `UPDATE api_keys SET expires_at = now() + interval '1 hour'`)
	_, err := s.Principal(ctx, hash)
	require.NoError(t, err)
	pgtest.Exec(t, s.url, `UPDATE api_keys SET expires_at = now(), last_used_at = NULL`)
	_, err = s.Principal(ctx, hash)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	require.Zero(t, s.lastUsed(t, k.ID), "to be refused is not to be used")
}

func TestDeletingAUserDeletesItsKeys(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, hash := s.apiKey(t, hook.RoleUser, "u1")
	admin, _ := s.apiKey(t, hook.RoleAdmin, "")
	require.NoError(t, s.DeleteUser(ctx, "u1"))
	_, err := s.Principal(ctx, hash)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	left, err := s.APIKeys(ctx, anyPage)
	require.NoError(t, err)
	require.Equal(t, []hook.APIKey{admin}, left)
}

func TestLastUseIsWrittenOnceAMinute(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	k, hash := s.apiKey(t, hook.RoleAdmin, "")
	use := func() time.Time {
		_, err := s.Principal(ctx, hash)
		require.NoError(t, err)
		return s.lastUsed(t, k.ID)
	}
	require.Zero(t, s.lastUsed(t, k.ID))
	first := use()
	require.NotZero(t, first)
	require.Equal(t, first, use())
	pgtest.Exec(t, s.url, `UPDATE api_keys SET last_used_at = now() - interval '61 seconds'`)
	require.False(t, use().Before(first))
}

// TestNobodyWaitsForTheNoteOfLastUse holds the row's lock while keys are looked up.
func TestNobodyWaitsForTheNoteOfLastUse(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	k, hash := s.apiKey(t, hook.RoleAdmin, "")
	conn := session(t, s.url)
	_, err := conn.ExecContext(ctx, `BEGIN; UPDATE api_keys SET name = name`)
	require.NoError(t, err)
	ended := make(chan error)
	for range 8 {
		go func() {
			_, err := s.Principal(ctx, hash)
			ended <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-ended)
	}
	_, err = conn.ExecContext(ctx, `ROLLBACK`)
	require.NoError(t, err)
	require.Zero(t, s.lastUsed(t, k.ID))
}

func TestChangesOfKeysAreAudited(t *testing.T) {
	s := newStage(t)
	ctx := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: hook.BootstrapKey, Role: hook.RoleAdmin})
	key := apikey.New()
	_, err := s.CreateAPIKey(ctx, hook.APIKey{ID: "key_1", Name: "portal", Role: hook.RoleUser, UserID: "u1", Prefix: apikey.Prefix(key)}, apikey.Hash(key))
	require.NoError(t, err)
	require.NoError(t, s.DeleteAPIKey(ctx, "key_1"))
	log, err := s.AuditLog(ctx, hook.AuditFilter{ObjectID: "key_1"}, anyPage)
	require.NoError(t, err)
	require.Len(t, log, 2)
	shown := `{"name":"portal","role":"user","user_id":"u1","prefix":"` + apikey.Prefix(key) + `"}`
	require.Equal(t, hook.APIKeyRevoked, log[0].Action)
	require.JSONEq(t, shown, string(log[0].Before))
	require.Equal(t, hook.APIKeyCreated, log[1].Action)
	require.JSONEq(t, shown, string(log[1].After))
}

// TestAKeyIsFoundByIndex counts pages with a plan that was made while there was
// no key.
func TestAKeyIsFoundByIndex(t *testing.T) {
	s := newStage(t)
	conn := session(t, s.url)
	_, err := conn.ExecContext(context.Background(), "PREPARE find(bytea) AS "+store.FindPrincipal)
	require.NoError(t, err)
	require.Zero(t, planned(t, conn, `find('x')`).Rows)
	pgtest.Exec(t, s.url, `
		INSERT INTO api_keys (id, name, role, prefix, hash, last_used_at)
		SELECT 'key_' || g, 'bulk', 'admin', '', sha256(g::text::bytea), now() FROM generate_series(1, 20000) g`)
	found := planned(t, conn, `find(sha256('7'))`)
	require.Equal(t, 1, found.Rows)
	require.Less(t, found.pages(), 20)
	t.Logf("pages: %d", found.pages())
}
