package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// key makes a key of a role and gives it, with its id. Its user is there then.
func (c *client) key(role, userID string) (key, id string) {
	c.t.Helper()
	body := `{"name":"k","role":"` + role + `"}`
	if userID != "" {
		c.user(userID)
		body = `{"name":"k","role":"` + role + `","user_id":"` + userID + `"}`
	}
	made := c.call("POST", "/v1/api-keys", body).is(201).json()
	return made["key"].(string), made["id"].(string)
}

// with gives the header of a key.
func with(key string) []string { return []string{"Authorization", "Bearer " + key} }

func TestAPIKeysOverHTTP(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	a := c.call("POST", "/v1/api-keys", `{"name":"Portal","role":"user","user_id":"u1","expires_at":"2099-05-04T11:30:00+02:00"}`).is(201)
	made := a.json()
	key := made["key"].(string)
	require.Regexp(t, `^key_[0-9a-v]{26}$`, made["id"])
	require.Equal(t, "/v1/api-keys/"+made["id"].(string), a.Header().Get("Location"))
	require.True(t, apikey.WellFormed(key))
	var hash []byte
	c.scan(`SELECT hash FROM api_keys`, &hash)
	require.Equal(t, apikey.Hash(key), hash, "only the hash is stored")
	delete(made, "key")
	createdAt, err := time.Parse(time.RFC3339Nano, made["created_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), createdAt, time.Minute)
	require.Equal(t, map[string]any{"id": made["id"], "name": "Portal", "role": "user", "user_id": "u1", "prefix": key[:11],
		"expires_at": "2099-05-04T09:30:00Z", "last_used_at": nil, "created_at": made["created_at"]}, made)

	one := c.call("GET", "/v1/api-keys/"+made["id"].(string), "").is(200)
	require.Equal(t, made, one.json())
	list := c.call("GET", "/v1/api-keys", "").is(200)
	require.Equal(t, []any{made}, list.json()["data"])
	for _, shown := range []string{one.Body.String(), list.Body.String()} {
		require.NotContains(t, shown, key[11:], "it is shown once")
	}

	c.call("GET", "/v1/webhooks", "", with(key)...).is(200)
	c.call("DELETE", "/v1/api-keys/"+made["id"].(string), "").is(204)
	c.call("GET", "/v1/webhooks", "", with(key)...).problem(401, "unauthorized")
	c.call("DELETE", "/v1/api-keys/"+made["id"].(string), "").problem(404, "not_found")
	c.call("GET", "/v1/api-keys/"+made["id"].(string), "").problem(404, "not_found")
}

func TestBadAPIKeysAreNamed(t *testing.T) {
	c := newClient(t)
	past := time.Now().Add(-time.Second).Format(time.RFC3339)
	for body, pointers := range map[string][]string{
		`{}`:                         {"/name", "/role"},
		`{"name":"","role":"owner"}`: {"/name", "/role"},
		`{"name":"k","role":"user"}`: {"/user_id"},
		`{"name":"k","role":"user","user_id":" "}`:                  {"/user_id"},
		`{"name":"k","role":"admin","user_id":"u1"}`:                {"/user_id"},
		`{"name":"k","role":"publisher","user_id":"u1"}`:            {"/user_id"},
		`{"name":"k","role":"admin","expires_at":"tomorrow"}`:       {"/expires_at"},
		`{"name":"k","role":"admin","expires_at":"` + past + `"}`:   {"/expires_at"},
		`{"name":"k","role":"admin","key":"gw_mine","id":"key_my"}`: {"/key", "/id"},
	} {
		bad := c.call("POST", "/v1/api-keys", body).problem(422, "invalid")
		var got []string
		for pointer := range bad {
			got = append(got, pointer)
		}
		require.ElementsMatch(t, pointers, got, body)
	}
	require.Contains(t, c.call("POST", "/v1/api-keys", `{"name":"k","role":"user","user_id":"u9"}`).problem(422, "invalid")["/user_id"], `"u9"`)
	require.Zero(t, c.count("api_keys"))
}

// TestRolesMayCallTheirRoutes calls every route with a key of every role.
func TestRolesMayCallTheirRoutes(t *testing.T) {
	c := newClient(t)
	keys := map[hook.Role]string{}
	keys[hook.RoleAdmin], _ = c.key("admin", "")
	keys[hook.RolePublisher], _ = c.key("publisher", "")
	keys[hook.RoleUser], _ = c.key("user", "u1")
	for _, r := range (&server{}).routes() {
		if r.id == "delete-api-key" {
			continue // of a key that is in use here
		}
		for role, key := range keys {
			got := c.call(r.method, strings.NewReplacer("{", "", "}", "").Replace(r.path), "{", with(key)...)
			allowed := len(r.who) == 0 || slices.Contains(r.who, role)
			require.Equal(t, allowed, got.Code != 403, "%s by %s: %d", r.id, role, got.Code)
			if !allowed {
				got.problem(403, "forbidden")
			}
		}
	}
}

func TestWhatCannotBeAKeyIsNotLookedUp(t *testing.T) {
	c := newClient(t)
	key, _ := c.key("admin", "")
	c.call("GET", "/v1/users", "", with(key)...).is(200)
	defer c.away()()
	for _, bad := range []string{key[:len(key)-1], key + "a", strings.Replace(key, "gw_", "gx_", 1), "nothing-like-it", key[:11]} {
		c.call("GET", "/v1/users", "", with(bad)...).problem(401, "unauthorized")
	}
	c.call("GET", "/v1/event-types/no", "").is(405) // the bootstrap key gets in
	c.call("GET", "/v1/users", "", with(apikey.New())...).problem(503, "unavailable")
}

// TestEveryRequestLooksItsKeyUp, or a revoked one would live on in memory.
func TestEveryRequestLooksItsKeyUp(t *testing.T) {
	c := newClient(t)
	key, _ := c.key("admin", "")
	for range 2 {
		c.call("GET", "/v1/users", "", with(key)...).is(200)
	}
	c.exec(`DELETE FROM api_keys`) // another process has revoked it
	c.call("GET", "/v1/users", "", with(key)...).problem(401, "unauthorized")
}

func TestKeysWhenTheDatabaseIsAway(t *testing.T) {
	c := newClient(t)
	key, _ := c.key("admin", "")
	back := c.away()
	for range maxFailures + 5 {
		c.call("GET", "/v1/companies/c1", "", with(key)...).problem(503, "unavailable")
	}
	back()
	c.call("GET", "/v1/users", "", with(key)...).is(200) // an outage is nobody's failure
}
