package command

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/verify"
)

// The example of Standard Webhooks' own documents: a secret, and a request that it
// signs.
const (
	savedSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	savedHeader = "POST /hook HTTP/1.1\nHost: localhost\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\nWebhook-Timestamp: 1614265330\n" +
		"webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	savedBody = `{"test": 2432232314}`
	savedAt   = "2021-02-25T15:02:10Z"
)

func saved(t *testing.T, text string) string {
	name := filepath.Join(t.TempDir(), "saved")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestVerify_ReadsRequestsAsTheyAreSaved(t *testing.T) {
	t.Setenv("WEBHOOK_SECRET", "")
	request := saved(t, savedHeader+"\n\n"+savedBody)
	header, body, secret := saved(t, savedHeader), saved(t, savedBody), saved(t, savedSecret+"\n")
	for name, args := range map[string][]string{
		"one file":        {"--secret", savedSecret, request},
		"lines of CRLF":   {"--secret", savedSecret, saved(t, strings.ReplaceAll(savedHeader, "\n", "\r\n")+"\r\n\r\n"+savedBody)},
		"files apart":     {"--secret-file", secret, "--header-file", header, "--body-file", body},
		"an older secret": {"--secret", "whsec_AAAA", "--secret", savedSecret, request},
	} {
		out, _, code := godwit(append([]string{"verify", "--at", savedAt}, args...)...)
		require.Zero(t, code, "%s: %s", name, out)
	}
	t.Setenv("WEBHOOK_SECRET", savedSecret)
	out, _, code := godwit("verify", "--at", savedAt, request)
	require.Zero(t, code, out)
}

// TestVerify_TakesTheLargestBody that is delivered: of a combination of five large events.
// The API takes no such body.
func TestVerify_TakesTheLargestBody(t *testing.T) {
	secret, body := []byte("a secret of the tests, long enough"), `{"data":"`+strings.Repeat("x", hook.MaxParts*hook.MaxEventBytes+64<<10)+`"}`
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("e1.1614265330." + body))
	header := "webhook-id: e1\nwebhook-timestamp: 1614265330\nwebhook-signature: v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	out, _, code := godwit("verify", "--at", savedAt, "--secret", "whsec_"+base64.StdEncoding.EncodeToString(secret), saved(t, header+"\n\n"+body))
	require.Zero(t, code, out)
	_, _, code = godwit("verify", "--at", savedAt, "--secret", "whsec_"+base64.StdEncoding.EncodeToString(secret), saved(t, header+"\n\n"+body+" "))
	require.Equal(t, 1, code)
}

// TestVerify_SaysWhichSecretFits: after a rotation it may be the old one.
func TestVerify_SaysWhichSecretFits(t *testing.T) {
	request := saved(t, savedHeader+"\n\n"+savedBody)
	out, _, code := godwit("verify", "--at", savedAt, "--secret", "whsec_AAAA", "--secret", savedSecret, "--json", request)
	require.Zero(t, code)
	var found verify.Finding
	require.NoError(t, json.Unmarshal([]byte(out), &found))
	require.Equal(t, 2, found.Secret)
	out, _, code = godwit("verify", "--secret", "whsec_AAAA", "--secret", savedSecret, request)
	require.Equal(t, 1, code, "it is old, too")
	require.Contains(t, out, "number 2 of those that were given")
	out, _, _ = godwit("verify", "--at", savedAt, "--secret", savedSecret, "--secret", "whsec_AAAA", request)
	require.NotContains(t, out, "number")
}

func TestVerify_SaysWhatIsWrong(t *testing.T) {
	t.Setenv("WEBHOOK_SECRET", savedSecret)
	for code, args := range map[verify.Code][]string{
		verify.TimestampOld:     {saved(t, savedHeader+"\n\n"+savedBody)},
		verify.BodyChanged:      {"--at", savedAt, saved(t, savedHeader+"\n\n"+savedBody+"\n")},
		verify.Mismatch:         {"--at", savedAt, "--secret", "whsec_AAAA", saved(t, savedHeader+"\n\n"+savedBody)},
		verify.SignatureMissing: {"--at", savedAt, saved(t, "webhook-id: x\n\n")},
	} {
		out, said, exit := godwit(append([]string{"verify", "--json"}, args...)...)
		require.Equal(t, 1, exit)
		require.Empty(t, said, "the finding is data")
		var found verify.Finding
		require.NoError(t, json.Unmarshal([]byte(out), &found), out)
		require.Equal(t, code, found.Code)
		require.NotEmpty(t, found.Remedy)
	}
}

func TestVerify_RefusesWhatItCanNotCarryOut(t *testing.T) {
	t.Setenv("WEBHOOK_SECRET", savedSecret)
	request := saved(t, savedHeader+"\n\n"+savedBody)
	for want, args := range map[string][]string{
		"no empty line between": {}, // nothing on standard input
		"not both":              {request, "--body-file", request, "--header-file", request},
		"go together":           {"--body-file", request},
		"no such file":          {filepath.Join(t.TempDir(), "none")},
		"no empty line":         {saved(t, savedHeader)},
		"line 2 of the headers": {saved(t, "webhook-id: 1\nnot a header\n\n")},
		"--at must be":          {"--at", "yesterday", request},
		"--tolerance must be":   {"--tolerance", "0s", request},
		"invalid argument":      {"--tolerance", "x", request},
		"name one file":         {request, request},
		"larger than 8 MiB":     {saved(t, strings.Repeat("x", maxFile+1))},
	} {
		_, said, code := godwit(append([]string{"verify"}, args...)...)
		require.Contains(t, said, want)
		require.Equal(t, 2, code, want)
	}
}
