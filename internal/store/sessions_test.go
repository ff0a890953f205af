package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
)

func TestAPortalLinkSignsInOnce(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	token, cookie, end := apikey.Hash("token"), apikey.Hash("cookie"), time.Now().Add(time.Hour)
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "nobody", ExpiresAt: end}, token)))
	require.NoError(t, s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: end}, token))
	_, err := s.Session(ctx, token)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err), "a link is no session")

	used, err := s.RedeemPortalLink(ctx, token, cookie, end)
	require.NoError(t, err)
	require.Equal(t, "u1", used.UserID)
	_, err = s.RedeemPortalLink(ctx, token, apikey.Hash("other"), end)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	session, err := s.Session(ctx, cookie)
	require.NoError(t, err)
	require.Equal(t, "u1", session.UserID)
	require.Nil(t, session.KeyHash)

	require.NoError(t, s.EndSession(ctx, session.ID))
	_, err = s.Session(ctx, cookie)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestPortalLink_OfAnAdminIsBoundToAKey(t *testing.T) {
	s := newStage(t)
	ctx, end := context.Background(), time.Now().Add(time.Hour)
	link := hook.Session{ID: id.New(id.Session), KeyHash: apikey.Hash("key"), ExpiresAt: end}
	require.NoError(t, s.CreatePortalLink(ctx, link, apikey.Hash("token")))
	used, err := s.RedeemPortalLink(ctx, apikey.Hash("token"), apikey.Hash("cookie"), end)
	require.NoError(t, err)
	require.Empty(t, used.UserID)
	require.Equal(t, apikey.Hash("key"), used.KeyHash)
	_, err = s.RedeemPortalLink(ctx, apikey.Hash("token"), apikey.Hash("other"), end)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestLinksAndSessionsEnd(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	over, end := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	require.NoError(t, s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: over}, apikey.Hash("old")))
	_, err := s.RedeemPortalLink(ctx, apikey.Hash("old"), apikey.Hash("c"), end)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	require.NoError(t, s.CreateSession(ctx, sessionOf("key", over), apikey.Hash("ended")))
	_, err = s.Session(ctx, apikey.Hash("ended"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestAUserWhoIsDeletedIsSignedOut(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	end := time.Now().Add(time.Hour)
	require.NoError(t, s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: end}, apikey.Hash("token")))
	_, err := s.RedeemPortalLink(ctx, apikey.Hash("token"), apikey.Hash("cookie"), end)
	require.NoError(t, err)
	require.NoError(t, s.DeleteUser(ctx, "u1"))
	_, err = s.Session(ctx, apikey.Hash("cookie"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestASessionOfAKeyKnowsItsKey(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	require.NoError(t, s.CreateSession(ctx, sessionOf("key", time.Now().Add(time.Hour)), apikey.Hash("cookie")))
	session, err := s.Session(ctx, apikey.Hash("cookie"))
	require.NoError(t, err)
	require.Empty(t, session.UserID)
	require.Equal(t, apikey.Hash("key"), session.KeyHash)
}

// sessionOf is a session of a key.
func sessionOf(key string, end time.Time) hook.Session {
	return hook.Session{ID: id.New(id.Session), KeyHash: apikey.Hash(key), ExpiresAt: end}
}

func TestSessions_AreListedWhileTheyLast(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	end := time.Now().Add(time.Hour)
	key := hook.APIKey{ID: id.New(id.Key), Name: "k", Role: hook.RoleUser, UserID: "u1"}
	revoked := hook.APIKey{ID: id.New(id.Key), Name: "r", Role: hook.RoleUser, UserID: "u1"}
	for name, k := range map[string]hook.APIKey{"of-u1": key, "revoked": revoked} {
		_, err := s.CreateAPIKey(ctx, k, apikey.Hash(name))
		require.NoError(t, err)
	}
	byKey, byBootstrap, byLink := sessionOf("of-u1", end), sessionOf("bootstrap", end), hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: end}
	for i, one := range []hook.Session{byKey, byBootstrap, sessionOf("revoked", end), sessionOf("another bootstrap", end), sessionOf("of-u1", time.Now().Add(-time.Second))} {
		require.NoError(t, s.CreateSession(ctx, one, apikey.Hash(string(rune('a'+i)))))
	}
	require.NoError(t, s.DeleteAPIKey(ctx, revoked.ID))
	require.NoError(t, s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: end}, apikey.Hash("unused")))
	require.NoError(t, s.CreatePortalLink(ctx, byLink, apikey.Hash("used")))
	_, err := s.RedeemPortalLink(ctx, apikey.Hash("used"), apikey.Hash("cookie"), end)
	require.NoError(t, err)

	list := func(ctx context.Context, user string) (ids []string) {
		all, err := s.Sessions(ctx, hook.SessionFilter{UserID: user, Bootstrap: apikey.Hash("bootstrap")}, hook.Page{Limit: 10})
		require.NoError(t, err)
		for _, one := range all {
			ids = append(ids, one.ID)
			require.Equal(t, map[bool]hook.Role{true: hook.RoleAdmin, false: hook.RoleUser}[one.ID == byBootstrap.ID], one.Role)
			require.Equal(t, one.ID == byKey.ID, one.KeyID == key.ID)
		}
		return ids
	}
	as := func(user string) context.Context {
		return hook.WithPrincipal(ctx, hook.Principal{KeyID: "k", Role: hook.RoleUser, UserID: user})
	}
	require.Equal(t, []string{byLink.ID, byBootstrap.ID, byKey.ID}, list(ctx, ""), "the newest first")
	require.Equal(t, []string{byLink.ID, byKey.ID}, list(ctx, "u1"))
	require.Empty(t, list(ctx, "u2"))
	require.Equal(t, []string{byLink.ID, byKey.ID}, list(as("u1"), ""))
	require.Empty(t, list(as("u2"), ""))
	require.Empty(t, list(as("u2"), "u1"))
	for user, want := range map[string]bool{"u1": true, "u2": false} {
		for _, own := range []string{byLink.ID, byKey.ID} {
			require.Equal(t, want, s.Visible(as(user), hook.KindSession, own) == nil)
		}
		require.Error(t, s.Visible(as(user), hook.KindSession, byBootstrap.ID))
	}
	require.NoError(t, s.EndSession(ctx, byLink.ID))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.EndSession(ctx, byLink.ID)))
	require.Equal(t, []string{byKey.ID}, list(ctx, "u1"))
}
