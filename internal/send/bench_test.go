package send

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// BenchmarkPack is the work of an attempt before its socket: body, signatures
// and headers of a state of 1 KiB.
func BenchmarkPack(b *testing.B) {
	m := message("https://hooks.example/a")
	m.Event.Current = append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 1024-8)...), `"}`...)
	at := time.Unix(1700000000, 0)
	for _, format := range []hook.PayloadFormat{hook.FormatStandard, hook.FormatBlue, hook.FormatCloudEvents} {
		m.Webhook.PayloadFormat = format
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.pack(origin{userAgent: "Godwit/1.2.3", pages: func() string { return "" }}, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSend is whole attempts over kept connections, the receiver included.
func BenchmarkSend(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	s := newSender(b, Options{})
	m := message(server.URL)
	m.Event.Current = append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 1024-8)...), `"}`...)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			require.Equal(b, hook.Success, attempt(b, s, m).Outcome)
		}
	})
}

// BenchmarkSendBurst is attempts to one receiver, so many at once, as when
// deliveries are put together: connections is how many each burst opens.
func BenchmarkSendBurst(b *testing.B) {
	const attempts = 400
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := newSender(b, Options{})
	m := message(server.URL)
	b.ReportAllocs()
	for b.Loop() {
		var group sync.WaitGroup
		for range attempts {
			group.Go(func() { require.Equal(b, hook.Success, attempt(b, s, m).Outcome) })
		}
		group.Wait()
	}
	b.ReportMetric(float64(opened.Load())/float64(b.N), "connections/op")
}
