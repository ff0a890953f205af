package send

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// The expected values are from OpenSSL:
//
//	key=$(printf %s "${secret#whsec_}" | base64 -d | xxd -p -c 256)
//	printf %s "$id.$unix.$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key -binary | base64
//	printf %s "$body" | openssl dgst -sha256 -hmac "$secret" -r
//
// The second row's standard value is also the example of the specification.
func TestSignatureVectors(t *testing.T) {
	tests := []struct {
		secret, id      string
		unix            int64
		body            string
		standard, plain string
	}{
		{testSecret, "evt_1", 1700000000, `{"a":1}`,
			"v1,ciAoB+i0wr39/7RFwjH1wyngNhrrEDbII92GfZCv6gk=",
			"675b08d94e96116436ab19afd00ea7cea73c2eedeb597876e6a980e425513a1a"},
		{oldSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
			"80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c"},
		{testSecret, "evt_2", 1, "",
			"v1,PS5vvvzTZvdgc9qNI6H4lFvRurQ4iEYYPx9wT9TlLUI=",
			"2e772379fb1335cf939e4cea78ccb53a7158ac423171d0a9d1a027d2d5afdc2e"},
		{testSecret, "a.b:c-d", 4102444800, `{"title":"Grüße 👋"}`,
			"v1,AE/fX0naJQ37/X9a37dDRNQKbJnSBlB96LJRzOHX/Q4=",
			"071a1269f032bf16c30dbc37a94e33c8e10fcce3f0c71299b2b3fef2e4860779"},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			// Less than a second does not count.
			at := time.Unix(tt.unix, 999_999_999)
			got, err := sign([]string{tt.secret}, tt.id, at, []byte(tt.body))
			require.NoError(t, err)
			require.Equal(t, tt.standard, got.standard)
			require.Equal(t, tt.plain, got.plain)
		})
	}
}

func TestSignWithEveryLiveSecret(t *testing.T) {
	body, at := []byte(`{}`), time.Unix(1700000000, 0)
	both, err := sign([]string{testSecret, oldSecret}, "evt_1", at, body)
	require.NoError(t, err)
	newest, err := sign([]string{testSecret}, "evt_1", at, body)
	require.NoError(t, err)
	old, err := sign([]string{oldSecret}, "evt_1", at, body)
	require.NoError(t, err)

	require.Equal(t, newest.standard+" "+old.standard, both.standard)
	require.Equal(t, newest.plain, both.plain, "X-Signature is the newest secret's")
	require.Equal(t, "1700000000", both.timestamp)
}

func TestSignRefusesBadSecrets(t *testing.T) {
	for name, secrets := range map[string][]string{
		"none":          nil,
		"empty":         {""},
		"no prefix":     {strings.TrimPrefix(testSecret, hook.SecretPrefix)},
		"no key":        {hook.SecretPrefix},
		"not base64":    {hook.SecretPrefix + "%%%"},
		"second is bad": {testSecret, "whsec_%"},
		"short private": {hook.PrivateKeyPrefix + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
		"public key":    {hook.PublicKey(privateKey)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sign(secrets, "evt_1", time.Unix(0, 0), nil)
			require.ErrorIs(t, err, errSecret)
		})
	}
}

func TestNewSecret(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		secret := NewSecret(hook.HMACSHA256)
		require.False(t, seen[secret])
		seen[secret] = true
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		require.NoError(t, err)
		require.Len(t, key, 32)
		require.True(t, strings.HasPrefix(secret, "whsec_"))
	}
}

// The Standard Webhooks library, which shares no code with ours, accepts what a
// receiver gets, under the newest and under the old secret, and nothing else.
func TestStandardLibraryVerifies(t *testing.T) {
	for _, format := range []hook.PayloadFormat{hook.FormatStandard, hook.FormatBlue, hook.FormatCloudEvents} {
		t.Run(string(format), func(t *testing.T) {
			header, body := received(t, format, []string{testSecret, oldSecret})
			for secret, good := range map[string]bool{testSecret: true, oldSecret: true, NewSecret(hook.HMACSHA256): false} {
				verifier, err := standardwebhooks.NewWebhook(secret)
				require.NoError(t, err)
				require.Equal(t, good, verifier.Verify(body, header) == nil)
				require.Error(t, verifier.Verify(append(body, ' '), header))
			}
		})
	}
}

// received gives what one attempt with these secrets brings to a receiver.
func received(t *testing.T, format hook.PayloadFormat, secrets []string) (header http.Header, body []byte) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	m := message(server.URL)
	m.Webhook.PayloadFormat = format
	m.Event.Previous = []byte(oddBytes)
	m.Secrets = secrets
	require.Equal(t, hook.Success, attempt(t, newSender(t, Options{}), m).Outcome)
	return header, body
}

func TestBadSecretSendsNothing(t *testing.T) {
	r := listen(t, hang)
	m := message(r.url)
	m.Secrets = []string{testSecret, "whsec_%"}
	result := attempt(t, newSender(t, Options{}), m)
	require.Equal(t, hook.Failure, result.Outcome)
	require.Equal(t, hook.ReasonInternal, result.Reason)
	require.NotContains(t, result.Error, "whsec_")
	require.Zero(t, r.connections())
}
