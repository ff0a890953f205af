package api

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
	"godwit/internal/verify"
)

const (
	chosenSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	otherSecret  = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	sentBody     = `{"type":"T","data":{"html":"<&>","list":[1,2]}}`
)

// got is a request that a receiver got.
type got map[string]any

// signedNow is a request of the webhook that fits.
func signedNow(t *testing.T, secret, body string, change ...func(got)) got {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	now := time.Now()
	value, err := w.Sign("evt_1", now, []byte(body))
	require.NoError(t, err)
	r := got{"headers": map[string]any{"webhook-id": "evt_1", "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": value}, "body": body}
	for _, f := range change {
		f(r)
	}
	return r
}

func setHeader(name, value string) func(got) {
	return func(r got) { r["headers"].(map[string]any)[name] = value }
}

func dropHeader(name string) func(got) {
	return func(r got) { delete(r["headers"].(map[string]any), name) }
}

func having(name string, value any) func(got) { return func(r got) { r[name] = value } }

// verified asks about a request.
func (c *client) verified(path string, r got) map[string]any {
	c.t.Helper()
	raw, err := json.Marshal(r)
	require.NoError(c.t, err)
	return c.call("POST", path, string(raw)).is(200).json()
}

// signing makes a webhook whose secret is chosenSecret, and gives its path.
func (c *client) signing() string {
	c.t.Helper()
	w := c.call("POST", "/v1/webhooks", strings.Replace(leastWebhook, "{", `{"secret":"`+chosenSecret+`",`, 1)).is(201).json()
	return "/v1/webhooks/" + w["id"].(string) + "/verify"
}

func TestVerify_SaysWhichPartIsWrong(t *testing.T) {
	c := staged(t)
	path := c.signing()
	for name, tc := range map[string]struct {
		r    got
		code verify.Code
		part string
	}{
		"all is well":               {signedNow(t, chosenSecret, sentBody), "ok", ""},
		"the receiver's secret":     {signedNow(t, chosenSecret, sentBody, having("secret", chosenSecret)), "ok", ""},
		"names of headers in case":  {signedNow(t, chosenSecret, sentBody, dropHeader("webhook-id"), setHeader("WEBHOOK-ID", "evt_1")), "ok", ""},
		"body in base64":            {signedNow(t, chosenSecret, "\xff\x00\r\n", dropBody, having("body_base64", base64.StdEncoding.EncodeToString([]byte("\xff\x00\r\n")))), "ok", ""},
		"body with NUL":             {signedNow(t, chosenSecret, "\x00"), "ok", ""},
		"no body":                   {signedNow(t, chosenSecret, "", dropBody), "ok", ""},
		"secret in quotation marks": {signedNow(t, chosenSecret, sentBody, having("secret", `"`+chosenSecret+`"`)), verify.SecretForm, "secret"},
		"signature as the secret":   {signedNow(t, chosenSecret, sentBody, having("secret", "v1,AAAA")), verify.SecretIsSignature, "secret"},
		"private key":               {signedNow(t, chosenSecret, sentBody, having("secret", "whsk_AAAA")), verify.SecretPrivate, "secret"},
		"another secret":            {signedNow(t, chosenSecret, sentBody, having("secret", otherSecret)), verify.OtherSecret, "secret"},
		"signed by another":         {signedNow(t, otherSecret, sentBody), verify.Mismatch, "signature"},
		"no headers":                {got{"headers": map[string]any{}}, verify.SignatureMissing, "headers"},
		"no signature":              {signedNow(t, chosenSecret, sentBody, dropHeader("webhook-signature")), verify.SignatureMissing, "headers"},
		"no id":                     {signedNow(t, chosenSecret, sentBody, dropHeader("webhook-id")), verify.IDMissing, "headers"},
		"no timestamp":              {signedNow(t, chosenSecret, sentBody, dropHeader("webhook-timestamp")), verify.TimestampMissing, "headers"},
		"timestamp is a date":       {signedNow(t, chosenSecret, sentBody, setHeader("webhook-timestamp", "2026-05-04")), verify.TimestampForm, "headers"},
		"milliseconds":              {signedNow(t, chosenSecret, sentBody, setHeader("webhook-timestamp", "1780000000000")), verify.TimestampUnit, "headers"},
		"half a signature":          {signedNow(t, chosenSecret, sentBody, setHeader("webhook-signature", "v1,x")), verify.SignatureForm, "headers"},
		"another id":                {signedNow(t, chosenSecret, sentBody, setHeader("webhook-id", "evt_2")), verify.Mismatch, "signature"},
		"another timestamp":         {signedNow(t, chosenSecret, sentBody, setHeader("webhook-timestamp", "1780000000")), verify.Mismatch, "signature"},
		"another body":              {signedNow(t, chosenSecret, sentBody, having("body", "{}")), verify.Mismatch, "signature"},
		"of another webhook":        {signedNow(t, otherSecret, sentBody, setHeader("Godwit-Webhook", "wh_9")), verify.OtherWebhook, "signature"},
		"line break at the end":     {signedNow(t, chosenSecret, sentBody, having("body", sentBody+"\n")), verify.BodyChanged, "signature"},
		"encoded again":             {signedNow(t, chosenSecret, sentBody, having("body", strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(sentBody))), verify.BodyChanged, "signature"},
		"CRLF":                      {signedNow(t, chosenSecret, "{\n}", having("body", "{\r\n}")), verify.BodyChanged, "signature"},
		"old":                       {signedNow(t, chosenSecret, sentBody, having("at", time.Now().Add(time.Hour).Format(time.RFC3339))), verify.TimestampOld, "time"},
		"future":                    {signedNow(t, chosenSecret, sentBody, having("at", time.Now().Add(-time.Hour).Format(time.RFC3339))), verify.TimestampInTheFuture, "time"},
		"ed25519":                   {signedNow(t, chosenSecret, sentBody, setHeader("webhook-signature", "v1a,"+base64.StdEncoding.EncodeToString(make([]byte, 64)))), verify.OtherScheme, "signature"},
	} {
		answer := c.verified(path, tc.r)
		require.EqualValues(t, tc.code, answer["code"], "%s: %s", name, answer["detail"])
		require.NotEmpty(t, answer["detail"], name)
		require.Equal(t, tc.code == "ok", answer["remedy"] == nil, name)
		var wrong string
		results := map[string]string{}
		for _, s := range answer["steps"].([]any) {
			step := s.(map[string]any)
			results[step["part"].(string)] = step["result"].(string)
			if step["result"] == "wrong" {
				wrong = step["part"].(string)
			}
		}
		require.Equal(t, tc.part, wrong, name)
		require.Len(t, results, 4)
		require.Equal(t, tc.code == verify.BodyChanged, answer["spelling"] != nil, name)
		require.Equal(t, tc.code == verify.OK || tc.part == "time" || name == "another secret" || slices.Contains([]string{"secret in quotation marks", "signature as the secret", "private key"}, name),
			answer["signed_by"] == "newest", name)
	}
}

