package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stageClient talks to one Godwit, as its administrator unless it has a key.
type stageClient struct {
	base string
	key  string
	// prefix keeps the ids of one test apart from those of others.
	prefix string
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	raw    []byte
}

var stages atomic.Int64

// newStage makes a company, a project and a user who is its member, and gives
// a client whose helpers use them.
func newStage(t testing.TB, p *process) *stageClient {
	t.Helper()
	c := &stageClient{base: p.url(), key: p.env["GODWIT_ADMIN_KEY"], prefix: fmt.Sprintf("s%d-", stages.Add(1))}
	c.put(t, "/v1/companies/"+c.prefix+"c", map[string]any{"name": "Acme"})
	c.put(t, "/v1/projects/"+c.prefix+"p", map[string]any{"company_id": c.prefix + "c", "name": "Website"})
	c.put(t, "/v1/users/"+c.prefix+"u", map[string]any{"name": "Una", "email": "una@example.com"})
	c.put(t, "/v1/projects/"+c.prefix+"p/members/"+c.prefix+"u", nil)
	return c
}

// send makes one request; body is JSON to encode, or bytes to send as they are.
func (c *stageClient) send(t testing.TB, method, path string, body any) reply {
	t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		reader = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		require.NoError(t, err)
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, c.base+path, reader)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+cmp.Or(c.key, adminKey))
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return exchange(t, req)
}

// as gives a client with another key, at the same or at another process.
func (c *stageClient) as(key string, p *process) *stageClient {
	return &stageClient{base: p.url(), key: key, prefix: c.prefix}
}

// json decodes an answer that must have the given status.
func (r reply) json(t testing.TB, status int) map[string]any {
	t.Helper()
	require.Equal(t, status, r.status, string(r.raw))
	var out map[string]any
	require.NoError(t, json.Unmarshal(r.raw, &out), string(r.raw))
	return out
}

func (c *stageClient) put(t testing.TB, path string, body any) {
	t.Helper()
	got := c.send(t, http.MethodPut, path, body)
	require.Less(t, got.status, 300, string(got.raw))
}

func (c *stageClient) get(t testing.TB, path string) map[string]any {
	t.Helper()
	return c.send(t, http.MethodGet, path, nil).json(t, http.StatusOK)
}

// webhook makes a webhook of the stage's user to url for all of TODO_*; fields
// override the request.
func (c *stageClient) webhook(t testing.TB, url string, fields map[string]any) map[string]any {
	t.Helper()
	body := map[string]any{
		"owner_id": c.prefix + "u", "name": "feed", "url": url,
		"rules": []any{map[string]any{"events": []string{"TODO_*"}, "projects": []string{c.prefix + "p"}}},
	}
	for name, value := range fields {
		body[name] = value
	}
	return c.send(t, http.MethodPost, "/v1/webhooks", body).json(t, http.StatusCreated)
}

// post sends one TODO_CREATED and gives its id.
func (c *stageClient) post(t testing.TB) string {
	t.Helper()
	got := c.send(t, http.MethodPost, "/v1/events", map[string]any{
		"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1"},
	}).json(t, http.StatusAccepted)
	return got["id"].(string)
}

// delivery waits until the one delivery of an event satisfies until, and gives
// it with its attempts.
func (c *stageClient) delivery(t testing.TB, eventID string, until func(map[string]any) bool) map[string]any {
	t.Helper()
	var got map[string]any
	eventually(t, func() (bool, string) {
		list := c.get(t, "/v1/deliveries?event_id="+eventID)["data"].([]any)
		if len(list) != 1 {
			return false, fmt.Sprintf("%d deliveries", len(list))
		}
		got = c.get(t, "/v1/deliveries/"+list[0].(map[string]any)["id"].(string))
		text, _ := json.Marshal(got)
		return until(got), string(text)
	})
	return got
}

func status(want string) func(map[string]any) bool {
	return func(d map[string]any) bool { return d["status"] == want }
}

// patience bounds eventually.
const patience = time.Minute

// eventually asks until it is so; what was seen last is shown if it never is.
func eventually(t testing.TB, so func() (bool, string)) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		ok, seen := so()
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			require.FailNow(t, "it never came to be", seen)
		}
	}
}

// parseTime reads a time of the API.
func parseTime(t testing.TB, value any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, value.(string))
	require.NoError(t, err)
	return at
}
