package app_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/app"
)

func TestRoster_GivesTurnsToWhoHasRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r app.Roster
		require.Empty(t, r.Next(time.Now()), "nobody is known")
		r.Add("")
		require.Empty(t, r.Next(time.Now()))
		r.Add("b")
		r.Add("a")
		var got []string
		for range 4 {
			got = append(got, r.Next(time.Now()))
		}
		require.Equal(t, []string{"a", "b", "a", "b"}, got)

		<-time.After(2 * time.Second)
		r.Add("b")
		<-time.After(2 * time.Second)
		for range 3 {
			require.Equal(t, "b", r.Next(time.Now()), "the other has said nothing for a while")
		}
		<-time.After(2 * time.Second)
		require.Empty(t, r.Next(time.Now()))
	})
}
