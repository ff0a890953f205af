package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// ends asserts when the old secrets of an answer end, counted from began.
func ends(t *testing.T, began time.Time, got map[string]any, overlaps ...time.Duration) {
	t.Helper()
	old := got["old_secrets"].([]any)
	require.Len(t, old, len(overlaps))
	for i, overlap := range overlaps {
		at, err := time.Parse(time.RFC3339Nano, old[i].(map[string]any)["expires_at"].(string))
		require.NoError(t, err)
		require.False(t, at.Before(began.Add(overlap)), at)
		require.False(t, at.After(time.Now().Add(overlap)), at)
	}
}

func TestRotateSecret(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	began := time.Now()
	a := c.call("POST", path+"/rotate-secret", "").is(200)
	require.Equal(t, `"2"`, a.Header().Get("ETag"))
	got := a.json()
	require.Equal(t, "whsec_c2VjcmV0AAAA", got["secret"])
	ends(t, began, got, 24*time.Hour)

	got = c.call("POST", path+"/rotate-secret", `{"overlap_seconds":60}`).is(200).json()
	ends(t, began, got, time.Minute, 24*time.Hour)
	got = c.call("POST", path+"/rotate-secret", `{"overlap_seconds":null}`).is(200).json()
	ends(t, began, got, 24*time.Hour, time.Minute, 24*time.Hour)
	got = c.call("POST", path+"/rotate-secret", `{"overlap_seconds":604800}`).is(200).json()
	ends(t, began, got, 7*24*time.Hour, 24*time.Hour, time.Minute, 24*time.Hour)
	shown := c.call("GET", path, "").is(200)
	require.NotContains(t, shown.Body.String(), "whsec_")
	ends(t, began, shown.json(), 7*24*time.Hour, 24*time.Hour, time.Minute, 24*time.Hour)

	got = c.call("POST", path+"/rotate-secret", `{"overlap_seconds":0}`).is(200).json()
	ends(t, began, got)
	require.Equal(t, []string{got["secret"].(string)}, c.stored(path).Secrets(time.Now()))
}

func TestRotateSecretSaysWhatIsWrong(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	for _, body := range []string{`{"overlap_seconds":-1}`, `{"overlap_seconds":604801}`, `{"overlap_seconds":1.5}`, `{"overlap_seconds":"60"}`} {
		require.Contains(t, c.call("POST", path+"/rotate-secret", body).problem(422, "invalid"), "/overlap_seconds", body)
	}
	require.Contains(t, c.call("POST", path+"/rotate-secret", `{"overlap":1}`).problem(422, "invalid"), "/overlap")
	c.call("POST", path+"/rotate-secret", `[]`).is(422)
	c.call("POST", path+"/rotate-secret", `{`).is(400)
	c.call("POST", "/v1/webhooks/wh_none/rotate-secret", "").is(404)
	require.Equal(t, []string{"whsec_c2VjcmV0"}, c.stored(path).Secrets(time.Now()), "nothing is changed")

	for range hook.MaxOldSecrets {
		c.call("POST", path+"/rotate-secret", "").is(200)
	}
	before := c.stored(path)
	detail := c.call("POST", path+"/rotate-secret", "").is(409).json()["detail"]
	require.Contains(t, detail, "overlap_seconds 0")
	c.call("PATCH", path, `{"signature":"ed25519"}`).is(409)
	require.Equal(t, before, c.stored(path))
	c.call("POST", path+"/rotate-secret", `{"overlap_seconds":0}`).is(200)
}

// ownSecret is one that a caller has chosen.
const ownSecret = "whsec_QSBzZWNyZXQgdGhhdCBpdHMgb3duZXIgaGFzIGNob3Nlbg=="

func TestOwnSecret_IsTakenAtCreationAndAtRotation(t *testing.T) {
	c := staged(t)
	a := c.call("POST", "/v1/webhooks", `{"secret":"`+ownSecret+`",`+leastWebhook[1:]).is(201)
	require.Equal(t, ownSecret, a.json()["secret"])
	path := a.Header().Get("Location")
	for _, shown := range []string{path, "/v1/webhooks"} {
		require.NotContains(t, c.call("GET", shown, "").is(200).Body.String(), "whsec_")
	}

	next := "whsec_" + strings.Repeat("QUJD", 8)
	got := c.call("POST", path+"/rotate-secret", `{"secret":"`+next+`"}`).is(200).json()
	require.Equal(t, next, got["secret"])
	require.Equal(t, []string{next, ownSecret}, c.stored(path).Secrets(time.Now()), "the one before signs on")
}

