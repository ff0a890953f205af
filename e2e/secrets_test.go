package e2e_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// rotate gives a webhook a new secret and returns the answer.
func (c *stageClient) rotate(t testing.TB, webhook map[string]any, body any) map[string]any {
	t.Helper()
	return c.send(t, http.MethodPost, "/v1/webhooks/"+webhook["id"].(string)+"/rotate-secret", body).json(t, http.StatusOK)
}

// signedBy says whether a receiver that knows this secret alone accepts a request.
func (r request) signedBy(t testing.TB, secret string) bool {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	return verifier.Verify(r.body, r.header) == nil
}

// signedByKey is signedBy for a public key.
func (r request) signedByKey(t testing.TB, publicKey string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(publicKey, "whpk_"))
	require.NoError(t, err)
	content := r.header.Get("webhook-id") + "." + r.header.Get("webhook-timestamp") + "." + string(r.body)
	for value := range strings.SplitSeq(r.header.Get("webhook-signature"), " ") {
		signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(value, "v1a,"))
		if err == nil && ed25519.Verify(key, []byte(content), signature) {
			return true
		}
	}
	return false
}

// plainlySignedBy is signedBy for X-Signature.
func (r request) plainlySignedBy(secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(r.body)
	return r.header.Get("X-Signature") == hex.EncodeToString(mac.Sum(nil))
}

func TestBothSecretsSignUntilTheOverlapEnds(t *testing.T) {
	s := sharedStack(t)
	c := newStage(t, startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "rotation")))
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, nil)
	first := w["secret"].(string)
	got := c.rotate(t, w, map[string]any{"overlap_seconds": 3})
	second := got["secret"].(string)
	require.NotEqual(t, first, second)
	end := parseTime(t, got["old_secrets"].([]any)[0].(map[string]any)["expires_at"])
	c.post(t)
	both := r.wait(t, 1)[0]
	require.Len(t, strings.Fields(both.header.Get("webhook-signature")), 2)
	require.True(t, both.signedBy(t, first) && both.signedBy(t, second))
	require.True(t, both.plainlySignedBy(second), "X-Signature has room for one")

	c.becomes(t, w, func(w map[string]any) bool { return len(w["old_secrets"].([]any)) == 0 })
	require.False(t, time.Now().Before(end))
	c.post(t)
	one := r.wait(t, 2)[1]
	require.False(t, one.signedBy(t, first))
	require.True(t, one.signedBy(t, second) && one.plainlySignedBy(second))

	// A key that has leaked is ended at once.
	third := c.rotate(t, w, nil)["secret"].(string)
	fourth := c.rotate(t, w, map[string]any{"overlap_seconds": 0})["secret"].(string)
	c.post(t)
	last := r.wait(t, 3)[2]
	require.True(t, last.signedBy(t, fourth))
	require.False(t, last.signedBy(t, third) || last.signedBy(t, second))
}

func TestOwnSecret_SignsFromTheFirstRequestOn(t *testing.T) {
	s := sharedStack(t)
	c := newStage(t, startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "own-secret")))
	r := newReceiver(t, nil)
	own := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret that the receiver had before"))
	w := c.webhook(t, r.URL, map[string]any{"secret": own})
	c.post(t)
	first := r.wait(t, 1)[0]
	require.True(t, first.signedBy(t, own) && first.plainlySignedBy(own))

	next := "whsec_" + base64.StdEncoding.EncodeToString([]byte("the next one, chosen by the receiver too"))
	require.Equal(t, next, c.rotate(t, w, map[string]any{"secret": next})["secret"])
	c.post(t)
	both := r.wait(t, 2)[1]
	require.True(t, both.signedBy(t, own) && both.signedBy(t, next) && both.plainlySignedBy(next))
}

func TestAnEd25519WebhookShowsWhatItsReceiverNeeds(t *testing.T) {
	s := sharedStack(t)
	c := newStage(t, startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "ed25519")))
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, nil)
	secret := w["secret"].(string)
	patched := c.send(t, http.MethodPatch, "/v1/webhooks/"+w["id"].(string), map[string]any{"signature": "ed25519"}).json(t, http.StatusOK)
	first := patched["public_key"].(string)
	c.post(t)
	got := r.wait(t, 1)[0]
	require.True(t, got.signedByKey(t, first) && got.signedBy(t, secret) && got.plainlySignedBy(secret), "a receiver that knows the old way goes on")

	second := c.rotate(t, w, map[string]any{"overlap_seconds": 0})["public_key"].(string)
	require.Equal(t, second, c.show(t, w)["public_key"])
	c.send(t, http.MethodPost, "/v1/webhooks/"+w["id"].(string)+"/test", nil).json(t, http.StatusAccepted)
	got = r.wait(t, 2)[1]
	require.True(t, got.signedByKey(t, second))
	require.False(t, got.signedByKey(t, first) || got.signedBy(t, secret))
	require.Empty(t, got.header.Values("X-Signature"))

	// Probes are signed alike.
	path := "/v1/webhooks/" + w["id"].(string)
	c.send(t, http.MethodPost, path+"/disable", nil).json(t, http.StatusOK)
	c.send(t, http.MethodPost, path+"/enable", nil).json(t, http.StatusOK)
	require.True(t, r.wait(t, 3)[2].signedByKey(t, second))
}

// TestTheEncryptionKeyIsReplaced follows docs/security.md with a process that
// goes on.
func TestTheEncryptionKeyIsReplaced(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "rekey")
	oldKey, newKey := env["GODWIT_ENCRYPTION_KEY"], strings.Repeat("B", 42)+"E="
	p := startServe(t, env)
	c := newStage(t, p)
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, map[string]any{"headers": map[string]any{"X-Token": "hush"}})
	second := c.rotate(t, w, nil)["secret"].(string)
	p.stop(t)

	rekey := func(keys string, args ...string) (string, int) {
		return runCommand(t, map[string]string{"GODWIT_DATABASE_URL": env["GODWIT_DATABASE_URL"], "GODWIT_ENCRYPTION_KEY": keys},
			append([]string{"secrets", "rekey"}, args...)...)
	}
	out, code := rekey(newKey)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "3 values", "the old key is not in the list")
	env["GODWIT_ENCRYPTION_KEY"] = newKey + "," + oldKey
	p = startServe(t, env)
	out, code = rekey(env["GODWIT_ENCRYPTION_KEY"], "--check")
	require.Equal(t, 1, code, out)
	out, code = rekey(env["GODWIT_ENCRYPTION_KEY"])
	require.Zero(t, code, out)
	require.Contains(t, out, "webhooks.secret          1 sealed")
	_, code = rekey(newKey, "--check")
	require.Zero(t, code)
	p.stop(t)

	env["GODWIT_ENCRYPTION_KEY"] = newKey
	c.base = startServe(t, env).url()
	c.post(t)
	got := r.wait(t, 1)[0]
	require.True(t, got.signedBy(t, w["secret"].(string)) && got.signedBy(t, second))
	require.Equal(t, "hush", got.header.Get("X-Token"))
}
