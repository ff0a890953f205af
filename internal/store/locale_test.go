package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// English may be chosen or not; either is known, and a PUT that says nothing of it
// changes neither.
func TestLocale_IsKnownToBeChosen(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	is := func(locale string, chosen bool) hook.User {
		u, err := s.User(ctx, "u1")
		require.NoError(t, err)
		require.Equal(t, locale, u.Locale)
		require.Equal(t, chosen, u.LocaleChosen)
		return u
	}
	u := is(hook.English, false)
	u.Locale = ""
	_, _, err := s.PutUser(ctx, u)
	require.NoError(t, err)
	is(hook.English, false)
	require.NoError(t, s.ChooseLocale(ctx, "u1", hook.English))
	is(hook.English, true)
	require.NoError(t, s.ChooseLocale(ctx, "u1", hook.German))
	_, _, err = s.PutUser(ctx, u)
	require.NoError(t, err)
	is(hook.German, true)
	u.Locale = hook.Polish
	put, _, err := s.PutUser(ctx, u)
	require.NoError(t, err)
	require.True(t, put.LocaleChosen)
	is(hook.Polish, true)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.ChooseLocale(ctx, "nobody", hook.German)))
}