// dropBody leaves the text of the body out.
func dropBody(r got) { delete(r, "body") }

// TestVerify_KnowsSecretsThatWereReplaced: a receiver may have any that signs.
func TestVerify_KnowsSecretsThatWereReplaced(t *testing.T) {
	c := staged(t)
	path := c.signing()
	rotated := c.call("POST", strings.TrimSuffix(path, "verify")+"rotate-secret", `{"secret":"`+otherSecret+`"}`).is(200).json()
	ends := rotated["old_secrets"].([]any)[0].(map[string]any)["expires_at"]

	of := func(r got) []any {
		a := c.verified(path, r)
		return []any{a["code"], a["signed_by"], a["secret_is"], a["old_ends_at"]}
	}
	require.Equal(t, []any{"ok", "newest", nil, nil}, of(signedNow(t, otherSecret, sentBody)))
	require.Equal(t, []any{"ok", "old", nil, ends}, of(signedNow(t, chosenSecret, sentBody)))
	require.Equal(t, []any{"ok", "old", "old", ends}, of(signedNow(t, chosenSecret, sentBody, having("secret", chosenSecret))))
	require.Equal(t, []any{"other_secret", "old", "newest", nil}, of(signedNow(t, chosenSecret, sentBody, having("secret", otherSecret))), "it was sent before the rotation; the receiver has only the new secret")
	require.Equal(t, []any{"mismatch", nil, "newest", nil}, of(signedNow(t, chosenSecret, sentBody, having("body", "{}"), having("secret", otherSecret))))

	c.call("POST", strings.TrimSuffix(path, "verify")+"rotate-secret", `{"overlap_seconds":0}`).is(200)
	require.Equal(t, []any{"other_secret", nil, nil, nil}, of(signedNow(t, chosenSecret, sentBody, having("secret", chosenSecret))), "it signs no more")
	require.Equal(t, []any{"mismatch", nil, nil, nil}, of(signedNow(t, chosenSecret, sentBody)))
}

func TestVerify_ChecksEd25519(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	w := hook.Webhook{ID: "wh_1", Secret: hook.PrivateKeyPrefix + base64.StdEncoding.EncodeToString(private)}
	now := time.Now()
	stamp := strconv.FormatInt(now.Unix(), 10)
	signature := "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte("evt_1."+stamp+".{}")))
	form := verifyForm{Headers: map[string]string{"webhook-id": "evt_1", "webhook-timestamp": stamp, "webhook-signature": signature}, Body: "{}",
		Secret: hook.PublicKeyPrefix + base64.StdEncoding.EncodeToString(public)}
	out := verifyFor(w, form, now)
	require.Equal(t, []any{verify.OK, "newest", "newest"}, []any{out.Code, *out.SignedBy, *out.SecretIs})
	require.NotContains(t, fmt.Sprint(shown(t, out)), base64.StdEncoding.EncodeToString(private))
	require.Equal(t, verify.SecretMissing, verifyFor(hook.Webhook{ID: "wh_1", Unreadable: []string{"secret"}}, form, now).Code)
}

