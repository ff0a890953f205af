package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// pair starts two API processes on one database.
func pair(t *testing.T, namespace string) (one, two *process) {
	t.Helper()
	s := sharedStack(t)
	url := s.migrated(t)
	start := func() *process {
		return startServe(t, serveEnv(t, url, s.temporal(), namespace), "--role", "api")
	}
	return start(), start()
}

// newKey makes a key and gives it, with its id.
func (c *stageClient) newKey(t testing.TB, fields map[string]any) (key, id string) {
	t.Helper()
	made := c.send(t, http.MethodPost, "/v1/api-keys", fields).json(t, http.StatusCreated)
	return made["key"].(string), made["id"].(string)
}

func TestAKeyIsRevokedEverywhereAtOnce(t *testing.T) {
	one, two := pair(t, "keys")
	c := newStage(t, one)
	for range 5 {
		key, id := c.newKey(t, map[string]any{"name": "short-lived", "role": "admin"})
		for _, p := range []*process{one, two, one, two} {
			c.as(key, p).get(t, "/v1/users")
		}
		require.NotNil(t, c.get(t, "/v1/api-keys/"+id)["last_used_at"])
		require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/api-keys/"+id, nil).status)
		for _, p := range []*process{two, one} {
			c.as(key, p).send(t, http.MethodGet, "/v1/users", nil).json(t, http.StatusUnauthorized)
		}
	}
}

func TestKeysEndWithTheirUser(t *testing.T) {
	one, two := pair(t, "keysend")
	c := newStage(t, one)
	bound, _ := c.newKey(t, map[string]any{"name": "portal", "role": "user", "user_id": c.prefix + "u"})
	c.as(bound, two).get(t, "/v1/webhooks")
	require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/users/"+c.prefix+"u", nil).status)
	c.as(bound, two).send(t, http.MethodGet, "/v1/webhooks", nil).json(t, http.StatusUnauthorized)

	refused := c.send(t, http.MethodPost, "/v1/api-keys", map[string]any{"name": "portal", "role": "user", "user_id": c.prefix + "u"})
	require.Contains(t, fmt.Sprint(refused.json(t, http.StatusUnprocessableEntity)["errors"]), c.prefix+"u")
}

// TestAllowancesAreThoseOfTheEnvironment asks more often than it may, at a
// process that takes five requests a second of a key.
func TestAllowancesAreThoseOfTheEnvironment(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "rates")
	env["GODWIT_MANAGEMENT_RATE"] = "5"
	p := startServe(t, env, "--role", "api")
	c := newStage(t, p)
	key, _ := c.newKey(t, map[string]any{"name": "busy", "role": "admin"})
	var refused reply
	eventually(t, func() (bool, string) {
		for range 20 {
			if refused = c.as(key, p).send(t, http.MethodGet, "/v1/users", nil); refused.status == http.StatusTooManyRequests {
				return true, ""
			}
		}
		return false, refused.header.Get("RateLimit")
	})
	require.Equal(t, "rate_limited", refused.json(t, http.StatusTooManyRequests)["code"])
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	require.Equal(t, `"management";q=5;w=1`, refused.header.Get("RateLimit-Policy"))
	require.Equal(t, `"publish";q=20000;w=1`, c.send(t, http.MethodPost, "/v1/events", map[string]any{}).header.Get("RateLimit-Policy"))
}

// TestGuessesAreStopped guesses keys from loopback, which the bootstrap key was
// used from before.
func TestGuessesAreStopped(t *testing.T) {
	one, two := pair(t, "guesses")
	c := newStage(t, one)
	var last reply
	eventually(t, func() (bool, string) {
		last = c.as("gw_guess", one).send(t, http.MethodGet, "/v1/users", nil)
		return last.status == http.StatusTooManyRequests, string(last.raw)
	})
	require.NotEmpty(t, last.header.Get("Retry-After"))
	c.get(t, "/v1/users")
	c.as("gw_guess", two).send(t, http.MethodGet, "/v1/users", nil).json(t, http.StatusUnauthorized)
}
