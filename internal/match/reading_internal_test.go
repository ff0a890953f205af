package match

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// endless is a past that never ends, of events of a size.
func endless(size int) func(context.Context, hook.RecentQuery, hook.Page) ([]hook.Event, error) {
	return func(_ context.Context, _ hook.RecentQuery, page hook.Page) ([]hook.Event, error) {
		out := make([]hook.Event, page.Limit)
		for i := range out {
			out[i] = hook.Event{ID: "e", Current: []byte(strings.Repeat("x", size))}
		}
		return out, nil
	}
}

func TestReading_IsBounded(t *testing.T) {
	all := func(context.Context, hook.Event) bool { return true }
	search := bounds{MaxSearchEvents, MaxSearchBytes, MaxSearchTime}

	r := reading{recent: endless(10), most: search}
	require.NoError(t, r.back(context.Background(), hook.RecentQuery{}, nil, all))
	require.True(t, r.cut)
	require.Equal(t, MaxSearchEvents, r.events)

	r = reading{recent: endless(hook.MaxEventBytes), most: search}
	require.NoError(t, r.back(context.Background(), hook.RecentQuery{}, nil, all))
	require.True(t, r.cut)
	require.InDelta(t, MaxSearchBytes/hook.MaxEventBytes, r.events, firstRead)

	r = reading{recent: endless(10), most: search}
	require.NoError(t, r.back(context.Background(), hook.RecentQuery{}, nil, func(context.Context, hook.Event) bool { return r.events < 6 }))
	require.False(t, r.cut)
	require.Equal(t, 7, r.events)
	require.NotNil(t, r.last)

	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, _ hook.RecentQuery, _ hook.Page) ([]hook.Event, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		r := reading{recent: slow, most: search}
		began := time.Now()
		require.NoError(t, r.back(context.Background(), hook.RecentQuery{}, nil, all))
		require.Equal(t, MaxSearchTime, time.Since(began))
		require.True(t, r.cut)
		require.Nil(t, r.last)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorIs(t, r.back(ctx, hook.RecentQuery{}, nil, all), context.Canceled, "whoever asked is gone")
	})
}

// TestReading_ReadsFewWithTheirStates: large events may lie behind small ones.
func TestReading_ReadsFewWithTheirStates(t *testing.T) {
	for states, most := range map[bool]int{true: mostWhole, false: mostRead} {
		largest := 0
		small := func(ctx context.Context, q hook.RecentQuery, page hook.Page) ([]hook.Event, error) {
			largest = max(largest, page.Limit)
			return endless(10)(ctx, q, page)
		}
		r := reading{recent: small, most: bounds{MaxPreviewEvents, MaxPreviewBytes, MaxPreviewTime}}
		require.NoError(t, r.back(t.Context(), hook.RecentQuery{States: states}, nil, func(context.Context, hook.Event) bool { return true }))
		require.Equal(t, most, largest)
	}
}
