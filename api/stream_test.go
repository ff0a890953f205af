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

// longStream offers a request for each piece of news.
type longStream struct {
	Store
	news chan struct{}
	gave int
}

func (s *longStream) RenewStream(context.Context, string, string) (bool, error) { return true, nil }

func (s *longStream) NextOffers(_ context.Context, id, _ string, _ int) ([]hook.StreamRequest, error) {
	s.gave++
	return []hook.StreamRequest{{WebhookID: id, DeliveryID: fmt.Sprintf("dlv_%d", s.gave), Attempt: 1, Body: []byte("{ }")}}, nil
}

func (s *longStream) Watch(string) (<-chan struct{}, func()) { return s.news, func() {} }
func (s *longStream) Done() <-chan struct{}                  { return nil }

// TestStream_OutlivesTheTimesOfItsServer: the server's limits are for whole requests
// and answers.
func TestStream_OutlivesTheTimesOfItsServer(t *testing.T) {
	long := &longStream{news: make(chan struct{}, 1)}
	c := newClientWith(t, func(o *Options) { long.Store, o.Store, o.Streams = o.Store, long, long })
	server := httptest.NewUnstartedServer(c.handler)
	const limit = 50 * time.Millisecond
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/listeners/wh_1/stream", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+testKey)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "event: ready", lines.Text())
	for began := time.Now(); time.Since(began) < 5*limit; {
		for lines.Text() != "event: delivery" {
			require.True(t, lines.Scan(), "the stream goes on: %v", lines.Err())
		}
		require.True(t, lines.Scan())
		require.Contains(t, lines.Text(), `"body_base64":"eyB9"`)
		select {
		case long.news <- struct{}{}:
		default: // it has news
		}
	}
}
