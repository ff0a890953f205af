package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/send"
	"godwit/internal/verify"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	other  = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	body   = `{"type":"T","data":{"html":"<&>","list":[1,2]}}`
)

var now = time.Unix(1_780_000_000, 0)

// signed is a request that fits secret.
func signed(t *testing.T, body string) verify.Request {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	value, err := w.Sign("evt_1", now, []byte(body))
	require.NoError(t, err)
	return verify.Request{Header: http.Header{"Webhook-Id": {"evt_1"}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}, "Webhook-Signature": {value}},
		Body: []byte(body), Secrets: []string{secret}, Now: now}
}

func TestCheck_SaysWhichPartIsWrong(t *testing.T) {
	set := func(name, value string) func(*verify.Request) {
		return func(r *verify.Request) { r.Header.Set(name, value) }
	}
	secrets := func(all ...string) func(*verify.Request) { return func(r *verify.Request) { r.Secrets = all } }
	arrived := func(change func(string) string) func(*verify.Request) {
		return func(r *verify.Request) { r.Body = []byte(change(string(r.Body))) }
	}
	for name, tc := range map[string]struct {
		change func(*verify.Request)
		want   verify.Code
	}{
		"all is well":             {func(*verify.Request) {}, verify.OK},
		"one of two secrets fits": {secrets(other, secret), verify.OK},
		"one of two signatures fits": {func(r *verify.Request) {
			r.Header.Set("webhook-signature", "v1,AAAA "+r.Header.Get("webhook-signature"))
		}, verify.OK},
		"no secret":                 {secrets(), verify.SecretMissing},
		"secret in quotation marks": {secrets(`"` + secret + `"`), verify.SecretForm},
		"secret without prefix":     {secrets(strings.TrimPrefix(secret, "whsec_")), verify.SecretForm},
		"secret cut off":            {secrets(secret[:len(secret)-1]), verify.SecretForm},
		"secret is a signature":     {secrets("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="), verify.SecretIsSignature},
		"secret is a private key":   {secrets("whsk_AAAA"), verify.SecretPrivate},
		"no signature":              {func(r *verify.Request) { r.Header.Del("webhook-signature") }, verify.SignatureMissing},
		"no id":                     {func(r *verify.Request) { r.Header.Del("webhook-id") }, verify.IDMissing},
		"no timestamp":              {func(r *verify.Request) { r.Header.Del("webhook-timestamp") }, verify.TimestampMissing},
		"timestamp is a date":       {set("webhook-timestamp", "2026-05-04"), verify.TimestampForm},
		"timestamp in milliseconds": {set("webhook-timestamp", "1780000000000"), verify.TimestampUnit},
		"signature in hexadecimal":  {set("webhook-signature", strings.Repeat("ab", 32)), verify.SignatureForm},
		"another secret":            {secrets(other), verify.Mismatch},
		"another body":              {arrived(func(string) string { return `{}` }), verify.Mismatch},
		"another id":                {set("webhook-id", "evt_2"), verify.Mismatch},
		"line break added":          {arrived(func(b string) string { return b + "\n" }), verify.BodyChanged},
		"spaces added by Python": {arrived(func(b string) string {
			return strings.NewReplacer(`":`, `": `, `,"`, `, "`, "1,2", "1, 2").Replace(b)
		}), verify.BodyChanged},
		"escaped for HTML": {arrived(func(b string) string {
			return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(b)
		}), verify.BodyChanged},
		"byte order mark":  {arrived(func(b string) string { return "\xef\xbb\xbf" + b }), verify.BodyChanged},
		"public key":       {secrets("whpk_" + base64.StdEncoding.EncodeToString(make([]byte, 32))), verify.OtherScheme},
		"old":              {func(r *verify.Request) { r.Now = now.Add(6 * time.Minute) }, verify.TimestampOld},
		"from the future":  {func(r *verify.Request) { r.Now = now.Add(-6 * time.Minute) }, verify.TimestampInTheFuture},
		"old, but allowed": {func(r *verify.Request) { r.Now, r.Tolerance = now.Add(6*time.Minute), time.Hour }, verify.OK},
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(t, body)
			tc.change(&r)
			got := verify.Check(r)
			require.Equal(t, tc.want, got.Code, got.Detail)
			require.NotEmpty(t, got.Detail)
			require.Equal(t, tc.want == verify.OK, got.Remedy == "")
			for _, s := range r.Secrets {
				require.NotContains(t, got.Detail+got.Remedy, s, "a secret is never repeated")
			}
		})
	}
}

