package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestBodies_AreBoundedForAllAndForOne: a body beyond the bound waits, and its
// request is then refused with Retry-After.
func TestBodies_AreBoundedForAllAndForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newBodies()
		ctx := context.Background()
		first := &body{bodies: all, who: "a"}
		require.NoError(t, first.grow(ctx, 2*bodyRoom), "one that is alone gets on")
		first.end()
		first.n = 0
		require.NoError(t, first.grow(ctx, bodyShare))
		same, other := &body{bodies: all, who: "a"}, &body{bodies: all, who: "b"}
		require.ErrorIs(t, same.grow(ctx, 1), errNoRoom)
		require.NoError(t, other.grow(ctx, bodyShare))
		last := &body{bodies: all, who: "c"}
		require.NoError(t, last.grow(ctx, bodyShare-1))
		waits := make(chan error)
		go func() { waits <- (&body{bodies: all, who: "d"}).grow(ctx, 2) }()
		synctest.Wait()
		last.end()
		require.NoError(t, <-waits)
		require.Equal(t, 2*bodyShare+2, all.all)
	})
}

// TestBody_WaitsOnceInAll: a body asks for room each time that it doubles, and waited
// anew each time, so that one of 8 MiB had its answer after 8 s.
func TestBody_WaitsOnceInAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newBodies()
		slow, beside := &body{bodies: all, who: "a"}, &body{bodies: all, who: "a"}
		require.NoError(t, beside.grow(t.Context(), bodyShare))
		began := time.Now()
		time.AfterFunc(bodyPatience-time.Millisecond, func() {
			beside.end()
			beside.n = 0
			if err := beside.grow(t.Context(), bodyShare-1); err != nil {
				t.Error(err)
			}
		})
		require.NoError(t, slow.grow(t.Context(), 1))
		require.ErrorIs(t, slow.grow(t.Context(), 1), errNoRoom)
		require.ErrorIs(t, slow.grow(t.Context(), 1), errNoRoom)
		require.Equal(t, bodyPatience, time.Since(began))
	})
}

// TestBody_GrowsWithWhatArrives reads bodies in pieces.
func TestBody_GrowsWithWhatArrives(t *testing.T) {
	for _, size := range []int{0, 1, 4 << 10, 4<<10 + 1, freeBody, freeBody + 1, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		for _, announced := range []int64{-1, 0, int64(size)} {
			one := &body{bodies: newBodies(), who: "a"}
			got, err := one.read(context.Background(), iotest.HalfReader(bytes.NewReader(want)), announced)
			require.NoError(t, err)
			require.Equal(t, len(want), len(got))
			if announced > 0 {
				require.LessOrEqual(t, cap(got), max(4<<10, size+1))
			}
			require.Equal(t, max(0, cap(got)-freeBody), one.n)
		}
	}
	one := &body{bodies: newBodies(), who: "a"}
	got, err := one.read(context.Background(), iotest.DataErrReader(strings.NewReader("{}")), 8<<20)
	require.NoError(t, err)
	require.Equal(t, 4<<10, cap(got), "what was announced costs nothing")
}

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

// TestBody_ThatIsCompressedIsCounted: a few bytes become many.
func TestBody_ThatIsCompressedIsCounted(t *testing.T) {
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, err := z.Write(bytes.Repeat([]byte(" "), 4<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	one := &body{bodies: newBodies(), who: "a"}
	got, err := unzip(&small, 8<<20, func(r io.Reader) ([]byte, error) { return one.read(context.Background(), r, 0) })
	require.NoError(t, err)
	require.Len(t, got, 4<<20)
	require.GreaterOrEqual(t, one.n, 4<<20-freeBody)
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
	require.GreaterOrEqual(t, passed, userBytes.burst/len(large))
	require.Contains(t, got.Body.String(), "64 MiB at once, and then 32 KiB a second")
	got.problem(429, "rate_limited")
	require.NotEmpty(t, got.Header().Get("Retry-After"))
	send(testKey).problem(400, "malformed")
}

// TestBodies_KeptAnswersAreCharged: a small request may have a large answer, and with an
// idempotency key that is kept for a day.
func TestBodies_KeptAnswersAreCharged(t *testing.T) {
	all := newBodies()
	ctx := hook.WithPrincipal(context.Background(), hook.Principal{UserID: "u1"})
	require.Nil(t, all.spent(ctx))
	all.charge(ctx, 2*userBytes.burst) // no more than there can be
	all.charge(ctx, 1<<20)
	p := all.spent(ctx)
	require.Equal(t, 429, p.Status)
	require.Positive(t, p.wait)
	require.Nil(t, all.spent(hook.WithPrincipal(context.Background(), hook.Principal{UserID: "u2"})))
	operator := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "k"})
	all.charge(operator, userBytes.burst)
	all.charge(operator, userBytes.burst)
	require.Nil(t, all.spent(operator))
}

// TestBodies_WithoutRoomAreToldWhen: the answer to a body that there is no room for is
// 503 in its status and in its text, with Retry-After.
func TestBodies_WithoutRoomAreToldWhen(t *testing.T) {
	model := &huma.ErrorModel{Status: 503, Errors: []*huma.ErrorDetail{noRoom().ErrorDetail()}}
	p := adopt(model)
	require.Equal(t, 503, p.Status)
	require.Equal(t, "unavailable", p.Code)
	require.Positive(t, p.wait)
}
