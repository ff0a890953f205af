package inflight_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/inflight"
)

func TestHandover_HasNoRoomUntilItIsOpen(t *testing.T) {
	var never *inflight.Handover
	never.Open(nil, nil)
	require.Zero(t, never.Room())
	never.Begin(nil)

	var h inflight.Handover
	require.Zero(t, h.Room())
	h.Begin(nil)
	var got []hook.Parcel
	h.Open(func() hook.Take { return hook.Take{Limit: 3} }, func(p []hook.Parcel) { got = append(got, p...) })
	require.Equal(t, hook.Take{Limit: 3}, h.Room())
	h.Begin([]hook.Parcel{{Delivery: hook.Delivery{ID: "del_1"}}})
	require.Len(t, got, 1)
	require.Equal(t, "del_1", got[0].Delivery.ID)
	require.Zero(t, testing.AllocsPerRun(100, func() { h.Room() }), "every ingest asks")
}
