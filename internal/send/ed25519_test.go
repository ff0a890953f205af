package send

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// The private key is that of the seed 00 01 … 1f, and its public key is
// OpenSSL's, as the expected signature is:
//
//	(printf 302e020100300506032b657004220420; printf $seed) | xxd -r -p | openssl pkey -inform DER -out key.pem
//	openssl pkey -in key.pem -pubout -outform DER | tail -c 32 | base64
//	printf %s "$id.$unix.$body" > content; openssl pkeyutl -sign -inkey key.pem -rawin -in content | base64
const (
	privateKey = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="
	publicKey  = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
)

func TestEd25519Vector(t *testing.T) {
	require.Equal(t, publicKey, hook.PublicKey(privateKey))
	got, err := sign([]string{privateKey}, "evt_1", time.Unix(1700000000, 0), []byte(`{"a":1}`))
	require.NoError(t, err)
	require.Equal(t, "v1a,RBNQsly5gVj8T8W9qbYuANgJc9B3pV41T7J1On64quiUymHQFeNuGclxYjI/G5FkSAo66rEubSmIYEePay2wAQ==", got.standard)
	require.Empty(t, got.plain, "an HMAC with a key that the receiver doesn't have is of no use")
}

// TestBothKindsSign is what goes out while a webhook changes from one way of
// signing to the other, in either order.
func TestBothKindsSign(t *testing.T) {
	body, at := []byte(`{}`), time.Unix(1700000000, 0)
	hmac, err := sign([]string{testSecret}, "evt_1", at, body)
	require.NoError(t, err)
	for _, secrets := range [][]string{{privateKey, testSecret, oldSecret}, {testSecret, privateKey}} {
		got, err := sign(secrets, "evt_1", at, body)
		require.NoError(t, err)
		values := strings.Split(got.standard, " ")
		require.Len(t, values, len(secrets))
		for i, secret := range secrets {
			require.Equal(t, hook.SignatureOf(secret) == hook.Ed25519, strings.HasPrefix(values[i], "v1a,"))
		}
		require.Contains(t, values, hmac.standard)
		require.Equal(t, hmac.plain, got.plain, "X-Signature is of the newest secret that the receiver has too")
	}
}

// TestReceiverChecksEd25519 checks what went over the wire as a receiver does
// that knows the specification, its clock and the public key.
func TestReceiverChecksEd25519(t *testing.T) {
	header, body := received(t, hook.FormatStandard, []string{privateKey, testSecret})
	require.Equal(t, publicKey, verifiedBy(t, header.Get("webhook-signature"), header.Get("webhook-id")+"."+header.Get("webhook-timestamp")+"."+string(body)))
	require.NotEmpty(t, header.Get("X-Signature"))
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(body, header), "one that knows the old secret alone passes over v1a")

	header, _ = received(t, hook.FormatStandard, []string{privateKey})
	require.Empty(t, header.Values("X-Signature"))
}

// verifiedBy gives the public key if a v1a value of the header is its signature.
func verifiedBy(t *testing.T, header, content string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(publicKey, "whpk_"))
	require.NoError(t, err)
	for value := range strings.SplitSeq(header, " ") {
		encoded, ok := strings.CutPrefix(value, "v1a,")
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if ok && err == nil && ed25519.Verify(key, []byte(content), signature) {
			require.False(t, ed25519.Verify(key, []byte(content+" "), signature))
			return publicKey
		}
	}
	return ""
}

func TestNewPrivateKey(t *testing.T) {
	a, b := NewSecret(hook.Ed25519), NewSecret(hook.Ed25519)
	require.NotEqual(t, a, b)
	require.Equal(t, hook.Ed25519, hook.SignatureOf(a))
	require.Regexp(t, `^whsk_[A-Za-z0-9+/]{86}==$`, a)
	require.Regexp(t, `^whpk_[A-Za-z0-9+/]{43}=$`, hook.PublicKey(a))
	_, err := sign([]string{a}, "evt_1", time.Now(), nil)
	require.NoError(t, err)
}