func TestCheck_FindsTheSpellingThatWasSigned(t *testing.T) {
	for _, sent := range []string{"{\n  \"a\": [\n    1\n  ]\n}", "{\n    \"a\": [\n        1\n    ]\n}", `{"a": [1]}`, `{"a":[1]}`, "{\"a\":\r\n[1]}"} {
		r := signed(t, sent)
		require.Equal(t, verify.OK, verify.Check(r).Code)
		r.Body = []byte(`{"a":[1]}`)
		if strings.Contains(sent, "\r\n") {
			r.Body = bytes.ReplaceAll([]byte(sent), []byte("\r\n"), []byte("\n"))
		}
		if string(r.Body) != sent {
			got := verify.Check(r)
			require.Equal(t, verify.BodyChanged, got.Code, "%q", sent)
			require.NotEmpty(t, got.Spelling)
		}
	}
}

// TestCheck_IsCheapWhateverTheBody: a receiver asks before it knows who has sent it.
func TestCheck_IsCheapWhateverTheBody(t *testing.T) {
	const deep = 5000
	for name, sent := range map[string]string{
		"deep": strings.Repeat("[", deep) + strings.Repeat("]", deep),
		"wide": strings.Repeat("[", 100) + strings.Repeat("1,", 100_000) + "1" + strings.Repeat("]", 100),
	} {
		r := signed(t, body)
		r.Body = []byte(sent)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.Equal(t, verify.Mismatch, verify.Check(r).Code)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100*len(sent)+1<<20), name)
	}
}

// TestCode_BelongsToAPart: the parts are in the order in which Check looks at them.
func TestCode_BelongsToAPart(t *testing.T) {
	for code, part := range map[verify.Code]verify.Part{
		verify.OK: "", verify.SecretForm: verify.PartSecret, verify.TimestampUnit: verify.PartHeaders, verify.BodyChanged: verify.PartSignature,
		verify.Mismatch: verify.PartSignature, verify.TimestampOld: verify.PartTime,
	} {
		require.Equal(t, part, code.Part())
	}
	require.Equal(t, verify.SecretIsSignature, verify.Secret("v1,AAAA").Code)
	require.Equal(t, verify.OK, verify.Secret(secret).Code)
}

// What Godwit itself signs is judged right, by both schemes and by X-Signature.
func TestCheck_KnowsGodwitsSignatures(t *testing.T) {
	private := send.NewSecret(hook.Ed25519)
	seed, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(private, hook.PrivateKeyPrefix))
	require.NoError(t, err)
	content := append([]byte("evt_1."+strconv.FormatInt(now.Unix(), 10)+"."), body...)
	r := signed(t, body)
	r.Header.Set("webhook-signature", "v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(seed, content)))
	r.Secrets = []string{hook.PublicKey(private)}
	require.Equal(t, verify.OK, verify.Check(r).Code)

	r = signed(t, body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	r.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("webhook-id", "evt_of_another_request")
	require.Equal(t, verify.HeadersChanged, verify.Check(r).Code)
}

func TestCodes_AreDocumented(t *testing.T) {
	source, err := os.ReadFile("verify.go")
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	codes := regexp.MustCompile(`Code = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	require.NotEmpty(t, codes)
	for _, code := range codes {
		require.Contains(t, string(page), "`"+code[1]+"`")
	}
}
