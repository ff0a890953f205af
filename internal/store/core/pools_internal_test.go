package core

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestPools_ShareOutWhatThereIs(t *testing.T) {
	for n := LeastConnections; n <= 1000; n++ {
		sum := 0
		size := sizes(n)
		for name, connections := range size {
			require.GreaterOrEqual(t, connections, 2, "%d: %s", n, name)
			sum += connections
		}
		require.Equal(t, n, sum)
		require.GreaterOrEqual(t, size["intake"], gatherLanes+2, "what a condition decided has turns of two projects")
		require.GreaterOrEqual(t, size["attempts"], 8+3, "the turns in package activities, and what waits for no lock")
	}
	require.Equal(t, map[string]int{"quick": 3, "intake": 10, "attempts": 11, "reads": 6, "changes": 6, "housekeeping": 4}, sizes(DefaultConnections))
	require.LessOrEqual(t, 2*(DefaultConnections+2), 97, "two processes on a Postgres of 100, of which it keeps 3")
}

// TestPools_AreChosenByWhoAsks: a request is never Godwit's own work, and what has
// set a purpose keeps it.
func TestPools_AreChosenByWhoAsks(t *testing.T) {
	s, err := Open("postgres://u@127.0.0.1:1/d", nil, 0, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ctx := context.Background()
	user := hook.WithPrincipal(ctx, hook.Principal{KeyID: "key1", UserID: "u1"})
	publisher := hook.WithPrincipal(ctx, hook.Principal{KeyID: "key2"})
	require.Equal(t, use{s.HousekeepingPool, ""}, s.uses(ctx))
	require.Equal(t, use{s.ChangesPool, "user u1"}, s.uses(user))
	require.Equal(t, use{s.ChangesPool, "key2"}, s.uses(publisher))
	require.Equal(t, use{s.QuickPool, "user u1"}, s.uses(Via(user, s.QuickPool)))
	require.Equal(t, use{s.IntakePool, "project p1"}, s.uses(viaFor(publisher, s.IntakePool, "project p1")))
	for name, n := range sizes(DefaultConnections) {
		require.Equal(t, n, s.Pools()[name].Stats().MaxOpenConnections, name)
	}
	require.Nil(t, s.HousekeepingPool.turns)
	require.Nil(t, s.AttemptsPool.turns, "its owners are those of webhooks; see package activities")
}
