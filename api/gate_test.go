package api

import (
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/apikey"
)

// from calls as someone at an address.
func (c *client) from(address, key string) answerOf {
	c.t.Helper()
	r := httptest.NewRequest("GET", "/v1/webhooks", nil)
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(address), 40000).String()
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return answerOf{w, c.t}
}

// guess fails as often as an address may at once.
func (c *client) guess(address string) {
	c.t.Helper()
	for i := range maxFailures {
		c.from(address, "guess "+strconv.Itoa(i)).is(401)
	}
}

func TestGate_StopsGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		short := "short"
		c := newClientWith(t, func(o *Options) { o.AdminKeyHash = apikey.Hash(short) })
		back := c.away() // none of them can be a key of the database
		c.guess("192.0.2.1")
		for _, key := range []string{"not-a-key", short} {
			a := c.from("192.0.2.1", key)
			a.problem(429, "rate_limited")
			require.Equal(t, "6", a.Header().Get("Retry-After"))
		}
		back()
		c.from("192.0.2.2", short).is(200) // another network

		<-time.After(6 * time.Second)
		c.from("192.0.2.1", "guess").is(401)
		c.from("192.0.2.1", "guess").is(429)
		<-time.After(time.Hour)
		c.from("192.0.2.1", short).is(200)
		for range 2 * maxFailures {
			c.from("192.0.2.1", "guess")
		}
		c.from("192.0.2.1", "guess").is(429)
		c.from("192.0.2.1", short).is(200) // it was right from there before
	})
}

// TestGate_LocksNobodyOut has strangers come from the address of a client whose
// key is new there, as all are after a restart.
func TestGate_LocksNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		for range 5 {
			c.guess("198.51.100.1")
			<-time.After(time.Hour)
		}
		c.guess("198.51.100.1")
		for range 20 * maxFailures {
			c.from("198.51.100.1", apikey.New()).is(401)
			fresh, _ := c.key("admin", "")
			c.from("198.51.100.1", fresh).is(200)
		}
		c.from("198.51.100.1", "guess").is(429)
		c.from("198.51.100.1", testKey).is(200) // a long bootstrap key can't be guessed either
	})
}

// TestGate_ForgivesRevokedKeys has an application try its old key on and on.
func TestGate_ForgivesRevokedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		old, id := c.key("admin", "")
		c.from("198.51.100.1", old).is(200)
		c.call("DELETE", "/v1/api-keys/"+id, "").is(204)
		c.from("198.51.100.1", old).problem(401, "unauthorized")
		back := c.away()
		for range 10 * maxFailures {
			c.from("198.51.100.1", old).problem(401, "unauthorized") // it is remembered that it is wrong
		}
		back()
		fresh, _ := c.key("admin", "")
		c.from("198.51.100.1", fresh).is(200)
		<-time.After(time.Minute)
		c.away()
		c.from("198.51.100.1", old).is(503) // it is remembered for a limited time
	})
}

func TestGoodKeysCostNothing(t *testing.T) {
	c := newClient(t)
	for range 3 * maxFailures {
		key, _ := c.key("publisher", "")
		c.from("192.0.2.1", key).is(403)
	}
	c.guess("192.0.2.1")
}

// TestForwardedFor_WarnsOfAProxyThatIsNotNamed sends the header as a proxy does.
func TestForwardedFor_WarnsOfAProxyThatIsNotNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{
		"none is trusted":   {nil, "no proxy is trusted; if this peer is one, name it in GODWIT_TRUSTED_PROXIES"},
		"others are":        {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "this peer is not in GODWIT_TRUSTED_PROXIES"},
		"the proxy is, too": {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.WarnLevel)
				c := newClientWith(t, func(o *Options) { o.TrustedProxies, o.Log = tc.trusted, zap.New(core) })
				ask := func() { c.call("GET", "/v1/webhooks", "", "X-Forwarded-For", "203.0.113.9").is(200) }
				for range 50 {
					ask()
					c.call("GET", "/v1/webhooks", "").is(200)
				}
				if tc.want == "" {
					require.Zero(t, logs.Len())
					return
				}
				require.Equal(t, 1, logs.Len())
				fields := logs.All()[0].ContextMap()
				require.Equal(t, tc.want, fields["reason"])
				require.Equal(t, "192.0.2.1", fields["peer"])
				<-time.After(time.Hour)
				ask()
				require.Equal(t, 2, logs.Len())
			})
		})
	}
}
