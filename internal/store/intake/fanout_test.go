package intake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestFanOut_TellsWhichRequestsHaveManyDeliveries(t *testing.T) {
	f := newFanOut()
	wide, narrow := hook.Event{ProjectID: "p1", Type: "A"}, hook.Event{ProjectID: "p1", Type: "B"}
	require.False(t, f.many([]hook.Event{wide, narrow}), "nothing is known")
	f.note(wide, manyDeliveries)
	f.note(narrow, manyDeliveries/2)
	require.True(t, f.many([]hook.Event{wide}))
	require.False(t, f.many([]hook.Event{narrow}))
	require.True(t, f.many([]hook.Event{narrow, narrow}), "together")
	f.note(wide, 1)
	require.False(t, f.many([]hook.Event{wide}), "its webhooks are gone")
}
