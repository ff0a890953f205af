package api

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
)

// storedKey is a key as the store has it.
type storedKey struct {
	hook.APIKey
	hash []byte
}

type keysOf struct{ *fake }

func keyID(k storedKey) string { return k.ID }

func (k keysOf) APIKey(_ context.Context, id string) (hook.APIKey, error) {
	found, err := find(k.keys, id, keyID)
	return found.APIKey, err
}

func (k keysOf) Principal(_ context.Context, hash []byte) (hook.Principal, error) {
	k.lookups++
	if k.err != nil {
		return hook.Principal{}, k.err
	}
	for _, key := range k.keys {
		if bytes.Equal(key.hash, hash) {
			return hook.Principal{KeyID: key.ID, Role: key.Role, UserID: key.UserID}, nil
		}
	}
	return hook.Principal{}, notFound()
}

func (k keysOf) CreateAPIKey(_ context.Context, key hook.APIKey, hash []byte) (hook.APIKey, error) {
	key.CreatedAt = now()
	k.keys = append(k.keys, storedKey{key, hash})
	return key, k.err
}

func (k keysOf) APIKeys(_ context.Context, p hook.Page) ([]hook.APIKey, error) {
	var out []hook.APIKey
	for _, key := range cut(k.keys, p, keyID) {
		out = append(out, key.APIKey)
	}
	return out, k.err
}

func (k keysOf) DeleteAPIKey(_ context.Context, id string) error { return drop(&k.keys, id, keyID) }

// key makes a key of a role and gives it, with its id.
func (c *client) key(role, userID string) (key, id string) {
	c.t.Helper()
	body := `{"name":"k","role":"` + role + `"}`
	if userID != "" {
		body = `{"name":"k","role":"` + role + `","user_id":"` + userID + `"}`
	}
	made := c.call("POST", "/v1/api-keys", body).is(201).json()
	return made["key"].(string), made["id"].(string)
}

// with gives the header of a key.
func with(key string) []string { return []string{"Authorization", "Bearer " + key} }

func TestAPIKeysOverHTTP(t *testing.T) {
	c := newClient(t)
	a := c.call("POST", "/v1/api-keys", `{"name":"Portal","role":"user","user_id":"u1","expires_at":"2099-05-04T11:30:00+02:00"}`).is(201)
	made := a.json()
	key := made["key"].(string)
	require.Regexp(t, `^key_[0-9a-v]{26}$`, made["id"])
	require.Equal(t, "/v1/api-keys/"+made["id"].(string), a.Header().Get("Location"))
	require.True(t, apikey.WellFormed(key))
	require.Equal(t, apikey.Hash(key), c.store.keys[0].hash, "only the hash is stored")
	delete(made, "key")
	require.Equal(t, map[string]any{"id": made["id"], "name": "Portal", "role": "user", "user_id": "u1", "prefix": key[:11],
		"expires_at": "2099-05-04T09:30:00Z", "last_used_at": nil, "created_at": "2026-05-04T09:30:00.123456Z"}, made)

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
		c := newClient(t)
		bad := c.call("POST", "/v1/api-keys", body).problem(422, "invalid")
		var got []string
		for pointer := range bad {
			got = append(got, pointer)
		}
		require.ElementsMatch(t, pointers, got, body)
		require.Empty(t, c.store.keys)
	}
	c := newClient(t)
	c.store.err = hook.Invalid("/user_id", "there is no user %q; create it first", "u9")
	require.Contains(t, c.call("POST", "/v1/api-keys", `{"name":"k","role":"user","user_id":"u9"}`).problem(422, "invalid")["/user_id"], `"u9"`)
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
	require.Equal(t, 1, c.store.lookups)
	for _, bad := range []string{key[:len(key)-1], key + "a", strings.Replace(key, "gw_", "gx_", 1), "nothing-like-it", key[:11]} {
		c.call("GET", "/v1/users", "", with(bad)...).problem(401, "unauthorized")
	}
	c.call("GET", "/v1/users", "").is(200)
	require.Equal(t, 1, c.store.lookups)
	c.call("GET", "/v1/users", "", with(apikey.New())...).problem(401, "unauthorized")
	require.Equal(t, 2, c.store.lookups)
}

// TestEveryRequestLooksItsKeyUp, or a revoked one would live on in memory.
func TestEveryRequestLooksItsKeyUp(t *testing.T) {
	c := newClient(t)
	key, _ := c.key("admin", "")
	for range 5 {
		c.call("GET", "/v1/users", "", with(key)...).is(200)
	}
	require.Equal(t, 5, c.store.lookups)
	c.store.keys = nil // another process has revoked it
	c.call("GET", "/v1/users", "", with(key)...).problem(401, "unauthorized")
}

func TestKeysWhenTheDatabaseIsAway(t *testing.T) {
	c := newClient(t)
	key, _ := c.key("admin", "")
	c.store.err = hook.Errorf(hook.CodeUnavailable, "down")
	for range failures.burst + 5 {
		c.call("GET", "/v1/companies/c1", "", with(key)...).problem(503, "unavailable")
	}
	c.store.err = nil
	c.call("GET", "/v1/users", "", with(key)...).is(200) // an outage is nobody's failure
	c.store.err = hook.Errorf(hook.CodeUnavailable, "down")
	c.call("GET", "/v1/event-types/no", "").is(405) // the bootstrap key gets as far as ever
}
