package command

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

const playSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// playing runs godwit play on a free port, and gives its URL and what it writes, one
// object a line.
func playing(t *testing.T, args ...string) (url string, next func() map[string]any, ended func() int) {
	t.Helper()
	root := Root(Program{Version: "v1"})
	root.SetArgs(append([]string{"play", "--port", "0", "--json"}, args...))
	lines, out := io.Pipe()
	root.SetOut(out)
	root.SetErr(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	codes := make(chan int, 1)
	go func() {
		c, err := root.ExecuteContextC(ctx)
		_ = out.Close()
		codes <- ExitCode(c, err)
	}()
	t.Cleanup(func() { cancel(); _ = lines.Close() })
	decoder := json.NewDecoder(lines)
	next = func() map[string]any {
		var object map[string]any
		require.NoError(t, decoder.Decode(&object))
		return object
	}
	ready := next()
	require.Equal(t, "ready", ready["type"])
	return ready["url"].(string), next, func() int {
		select {
		case code := <-codes:
			return code
		case <-time.After(30 * time.Second):
			require.Fail(t, "it did not end")
			return 0
		}
	}
}

// sends makes a request, signed where there is a secret, and gives the answer. Its
// line must be read at the same time, as from any pipe.
func sends(t *testing.T, url, secret string) <-chan *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"a":1}`))
	require.NoError(t, err)
	if secret != "" {
		w, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		now := time.Now()
		value, err := w.Sign("evt_1", now, []byte(`{"a":1}`))
		require.NoError(t, err)
		for name, value := range map[string]string{"webhook-id": "evt_1", "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": value, "Godwit-Event": "TODO_CREATED"} {
			req.Header.Set(name, value)
		}
	}
	answers := make(chan *http.Response, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			answers <- resp
		}
		close(answers)
	}()
	return answers
}

func TestPlay_ChecksWhatComesAndAnswersAsItIsTold(t *testing.T) {
	url, next, ended := playing(t, "--secret", playSecret, "--status", "503", "--retry-after", "60", "--body", "not now", "--once", "3")
	answer := sends(t, url, playSecret)
	came := next()
	require.Equal(t, []any{"request", "POST", "/", "TODO_CREATED", "evt_1", 503.0, 7.0}, []any{came["type"], came["method"], came["path"], came["event"], came["event_id"], came["status_code"], came["size"]})
	require.Equal(t, "ok", came["check"].(map[string]any)["code"])
	resp := <-answer
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, []any{503, "60", "not now"}, []any{resp.StatusCode, resp.Header.Get("Retry-After"), string(body)})

	answer = sends(t, url+"/hook?status=202", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	came = next()
	require.Equal(t, []any{"mismatch", 202.0, "/hook"}, []any{came["check"].(map[string]any)["code"], came["status_code"], came["path"]})
	require.NoError(t, (<-answer).Body.Close())
	bad := <-sends(t, url+"?status=9", "")
	require.Equal(t, 422, bad.StatusCode)
	require.NoError(t, bad.Body.Close())
	answer = sends(t, url+"?status=200", "")
	require.Equal(t, "signature_missing", next()["check"].(map[string]any)["code"])
	require.NoError(t, (<-answer).Body.Close())
	require.Equal(t, 1, ended(), "the signature of one did not fit")
}

func TestPlay_EndsWellWhereAllSignaturesFit(t *testing.T) {
	url, next, ended := playing(t, "--secret", playSecret, "--once", "1")
	answer := sends(t, url, playSecret)
	require.Equal(t, "ok", next()["check"].(map[string]any)["code"])
	require.NoError(t, (<-answer).Body.Close())
	require.Zero(t, ended())
}

func TestPlay_RefusesWhatItCanNotDo(t *testing.T) {
	for want, args := range map[string][]string{
		"--status of the play address must be a status of 200 to 599": {"play", "--status", "99"},
		"--delay of the play address must be":                         {"play", "--delay", "1h"},
		"--failure_rate of the play address must be":                  {"play", "--failure-rate", "2"},
		`"wh_1" is neither the id nor the URL`:                        {"play", "delete", "wh_1", "--yes"},
		`"9000" is more than it takes`:                                {"play", "9000"},
	} {
		_, said, code := godwit(args...)
		require.Equal(t, 2, code, said)
		require.Contains(t, said, want)
	}
	id, err := addressID("http://127.0.0.1:8080/base/play/play_0c4q1h7k2m3n5p6r8s9t0v1a2b?status=500")
	require.NoError(t, err)
	require.Equal(t, "play_0c4q1h7k2m3n5p6r8s9t0v1a2b", id)
}

func TestPlay_WritesALineForPeople(t *testing.T) {
	p := &printer{}
	at := time.Date(2026, 5, 4, 9, 30, 0, 118e6, time.Local)
	line := arrivalLine(p, arrival{at: at, method: "POST", event: "TODO_CREATED", id: "todo-1", code: "ok", status: 200})
	require.Equal(t, "09:30:00.118  POST   TODO_CREATED              todo-1                        200  signature fits", line)
	line = arrivalLine(p, arrival{at: at, method: "POST", event: "a\x1b[31m", code: "id_missing", detail: "Why.", remedy: "What.", status: 200})
	require.NotContains(t, line, "\x1b")
	require.Contains(t, line, "200  id_missing\n              Why. What.")
}
