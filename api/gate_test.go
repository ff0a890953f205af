package api

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// from calls as somebody at an address.
func (c *client) from(address, key string) answerOf {
	c.t.Helper()
	r := httptest.NewRequest("GET", "/v1/users", nil)
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(address), 40000).String()
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return answerOf{w, c.t}
}

// guess fails as often as an address may at once.
func (c *client) guess(address string) {
	c.t.Helper()
	for range failures.burst {
		c.from(address, apikey.New()).is(401)
	}
}

func TestGuessingIsStoppedBeforeTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.guess("192.0.2.1")
		asked := c.store.lookups
		require.Equal(t, 20, asked)
		for _, key := range []string{apikey.New(), "not-a-key", testKey} {
			a := c.from("192.0.2.1", key)
			a.problem(429, "rate_limited")
			require.Equal(t, "6", a.Header().Get("Retry-After"))
		}
		require.Equal(t, asked, c.store.lookups)
		c.from("192.0.2.2", testKey).is(200) // somebody else

		<-time.After(6 * time.Second)
		c.from("192.0.2.1", apikey.New()).is(401)
		c.from("192.0.2.1", apikey.New()).is(429)
		<-time.After(time.Hour)
		c.guess("192.0.2.1")
		c.from("192.0.2.1", apikey.New()).is(429)
	})
}

// TestAGuesserLocksNobodyOut shares an address between a guesser and people who
// were let in from it before.
func TestAGuesserLocksNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		old, id := c.key("admin", "")
		fresh, _ := c.key("admin", "")
		c.from("198.51.100.1", old).is(200)
		c.from("198.51.100.1", testKey).is(200)
		c.guess("198.51.100.1")
		for range 3 {
			c.from("198.51.100.1", old).is(200)
			c.from("198.51.100.1", testKey).is(200)
		}
		c.from("198.51.100.1", fresh).is(429) // the price
		c.from("198.51.100.9", fresh).is(200)
		made, _ := c.key("admin", "") // at the address of httptest
		c.call("GET", "/v1/users", "", with(made)...).is(200)
		c.call("DELETE", "/v1/api-keys/"+id, "").is(204)
		c.from("198.51.100.1", old).is(401)
		asked := c.store.lookups
		c.from("198.51.100.1", old).is(429) // from then on it is a guess like others
		require.Equal(t, asked, c.store.lookups)
		<-time.After(time.Minute)
		c.from("198.51.100.1", fresh).is(200)
	})
}

// TestAKeyMayBeUsedWhereItWasMade although somebody guesses there.
func TestAKeyMayBeUsedWhereItWasMade(t *testing.T) {
	c := newClient(t)
	c.call("GET", "/v1/users", "").is(200)
	home := netip.MustParseAddrPort(httptest.NewRequest("GET", "/", nil).RemoteAddr).Addr().String()
	c.guess(home)
	key, _ := c.key("admin", "")
	c.from(home, key).is(200)
	c.from(home, apikey.New()).is(429)
}

func TestGoodKeysCostNothing(t *testing.T) {
	c := newClient(t)
	for range 3 * failures.burst {
		key, _ := c.key("publisher", "")
		c.from("192.0.2.1", key).is(403)
	}
	c.guess("192.0.2.1")
}

// TestManyGuessesAtOnceAreCounted holds every look-up until all guesses wait.
func TestManyGuessesAtOnceAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		at := netip.MustParseAddr("192.0.2.1")
		lookups := 0
		var all sync.WaitGroup
		for i := range 10 * failures.burst {
			all.Go(func() {
				_, _ = g.pass(t.Context(), at, strconv.Itoa(i), func() (hook.Principal, error) {
					lookups++
					<-time.After(time.Millisecond)
					return hook.Principal{}, newProblem(codeUnauthorized, "no")
				})
			})
		}
		all.Wait()
		require.Equal(t, failures.burst, lookups)
	})
}

// TestAGoodKeyMayComeOftenAtOnce uses a key for the first time on more
// connections than an address may fail.
func TestAGoodKeyMayComeOftenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var all sync.WaitGroup
		for range 10 * failures.burst {
			all.Go(func() {
				_, err := g.pass(t.Context(), netip.Addr{}, "good", func() (hook.Principal, error) {
					<-time.After(time.Millisecond)
					return hook.Principal{}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestWhoHangsUpWaitsNoLonger(t *testing.T) {
	g := newGate()
	g.networks.of(networkOf(netip.Addr{}), newNetwork).turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.pass(ctx, netip.Addr{}, "k", func() (hook.Principal, error) { panic("no") })
	require.ErrorIs(t, err, context.Canceled)
}

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, networkOf(netip.MustParseAddr(address)))
	}
	require.Equal(t, networkOf(netip.MustParseAddr("2001:db8::1")), networkOf(netip.MustParseAddr("2001:db8::ffff:0:0:1")))
	require.NotEqual(t, networkOf(netip.MustParseAddr("2001:db8::1")), networkOf(netip.MustParseAddr("2001:db8:0:1::1")))
}

func TestTheGateForgetsRatherThanGrows(t *testing.T) {
	g := newGate()
	for i := range maxRemembered + 100 {
		from := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		_, err := g.pass(t.Context(), from, fmt.Sprint(i), func() (hook.Principal, error) { return hook.Principal{}, nil })
		require.NoError(t, err)
	}
	require.Equal(t, maxRemembered, g.networks.held.Len())
	require.Equal(t, maxRemembered, g.right.held.Len())
}
