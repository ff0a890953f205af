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

	require.NoError(t, s.RedeemPortalLink(ctx, token, cookie, end))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.RedeemPortalLink(ctx, token, apikey.Hash("other"), end)))
	session, err := s.Session(ctx, cookie)
	require.NoError(t, err)
	require.Equal(t, "u1", session.UserID)
	require.Nil(t, session.KeyHash)

	require.NoError(t, s.EndSession(ctx, session.ID))
	_, err = s.Session(ctx, cookie)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestLinksAndSessionsEnd(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	over, end := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	require.NoError(t, s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: over}, apikey.Hash("old")))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.RedeemPortalLink(ctx, apikey.Hash("old"), apikey.Hash("c"), end)))
	require.NoError(t, s.CreateSession(ctx, apikey.Hash("key"), apikey.Hash("ended"), over))
	_, err := s.Session(ctx, apikey.Hash("ended"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestAUserWhoIsDeletedIsSignedOut(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	end := time.Now().Add(time.Hour)
	require.NoError(t, s.CreatePortalLink(ctx, hook.Session{ID: id.New(id.Session), UserID: "u1", ExpiresAt: end}, apikey.Hash("token")))
	require.NoError(t, s.RedeemPortalLink(ctx, apikey.Hash("token"), apikey.Hash("cookie"), end))
	require.NoError(t, s.DeleteUser(ctx, "u1"))
	_, err := s.Session(ctx, apikey.Hash("cookie"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestASessionOfAKeyKnowsItsKey(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	require.NoError(t, s.CreateSession(ctx, apikey.Hash("key"), apikey.Hash("cookie"), time.Now().Add(time.Hour)))
	session, err := s.Session(ctx, apikey.Hash("cookie"))
	require.NoError(t, err)
	require.Empty(t, session.UserID)
	require.Equal(t, apikey.Hash("key"), session.KeyHash)
}