func TestOwnSecret_IsRefusedWithTheRemedyAndNeverRepeated(t *testing.T) {
	c := staged(t)
	path := c.made(`{"secret":"` + ownSecret + `",` + leastWebhook[1:])
	key := c.made(`{"signature":"ed25519",` + leastWebhook[1:])
	good := "whsec_" + strings.Repeat("QUJD", 8)
	for _, tc := range []struct{ method, path, secret, remedy string }{
		{"POST", path + "/rotate-secret", "whsec_c2hvcnQ=", "openssl rand -base64 32"},
		{"POST", path + "/rotate-secret", ownSecret, "choose another one"},
		{"POST", key + "/rotate-secret", good, "leave it out"},
		{"PATCH", path, good, "rotate-secret"},
	} {
		a := c.call(tc.method, tc.path, `{"secret":"`+tc.secret+`"}`)
		require.Contains(t, a.problem(422, "invalid")["/secret"], tc.remedy)
		require.NotContains(t, a.Body.String(), tc.secret[6:])
	}
	require.Equal(t, []string{ownSecret}, c.stored(path).Secrets(time.Now()), "nothing is changed")
	require.Contains(t, c.call("PATCH", path, `{"secret":null}`).problem(422, "invalid"), "/secret")
}

func TestEd25519ShowsThePublicKeyAlone(t *testing.T) {
	c := staged(t)
	a := c.call("POST", "/v1/webhooks", `{"signature":"ed25519",`+leastWebhook[1:]).is(201)
	require.NotContains(t, a.Body.String(), "whsk_")
	got := a.json()
	require.NotContains(t, got, "secret")
	first := got["public_key"].(string)
	require.Regexp(t, `^whpk_[A-Za-z0-9+/]{43}=$`, first)
	path := a.Header().Get("Location")
	require.Equal(t, first, c.call("GET", path, "").is(200).json()["public_key"])
	list := c.call("GET", "/v1/webhooks", "").is(200)
	require.Contains(t, list.Body.String(), first)
	require.NotContains(t, list.Body.String(), "whsk_")

	a = c.call("POST", path+"/rotate-secret", "").is(200)
	require.NotContains(t, a.Body.String(), "whsk_")
	got = a.json()
	require.NotContains(t, got, "secret")
	require.NotEqual(t, first, got["public_key"])
	old := got["old_secrets"].([]any)[0].(map[string]any)
	require.Equal(t, first, old["public_key"], "a receiver can check either")
	require.Equal(t, "ed25519", old["signature"])
}

func TestAnotherWayOfSigningKeepsTheOldOneForADay(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	secret := c.stored(path).Secret
	began := time.Now()
	for _, body := range []string{`{"name":"M"}`, `{"signature":"hmac-sha256"}`, `{"signature":null}`} {
		got := c.call("PATCH", path, body).is(200).json()
		require.NotContains(t, got, "secret", body)
		require.Equal(t, secret, c.stored(path).Secret, body)
	}
	got := c.call("PATCH", path, `{"signature":"ed25519"}`).is(200).json()
	require.Equal(t, "ed25519", got["signature"])
	require.NotContains(t, got, "secret")
	key := c.stored(path).Secret
	require.Equal(t, hook.PublicKey(key), got["public_key"])
	require.Equal(t, map[string]any{"signature": "hmac-sha256", "public_key": nil, "expires_at": got["old_secrets"].([]any)[0].(map[string]any)["expires_at"]},
		got["old_secrets"].([]any)[0])
	ends(t, began, got, 24*time.Hour)
	require.Equal(t, []string{key, secret}, c.stored(path).Secrets(time.Now()))

	got = c.call("PATCH", path, `{"name":"still"}`).is(200).json()
	require.Equal(t, "ed25519", got["signature"])
	got = c.call("PATCH", path, `{"signature":null}`).is(200).json()
	require.Equal(t, "hmac-sha256", got["signature"])
	require.Equal(t, c.stored(path).Secret, got["secret"], "nobody could read it later")
	require.Nil(t, got["public_key"])
	ends(t, began, got, 24*time.Hour, 24*time.Hour)
}

// TestNothingKeepsANewSecretBack: what is shown beside it can't be read.
func TestNothingKeepsANewSecretBack(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	c.broken("windows")
	got := c.call("POST", path+"/rotate-secret", "").is(200).json()
	require.Equal(t, c.stored(path).Secret, got["secret"])
}
