package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// TestDevice_GetsAKeyOfWhoLetsItIn, once, and nobody gets one who is refused.
func TestDevice_GetsAKeyOfWhoLetsItIn(t *testing.T) {
	c := newClient(t)
	user, _ := c.key("user", "u1")
	begin := func() (code, poll string) {
		begun := c.call("POST", "/v1/device", `{"name":"godwit on laptop"}`, "Authorization", "").is(201).json()
		require.Regexp(t, `^http://.*/connect\?code=`+begun["code"].(string)+`$`, begun["verify_url"])
		return begun["code"].(string), `{"poll":"` + begun["poll"].(string) + `"}`
	}
	code, poll := begin()
	require.Equal(t, "pending", c.call("POST", "/v1/device/poll", poll).is(200).json()["status"])
	typed := `{"code":"` + strings.ToLower(strings.ReplaceAll(code, "-", " ")) + `"`
	shown := c.call("POST", "/v1/device/answer", typed+`}`, with(user)...).is(200).json()
	require.Equal(t, "pending", shown["status"])
	require.Equal(t, "godwit on laptop", shown["name"])
	c.call("POST", "/v1/device/answer", typed+`,"approve":true}`).problem(403, "forbidden")
	require.Equal(t, "approved", c.call("POST", "/v1/device/answer", typed+`,"approve":true}`, with(user)...).is(200).json()["status"])
	got := c.call("POST", "/v1/device/poll", poll).is(200).json()
	require.Equal(t, "approved", got["status"])
	key := got["key"].(map[string]any)["key"].(string)
	require.True(t, apikey.WellFormed(key))
	c.call("GET", "/v1/webhooks", "", with(key)...).is(200)
	c.call("POST", "/v1/device/poll", poll).problem(401, "unauthorized")
	c.call("POST", "/v1/device/answer", typed+`}`, with(user)...).problem(404, "not_found")

	code, poll = begin()
	c.call("POST", "/v1/device/answer", `{"code":"`+code+`","approve":false}`, with(user)...).is(200)
	require.Equal(t, map[string]any{"status": "denied", "key": nil}, c.call("POST", "/v1/device/poll", poll).is(200).json())
	for body, pointer := range map[string]string{`{"code":"AAAA-AAAA"}`: "/code", `{"code":"BCDF"}`: "/code", `{}`: "/code"} {
		require.Contains(t, c.call("POST", "/v1/device/answer", body, with(user)...).problem(422, "invalid"), pointer)
	}
	require.Contains(t, c.call("POST", "/v1/device", `{"name":""}`).problem(422, "invalid"), "/name")
	c.call("POST", "/v1/device/poll", `{"poll":"guess"}`).problem(401, "unauthorized")
}

// TestDevice_IsBegunNotTooOften: it takes no key, so the network counts.
func TestDevice_IsBegunNotTooOften(t *testing.T) {
	c := newClient(t)
	for range deviceBegins.Burst {
		c.call("POST", "/v1/device", `{"name":"x"}`).is(201)
	}
	require.NotEmpty(t, c.call("POST", "/v1/device", `{"name":"x"}`).is(429).Header().Get("Retry-After"))
	for range devicePolls.Burst {
		c.call("POST", "/v1/device/poll", `{"poll":"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}`)
	}
	c.call("POST", "/v1/device/poll", `{"poll":"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}`).is(429)
}

// TestDeviceCode_IsMadeOfItsLettersAlike.
func TestDeviceCode_IsMadeOfItsLettersAlike(t *testing.T) {
	seen := map[rune]int{}
	for range 2000 {
		code := newDeviceCode()
		same, ok := hook.DeviceCode(code)
		require.True(t, ok, code)
		require.Equal(t, code, same)
		for _, c := range strings.ReplaceAll(code, "-", "") {
			seen[c]++
		}
	}
	require.Len(t, seen, len(hook.DeviceLetters))
	for letter, n := range seen {
		require.InDelta(t, 800, n, 250, string(letter))
	}
}

// TestAPIKeys_OfAUserAreTheUsersOwn: of its role, for itself, and with an end.
func TestAPIKeys_OfAUserAreTheUsersOwn(t *testing.T) {
	c := newClient(t)
	user, _ := c.key("user", "u1")
	made := c.call("POST", "/v1/api-keys", `{"name":"mine","role":"user"}`, with(user)...).is(201).json()
	require.Equal(t, "u1", made["user_id"])
	require.NotNil(t, made["expires_at"])
	for body, pointer := range map[string]string{
		`{"name":"k","role":"admin"}`:                                           "/role",
		`{"name":"k","role":"publisher"}`:                                       "/role",
		`{"name":"k","role":"owner"}`:                                           "/role",
		`{"name":"k"}`:                                                          "/role",
		`{"name":"k","role":"user","user_id":"u2"}`:                             "/user_id",
		`{"name":"k","role":"user","expires_at":"2099-01-01T00:00:00Z"}`:        "/expires_at",
		fmt.Sprintf(`{"name":"k","role":"user","expires_at":%q}`, "not a time"): "/expires_at",
	} {
		require.Contains(t, c.call("POST", "/v1/api-keys", body, with(user)...).problem(422, "invalid"), pointer, body)
	}
}
