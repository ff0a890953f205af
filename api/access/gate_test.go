package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestGate_BoundsLookups holds every look-up until all wait.
func TestGate_BoundsLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate()
		here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		var mu sync.Mutex
		var atOnce, most, lookups int
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			atOnce += n
			most, lookups = max(most, atOnce), lookups+max(n, 0)
		}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				_, _ = g.Lookup(t.Context(), here, strconv.Itoa(i), func() (hook.Principal, error) {
					count(1)
					<-time.After(time.Second)
					count(-1)
					return hook.Principal{}, Unauthorized("no")
				})
			})
		}
		synctest.Wait()
		began := time.Now()
		_, err := g.Lookup(t.Context(), there, "good", func() (hook.Principal, error) { return hook.Principal{}, nil })
		require.NoError(t, err)
		require.Zero(t, time.Since(began), "others don't wait")
		all.Wait()
		require.Equal(t, lookupsAtOnce, most)
		require.Equal(t, 200, lookups)
	})
}

// TestGate_LooksOneWrongCredentialUpOnce: copies of it that wait learn what the
// first one did.
func TestGate_LooksOneWrongCredentialUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate()
		var lookups atomic.Int32
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, err := g.Lookup(t.Context(), netip.Addr{}, "wrong", func() (hook.Principal, error) {
					lookups.Add(1)
					<-time.After(time.Millisecond)
					return hook.Principal{}, Unauthorized("no")
				})
				if !errors.As(err, new(Unauthorized)) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, lookups.Load(), int32(lookupsAtOnce))
	})
}

// TestGate_RemembersNoTrouble: what could not be looked up is not wrong.
func TestGate_RemembersNoTrouble(t *testing.T) {
	g := NewGate()
	_, err := g.Lookup(t.Context(), netip.Addr{}, "k", func() (hook.Principal, error) { return hook.Principal{}, hook.Errorf(hook.CodeUnavailable, "away") })
	require.Error(t, err)
	_, err = g.Lookup(t.Context(), netip.Addr{}, "k", func() (hook.Principal, error) { return hook.Principal{}, nil })
	require.NoError(t, err)
}

func TestWhoHangsUpWaitsNoLonger(t *testing.T) {
	g := NewGate()
	n := g.networks.Of(NetworkOf(netip.Addr{}), newNetwork)
	for range lookupsAtOnce {
		n.turns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.Lookup(ctx, netip.Addr{}, "k", func() (hook.Principal, error) { panic("no") })
	require.ErrorIs(t, err, context.Canceled)
}

func TestTheGateForgetsRatherThanGrows(t *testing.T) {
	g := NewGate()
	for i := range maxRemembered + 100 {
		from := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		_, err := g.Lookup(t.Context(), from, fmt.Sprint(i), func() (hook.Principal, error) { return hook.Principal{}, nil })
		require.NoError(t, err)
		_, err = g.Lookup(t.Context(), from, fmt.Sprint("wrong", i), func() (hook.Principal, error) { return hook.Principal{}, Unauthorized("") })
		require.Error(t, err)
	}
	require.Equal(t, maxRemembered, g.networks.held.Len())
	require.Equal(t, maxRemembered, g.right.held.Len())
	require.Equal(t, maxRemembered, g.wrong.held.Len())
}
