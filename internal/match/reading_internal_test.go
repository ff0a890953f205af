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
func endless(size int) func(context.Context, hook.Page) ([]hook.Event, error) {
	return func(_ context.Context, page hook.Page) ([]hook.Event, error) {
		out := make([]hook.Event, page.Limit)
		for i := range out {
			out[i] = hook.Event{ID: "e", Current: []byte(strings.Repeat("x", size))}
		}
		return out, nil
	}
}

func TestReading_IsBounded(t *testing.T) {
	all := func(context.Context, hook.Event) bool { return true }
	search := bounds{MaxSearchEvents, mostWhole, MaxSearchBytes, MaxSearchTime}

	r := reading{read: endless(10), most: search}
	require.NoError(t, r.back(context.Background(), nil, all))
	require.True(t, r.cut)
	require.Equal(t, MaxSearchEvents, r.events)

	r = reading{read: endless(hook.MaxEventBytes), most: search}
	require.NoError(t, r.back(context.Background(), nil, all))
	require.True(t, r.cut)
	require.InDelta(t, MaxSearchBytes/hook.MaxEventBytes, r.events, firstRead)

	r = reading{read: endless(10), most: search}
	require.NoError(t, r.back(context.Background(), nil, func(context.Context, hook.Event) bool { return r.events < 6 }))
	require.False(t, r.cut)
	require.Equal(t, 7, r.events)
	require.NotNil(t, r.last)

	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, _ hook.Page) ([]hook.Event, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		r := reading{read: slow, most: search}
		began := time.Now()
		require.NoError(t, r.back(context.Background(), nil, all))
		require.Equal(t, MaxSearchTime, time.Since(began))
		require.True(t, r.cut)
		require.Nil(t, r.last)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorIs(t, r.back(ctx, nil, all), context.Canceled, "whoever asked is gone")
	})
}

// TestReading_ReadsFewWithTheirStates: large events may lie behind small ones.
func TestReading_ReadsFewWithTheirStates(t *testing.T) {
	for states, most := range map[bool]int{true: mostWhole, false: mostRead} {
		largest := 0
		r := (&Engine{}).recent(hook.RecentQuery{States: states}, bounds{events: MaxPreviewEvents, bytes: MaxPreviewBytes, time: MaxPreviewTime})
		r.read = func(ctx context.Context, page hook.Page) ([]hook.Event, error) {
			largest = max(largest, page.Limit)
			return endless(10)(ctx, page)
		}
		require.NoError(t, r.back(t.Context(), nil, func(context.Context, hook.Event) bool { return true }))
		require.Equal(t, most, largest)
	}
}

func TestRested_RestsForAsLongAsItLooked(t *testing.T) {
	for looks, want := range map[time.Duration]time.Duration{0: 0, time.Millisecond / 2: time.Millisecond / 2, 10 * time.Millisecond: 20 * time.Millisecond, time.Second: time.Second + longestRest} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			rested(t.Context(), func() { <-time.After(looks) })
			require.Equal(t, want, time.Since(began))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
		defer cancel()
		began := time.Now()
		rested(ctx, func() { <-time.After(10 * time.Millisecond) })
		require.Equal(t, 15*time.Millisecond, time.Since(began))
	})
}
