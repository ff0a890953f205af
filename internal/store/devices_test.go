package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/pgtest"
)

// asUser gives a context of a user's session.
func asUser(userID string) context.Context {
	return hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "ses_1", Role: hook.RoleUser, UserID: userID})
}

func deviceKey() (hook.APIKey, []byte) {
	key := apikey.New()
	return hook.APIKey{ID: id.New(id.Key), Role: hook.RoleUser, Prefix: apikey.Prefix(key), ExpiresAt: time.Now().Add(time.Hour)}, apikey.Hash(key)
}

// TestDevice_IsUsedOnce: of many that ask at once, one gets the key of the user who let
// the device in.
func TestDevice_IsUsedOnce(t *testing.T) {
	s := newStage(t)
	ctx, poll := context.Background(), apikey.Hash("poll")
	require.NoError(t, s.BeginDevice(ctx, hook.Device{Code: "BCDF-GHJK", Name: "laptop", Address: "192.0.2.1"}, poll))
	k, hash := deviceKey()
	d, _, err := s.UseDevice(ctx, poll, k, hash)
	require.NoError(t, err)
	require.Nil(t, d.Approved)
	_, err = s.AnswerDevice(asUser("u1"), "BCDF-GHJL", new(true))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.AnswerDevice(asUser("u1"), "BCDF-GHJK", new(true))
	require.NoError(t, err)
	_, err = s.AnswerDevice(asUser("u1"), "BCDF-GHJK", new(false))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err), "it was answered")
	var group sync.WaitGroup
	var got atomic.Int32
	for range 8 {
		group.Go(func() {
			k, hash := deviceKey()
			if _, k, err := s.UseDevice(ctx, poll, k, hash); err == nil {
				got.Add(1)
				by, err := s.Principal(ctx, hash)
				require.NoError(t, err)
				require.Equal(t, "u1", by.UserID)
				require.Equal(t, "laptop", k.Name)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, got.Load())
	log, err := s.AuditLog(ctx, hook.AuditFilter{}, anyPage)
	require.NoError(t, err)
	require.Equal(t, hook.APIKeyCreated, log[0].Action)
	require.Equal(t, "u1", log[0].By.UserID)
	require.Equal(t, "ses_1", log[0].By.KeyID)
}

// TestDevice_WaitsTenMinutes: what is over or refused gets nothing, and is removed.
func TestDevice_WaitsTenMinutes(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	for i, code := range []string{"BCDF-GHJK", "BCDF-GHJL"} {
		require.NoError(t, s.BeginDevice(ctx, hook.Device{Code: code, Name: "x", Address: "a"}, apikey.Hash(fmt.Sprint(i))))
	}
	pgtest.Exec(t, s.url, `UPDATE device_logins SET expires_at = now() WHERE code = 'BCDF-GHJK'`)
	_, err := s.AnswerDevice(ctx, "BCDF-GHJK", nil)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.AnswerDevice(asUser("u1"), "BCDF-GHJK", new(true))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.AnswerDevice(asUser("u1"), "BCDF-GHJL", new(false))
	require.NoError(t, err)
	k, hash := deviceKey()
	d, _, err := s.UseDevice(ctx, apikey.Hash("1"), k, hash)
	require.NoError(t, err)
	require.False(t, *d.Approved)
	_, err = s.Principal(ctx, hash)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	require.NoError(t, s.BeginDevice(ctx, hook.Device{Code: "BCDF-GHJM", Name: "x", Address: "a"}, apikey.Hash("3")))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM device_logins`))

	pgtest.Exec(t, s.url, fmt.Sprintf(`INSERT INTO device_logins (poll_hash, code, name, address, expires_at)
		SELECT sha256(('n' || n)::bytea), 'c' || n, 'x', 'a', now() + interval '1 minute' FROM generate_series(1, %d) n`, hook.MaxDevices))
	err = s.BeginDevice(ctx, hook.Device{Code: "BCDF-GHJN", Name: "x", Address: "a"}, apikey.Hash("4"))
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err))
}

// TestAPIKeys_OfAUserAreFew: a user makes no more than ten, also at once, sees no others,
// and has room again when one has expired.
func TestAPIKeys_OfAUserAreFew(t *testing.T) {
	s := newStage(t)
	ctx := asUser("u1")
	_, _, err := s.PutUser(context.Background(), hook.User{ID: "u2", Name: "Two"})
	require.NoError(t, err)
	theirs, _ := s.apiKey(t, hook.RoleUser, "u2")
	var group sync.WaitGroup
	var made atomic.Int32
	for range hook.MaxUserKeys + 3 {
		group.Go(func() {
			k, hash := deviceKey()
			k.Name, k.UserID = "k", "u1"
			if _, err := s.CreateAPIKey(ctx, k, hash); err == nil {
				made.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, hook.MaxUserKeys, made.Load())
	mine, err := s.APIKeys(ctx, anyPage)
	require.NoError(t, err)
	require.Len(t, mine, hook.MaxUserKeys)
	require.NoError(t, s.Visible(ctx, hook.KindKey, mine[0].ID))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.Visible(ctx, hook.KindKey, theirs.ID)))

	require.NoError(t, s.BeginDevice(context.Background(), hook.Device{Code: "BCDF-GHJK", Name: "x", Address: "a"}, apikey.Hash("p")))
	_, err = s.AnswerDevice(ctx, "BCDF-GHJK", new(true))
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	pgtest.Exec(t, s.url, `UPDATE api_keys SET expires_at = now() WHERE id = $1`, mine[0].ID)
	_, err = s.AnswerDevice(ctx, "BCDF-GHJK", new(true))
	require.NoError(t, err)
	require.Equal(t, hook.MaxUserKeys-1, s.number(t, `SELECT count(*) FROM api_keys WHERE user_id = 'u1'`))
}