func TestVerify_RefusesWhatIsNoRequest(t *testing.T) {
	c := staged(t)
	path := c.signing()
	many := map[string]string{}
	for i := range maxVerifiedHeaders + 1 {
		many[fmt.Sprint("x-", i)] = ""
	}
	headers, err := json.Marshal(many)
	require.NoError(t, err)
	for body, pointers := range map[string][]string{
		`{}`:                 {"/headers"},
		`{"headers":null}`:   {"/headers"},
		`{"headers":[]}`:     {"/headers"},
		`{"headers":"a: b"}`: {"/headers"},
		`{"headers":{"webhook-id":1,"a":["b"]},"body":{},"body_base64":1,"secret":[],"at":5,"x":1}`: {"/x", "/headers/webhook-id", "/headers/a", "/body", "/body_base64", "/secret", "/at"},
		`{"headers":{"A":"1","a":"2"},"body":"x","body_base64":"eA==","at":"yesterday"}`:            {"/headers/a", "/body_base64", "/at"},
		`{"headers":{},"body_base64":"?","secret":"` + strings.Repeat("x", 1001) + `"}`:             {"/body_base64", "/secret"},
		`{"headers":{},"body":"` + strings.Repeat("x", maxVerified+1) + `"}`:                        {"/body"},
		`{"headers":` + string(headers) + `}`:                                                       {"/headers"},
	} {
		faults := c.call("POST", path, body).problem(422, "invalid")
		require.ElementsMatch(t, pointers, slices.Collect(maps.Keys(faults)), "%.100s", body)
	}
	c.call("POST", path, `{"headers":{},"body":"\ud800"}`).problem(400, "malformed")
	c.call("POST", path, `{"headers":{"a":"1","a":"2"}}`).problem(400, "malformed")
	c.call("POST", path, "").problem(400, "malformed")
	c.call("POST", path, `{"headers":{}}`+strings.Repeat(" ", 3<<20)).problem(413, "too_large")
	c.call("POST", "/v1/webhooks/wh_none/verify", `{"headers":{}}`).problem(404, "not_found")
}

// TestVerify_IsForWhoMaySeeTheWebhook: nobody else learns even that it exists.
func TestVerify_IsForWhoMaySeeTheWebhook(t *testing.T) {
	c := staged(t)
	path := c.signing()
	raw, err := json.Marshal(signedNow(t, chosenSecret, sentBody, having("secret", chosenSecret)))
	require.NoError(t, err)
	first, _ := c.key("user", "u1")
	second, _ := c.key("user", "u2")
	c.call("POST", path, string(raw), with(first)...).is(200)
	c.call("POST", path, string(raw), with(second)...).problem(404, "not_found")
	c.call("POST", path, string(raw), "Authorization", "").problem(401, "unauthorized")
}

// TestVerify_SaysWhatToDoWithALongerBody: a combination of several large events is larger
// when it is delivered than the largest event.
func TestVerify_SaysWhatToDoWithALongerBody(t *testing.T) {
	c := staged(t)
	path := c.signing()
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), maxVerified+1))
	for name, words := range map[string]string{
		`{"headers":{},"body":"` + strings.Repeat("x", maxVerified+1) + `"}`: "/body",
		`{"headers":{},"body_base64":"` + long + `"}`:                        "/body_base64",
	} {
		faults := c.call("POST", path, name).problem(422, "invalid")
		require.Equal(t, map[string]string{words: "must be at most 524288 bytes; godwit verify checks a longer one on your own machine"}, faults)
	}
	combination := c.call("POST", path, `{"headers":{},"body":"`+strings.Repeat("x", hook.MaxParts*hook.MaxEventBytes)+`"}`)
	combination.problem(413, "too_large")
	require.Equal(t, "The body is larger than 786432 bytes. A request with a body of up to 524288 bytes can be checked here; godwit verify checks a longer one on your own machine.", combination.json()["detail"])
}

// TestVerify_KeepsNothing of a request: it may hold a secret, and what an event says.
func TestVerify_KeepsNothing(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	c := stagedWith(t, func(o *Options) { o.Log = zap.New(core) })
	path := c.signing()
	c.verified(path, signedNow(t, chosenSecret, `{"HUSH":1}`, having("secret", "whsec_SFVTSEhVU0g="), setHeader("X-HUSH", "HUSH")))
	for _, entry := range logs.All() {
		said := fmt.Sprint(entry.Message, entry.ContextMap())
		require.NotContains(t, said, "HUSH")
		require.NotContains(t, said, "SFVTSE")
	}
	var rows int
	c.scan(`SELECT count(*) FROM audit_log WHERE action <> 'webhook.created'`, &rows)
	require.Zero(t, rows)
}

// TestVerify_ReadsNoMoreHeadersThanItTakes: a body of 768 KiB may hold many.
func TestVerify_ReadsNoMoreHeadersThanItTakes(t *testing.T) {
	var body strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&body, `"h%d":"",`, i)
	}
	form, bad, err := decodeForm[verifyForm]([]byte(`{"headers":{` + body.String() + `"last":""}}`))
	require.NoError(t, err)
	require.Empty(t, bad)
	require.Len(t, form.Headers, maxVerifiedHeaders+1)
	require.Equal(t, "/headers", form.check()[0].Pointer)
}
