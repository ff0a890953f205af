package api

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// limitedClient has 4 requests a second for management and 8 for publishing.
func limitedClient(t *testing.T) *client {
	return stagedWith(t, func(o *Options) { o.ManagementRate, o.PublishRate = 4, 8 })
}

func TestEachKeyHasItsOwnAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(t)
		one, _ := c.key("admin", "")
		two, _ := c.key("admin", "")
		for left := 3; left >= 0; left-- {
			h := c.call("GET", "/v1/webhooks", "", with(one)...).is(200).Header()
			require.Equal(t, `"management";q=4;w=1`, h.Get("RateLimit-Policy"))
			require.Equal(t, `"management";r=`+strconv.Itoa(left)+`;t=1`, h.Get("RateLimit"))
		}
		a := c.call("GET", "/v1/webhooks", "", with(one)...)
		a.problem(429, "rate_limited")
		require.Equal(t, "1", a.Header().Get("Retry-After"))
		require.Equal(t, `"management";r=0;t=1`, a.Header().Get("RateLimit"))
		c.call("GET", "/v1/webhooks", "", with(two)...).is(200)

		<-time.After(time.Second / 4)
		c.call("GET", "/v1/webhooks", "", with(one)...).is(200)
		c.call("GET", "/v1/webhooks", "", with(one)...).is(429)
		<-time.After(time.Hour)
		for range 4 {
			c.call("GET", "/v1/webhooks", "", with(one)...).is(200)
		}
		c.call("GET", "/v1/webhooks", "", with(one)...).is(429)
	})
}

func TestPublishingHasAnAllowanceOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(t)
		key, _ := c.key("admin", "")
		for range 4 {
			c.call("POST", "/v1/events", goodEvent, with(key)...).is(202)
			c.call("POST", "/v1/events/batch", `{"events":[`+goodEvent+`,`+goodEvent+`]}`, with(key)...).is(202) // is one request
		}
		a := c.call("POST", "/v1/events", goodEvent, with(key)...).is(429)
		require.Equal(t, `"publish";q=8;w=1`, a.Header().Get("RateLimit-Policy"))
		require.Equal(t, `"publish";r=0;t=1`, a.Header().Get("RateLimit"))
		c.call("GET", "/v1/events", "", with(key)...).is(200)
	})
}

// TestRefusedRequestsCount has a key ask for what its role may not.
func TestRefusedRequestsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(t)
		key, _ := c.key("publisher", "")
		for range 4 {
			c.call("GET", "/v1/webhooks", "", with(key)...).is(403)
		}
		c.call("GET", "/v1/webhooks", "", with(key)...).is(429)
	})
}

func TestARequestTooManyAsksTheDatabaseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(t)
		key, _ := c.key("admin", "")
		for range 4 {
			c.call("GET", "/v1/webhooks", "", with(key)...).is(200)
		}
		back := c.away()
		c.call("GET", "/v1/webhooks", "", with(key)...).is(429)
		back()
		<-time.After(time.Second)
		c.call("GET", "/v1/webhooks", "", with(key)...).is(200)
	})
}

func TestTheBootstrapKeyMayDoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(t)
		for range 4 * 20 {
			c.call("GET", "/v1/webhooks", "").is(200)
		}
		a := c.call("GET", "/v1/webhooks", "").is(429)
		require.Equal(t, `"management";q=80;w=1`, a.Header().Get("RateLimit-Policy"))
	})
}

func TestNoRateIsNoLimit(t *testing.T) {
	c := newClient(t)
	for range 1000 {
		h := c.call("GET", "/v1/webhooks", "").is(http.StatusOK).Header()
		require.Empty(t, h.Get("RateLimit"))
		require.Empty(t, h.Get("RateLimit-Policy"))
	}
}
