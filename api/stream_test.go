package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// streamsOfTests has something new when a test says so.
type streamsOfTests struct {
	news chan struct{}
	done chan struct{}
}

func (s streamsOfTests) Watch(string) (<-chan struct{}, func()) { return s.news, func() {} }
func (s streamsOfTests) Done() <-chan struct{}                  { return s.done }

// endedStreams end as soon as they have begun.
func endedStreams() streamsOfTests {
	done := make(chan struct{})
	close(done)
	return streamsOfTests{done: done}
}

// TestStream_OutlivesTheTimesOfItsServer: the server's limits are for whole requests
// and answers.
func TestStream_OutlivesTheTimesOfItsServer(t *testing.T) {
	streams := streamsOfTests{news: make(chan struct{}, 1)}
	c := stagedWith(t, func(o *Options) { o.Streams = streams })
	id := c.call("POST", "/v1/listeners", `{"owner_id":"u1","name":"laptop","rules":[{"events":["*"]}]}`).is(201).json()["id"].(string)
	server := httptest.NewUnstartedServer(c.handler)
	const limit = 50 * time.Millisecond
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/listeners/"+id+"/stream", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+testKey)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "event: ready", lines.Text())
	for began, n := time.Now(), 1; time.Since(began) < 5*limit; n++ {
		offer := hook.StreamRequest{WebhookID: id, DeliveryID: fmt.Sprintf("dlv_%d", n), Attempt: 1, Body: []byte("{ }"), Timeout: time.Minute}
		_, err := c.store.Offer(ctx, offer)
		require.NoError(t, err)
		select {
		case streams.news <- struct{}{}:
		default: // it has news
		}
		for lines.Text() != "event: delivery" {
			require.True(t, lines.Scan(), "the stream goes on: %v", lines.Err())
		}
		require.True(t, lines.Scan())
		require.Contains(t, lines.Text(), `"body_base64":"eyB9"`)
		c.exec(`DELETE FROM listener_requests`) // as an answer does
	}
}
