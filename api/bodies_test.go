package api

import (
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/internal/hook"
)

// TestBodies_ThatOnlyAnnounceCostNothing: 400 connections with a large
// Content-Length and one byte once took 3.4 GB.
func TestBodies_ThatOnlyAnnounceCostNothing(t *testing.T) {
	c := newClient(t)
	server := httptest.NewUnstartedServer(c.handler)
	server.Config = NewHTTPServer(c.handler)
	server.Start()
	t.Cleanup(server.Close)
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 400 {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = fmt.Fprintf(conn, "POST /v1/events/batch HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", testKey, maxBatch)
		require.NoError(t, err)
		answer := make([]byte, len("HTTP/1.1 100 Continue"))
		_, err = io.ReadFull(conn, answer) // now it reads the body
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 100 Continue", string(answer))
		_, err = conn.Write([]byte("{"))
		require.NoError(t, err)
	}
	runtime.ReadMemStats(&during)
	require.Less(t, int64(during.HeapAlloc)-int64(before.HeapAlloc), int64(64<<20))
}

// TestBatch_NamesFewFaults: a batch of 7.6 MB with unknown fields once had an
// answer of 85 MB.
func TestBatch_NamesFewFaults(t *testing.T) {
	c := newClient(t)
	var fields strings.Builder
	for i := range 1_500 {
		fmt.Fprintf(&fields, `"a%04d":1,`, i)
	}
	event := `{` + fields.String() + `"type":"A","project_id":"p1","current":{}}`
	batch := `{"events":[` + strings.TrimSuffix(strings.Repeat(event+",", 500), ",") + `]}`
	a := c.call("POST", "/v1/events/batch", batch).is(202)
	require.Less(t, a.Body.Len(), 512<<10)
	results := a.json()["results"].([]any)
	require.Len(t, results, 500)
	named := 0
	for _, r := range results {
		named += len(r.(map[string]any)["error"].(map[string]any)["errors"].([]any))
	}
	require.Equal(t, hook.MaxFaults, named)
	first, last := results[0].(map[string]any)["error"].(map[string]any), results[499].(map[string]any)["error"].(map[string]any)
	faults := first["errors"].([]any)
	require.Len(t, faults, hook.MaxEventFaults+1)
	require.Equal(t, map[string]any{"pointer": "/events/0", "code": "more", "params": map[string]any{"count": 1480.0}, "detail": "has 1480 more faults, which are not named; mend these first"}, faults[hook.MaxEventFaults])
	require.Contains(t, last["detail"], "21 faults of this event are not named")

	form := `{"name":"W",` + strings.TrimSuffix(fields.String(), ",") + `}`
	require.Len(t, c.call("POST", "/v1/webhooks", form).problem(422, "invalid"), hook.MaxFaults+1)
}

// TestBodies_OfAUserAreBounded: what a user sends is stored, so one may not send as much
// as the rate of the key allows. The operator's keys may.
func TestBodies_OfAUserAreBounded(t *testing.T) {
	c := newClient(t)
	user, _ := c.key("user", "u1")
	large := strings.Repeat(" ", 256<<10)
	send := func(key string) answerOf {
		return c.call("POST", "/v1/webhooks", large, "Authorization", "Bearer "+key)
	}
	passed, got := 0, send(user)
	for ; got.Code == 400 && passed < 300; passed++ {
		got = send(user)
	}
	require.GreaterOrEqual(t, passed, 64<<20/len(large))
	require.Contains(t, got.Body.String(), "64 MiB at once, and then 32 KiB a second")
	got.problem(429, "rate_limited")
	require.NotEmpty(t, got.Header().Get("Retry-After"))
	send(testKey).problem(400, "malformed")
}

// TestBodies_WithoutRoomAreToldWhen: the answer to a body that there is no room for is
// 503 in its status and in its text, with Retry-After.
func TestBodies_WithoutRoomAreToldWhen(t *testing.T) {
	model := &huma.ErrorModel{Status: 503, Errors: []*huma.ErrorDetail{access.ProblemOf(access.ErrNoRoom).ErrorDetail()}}
	p := adopt(model)
	require.Equal(t, 503, p.Status)
	require.Equal(t, "unavailable", p.Code)
	require.Positive(t, p.Wait)
}
