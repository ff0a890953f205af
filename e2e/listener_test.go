package e2e_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// streaming is the stream of a listener.
type streaming struct {
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

// stream begins the stream of a listener.
func (c *stageClient) stream(t testing.TB, id string) *streaming {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/v1/listeners/"+id+"/stream", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	s := &streaming{bufio.NewScanner(resp.Body), cancel}
	s.lines.Buffer(nil, 1<<20)
	require.True(t, s.next(t, "ready"))
	return s
}

// next reads on to an event of that name; false = the stream has ended.
func (s *streaming) next(t testing.TB, name string) bool {
	t.Helper()
	for s.lines.Scan() {
		if s.lines.Text() == "event: "+name {
			return true
		}
	}
	return false
}

type streamedRequest struct {
	Delivery   string      `json:"delivery"`
	Attempt    int         `json:"attempt"`
	Headers    [][2]string `json:"headers"`
	BodyBase64 string      `json:"body_base64"`
}

func (s *streaming) request(t testing.TB) (out streamedRequest) {
	t.Helper()
	require.True(t, s.next(t, "delivery"), "the stream has ended")
	require.True(t, s.lines.Scan())
	require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(s.lines.Text(), "data: ")), &out))
	return out
}

func (r streamedRequest) verified(t testing.TB, secret string) {
	t.Helper()
	header := http.Header{}
	for _, h := range r.Headers {
		header.Add(h[0], h[1])
	}
	body, err := base64.StdEncoding.DecodeString(r.BodyBase64)
	require.NoError(t, err)
	wh, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, wh.Verify(body, header))
}

// listens opens a listener of the stage's user.
func (c *stageClient) listens(t testing.TB, name string) map[string]any {
	t.Helper()
	return c.send(t, http.MethodPost, "/v1/listeners", map[string]any{
		"owner_id": c.prefix + "u", "name": name, "rules": []any{map[string]any{"events": []string{"TODO_*"}, "projects": []string{c.prefix + "p"}}},
	}).json(t, http.StatusCreated)
}

// answers answers a request of a stream.
func (c *stageClient) answers(t testing.TB, listenerID string, r streamedRequest, fields map[string]any) {
	t.Helper()
	result := map[string]any{"delivery": r.Delivery, "attempt": r.Attempt}
	for name, value := range fields {
		result[name] = value
	}
	got := c.send(t, http.MethodPost, "/v1/listeners/"+listenerID+"/results", map[string]any{"results": []any{result}}).json(t, http.StatusOK)
	require.EqualValues(t, 1, got["accepted"], got)
}

// TestListener_DeliversDownAStream goes the whole way: what was held comes first, an
// answer is the attempt's, a failure is the delivery's end and bears on no health, what
// was not answered comes again on the next stream, and what is given back uses up
// nothing. A stream ends with its key.
func TestListener_DeliversDownAStream(t *testing.T) {
	p := sharedStack(t).standalone
	admin := newStage(t, p)
	made := admin.send(t, http.MethodPost, "/v1/api-keys", map[string]any{"name": "laptop", "role": "user", "user_id": admin.prefix + "u"}).json(t, http.StatusCreated)
	c := admin.as(made["key"].(string), p)
	l := c.listens(t, "laptop")
	id, secret := l["id"].(string), l["secret"].(string)
	held := admin.post(t)
	require.Equal(t, "held", c.delivery(t, held, status("held"))["status"])

	first := c.stream(t, id)
	r := first.request(t)
	r.verified(t, secret)
	c.answers(t, id, r, map[string]any{"status_code": 202, "headers": map[string]string{"x-by": "the laptop"}, "body_base64": "b2s=", "duration_ms": 3})
	d := c.delivery(t, held, status("succeeded"))
	attempt := d["attempts"].([]any)[0].(map[string]any)
	require.EqualValues(t, 202, attempt["status_code"])
	require.Equal(t, "ok", attempt["response"].(map[string]any)["body"])
	require.Equal(t, "the laptop", attempt["response"].(map[string]any)["headers"].(map[string]any)["X-By"])

	failed := admin.post(t)
	c.answers(t, id, first.request(t), map[string]any{"status_code": 500})
	require.Len(t, c.delivery(t, failed, status("failed"))["attempts"], 1)
	refused := admin.post(t)
	c.answers(t, id, first.request(t), map[string]any{"reason": "connect_refused", "error": "nothing listens on port 3000"})
	d = c.delivery(t, refused, status("failed"))
	require.Equal(t, "connect_refused", d["reason"])
	require.Equal(t, "nothing listens on port 3000", d["attempts"].([]any)[0].(map[string]any)["error"])
	require.Equal(t, "HEALTHY", c.get(t, "/v1/webhooks/"+id)["status"])

	unanswered := admin.post(t)
	before := first.request(t)
	second := c.stream(t, id)
	require.True(t, first.next(t, "ended"), "the newest stream has the listener")
	again := second.request(t)
	require.Equal(t, before, again)
	c.answers(t, id, again, map[string]any{"returned": true})
	later := second.request(t)
	require.Equal(t, again.Delivery, later.Delivery)
	require.Equal(t, 1, later.Attempt, "it has used up nothing")
	c.answers(t, id, later, map[string]any{"status_code": 200})
	require.Len(t, c.delivery(t, unanswered, status("succeeded"))["attempts"], 1)

	require.Equal(t, http.StatusConflict, c.send(t, http.MethodPost, "/v1/listeners", map[string]any{"name": "laptop", "rules": []any{map[string]any{"events": []string{"*"}}}}).status)
	for path, body := range map[string]any{"/enable": map[string]any{}, "/rotate-secret": map[string]any{}} {
		require.Equal(t, http.StatusConflict, c.send(t, http.MethodPost, "/v1/webhooks/"+id+path, body).status, path)
	}
	require.Equal(t, http.StatusNoContent, admin.send(t, http.MethodDelete, "/v1/api-keys/"+made["id"].(string), nil).status)
	require.False(t, second.next(t, "delivery"), "the stream ends with its key")
	require.Equal(t, http.StatusNoContent, admin.send(t, http.MethodDelete, "/v1/listeners/"+id, nil).status)
}

// TestListener_EndsWhatIsUnderWay: a request that the client has not answered ends with
// its listener. The delivery is cancelled, and its attempt does not stay under way.
func TestListener_EndsWhatIsUnderWay(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	l := c.listens(t, "short")
	id := l["id"].(string)
	stream := c.stream(t, id)
	event := c.post(t)
	stream.request(t)
	require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/listeners/"+id, nil).status)
	require.True(t, stream.next(t, "ended"))
	d := c.delivery(t, event, func(d map[string]any) bool {
		attempts, _ := d["attempts"].([]any)
		return d["status"] == "cancelled" && len(attempts) == 1 && attempts[0].(map[string]any)["outcome"] != "in_flight"
	})
	require.Equal(t, "webhook_deleted", d["reason"])
	attempt := d["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, "lost", attempt["outcome"], attempt)
	require.Equal(t, "webhook_deleted", attempt["reason"], attempt)
}
