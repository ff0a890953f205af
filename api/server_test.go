package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pipes is a listener without a network, so that a server on it lives by the
// clock of synctest.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// connected runs the API's server in a bubble and gives f the client's end of a
// connection to it.
func connected(t *testing.T, f func(t *testing.T, c *client, conn net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		listener := pipes{make(chan net.Conn), make(chan struct{})}
		server := NewHTTPServer(c.handler)
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(listener) }()
		conn, other := net.Pipe()
		listener.connections <- other
		f(t, c, conn)
		require.NoError(t, conn.Close())
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
}

// within expects that the server ends the connection after so long, and gives
// what it said before.
func within(t *testing.T, conn net.Conn, want time.Duration) string {
	t.Helper()
	began := time.Now()
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, want, time.Since(began).Round(time.Second))
	return string(said)
}

const (
	requestLine = "POST /v1/events HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n"
	authorized  = "Authorization: Bearer " + testKey + "\r\n"
)

func sendRaw(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
}

// trickle writes text byte by byte, each after a while, until the server has
// had enough of it; the channel is closed then.
func trickle(conn net.Conn, text string, every time.Duration) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range text {
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return
			}
			<-time.After(every)
		}
	}()
	return ended
}

func TestSilenceEndsTheConnection(t *testing.T) {
	connected(t, func(t *testing.T, _ *client, conn net.Conn) {
		require.Empty(t, within(t, conn, 5*time.Second))
	})
}

func TestSlowHeadersEndTheConnection(t *testing.T) {
	connected(t, func(t *testing.T, _ *client, conn net.Conn) {
		ended := trickle(conn, requestLine+strings.Repeat("X-Slow: 1\r\n", 100), time.Second)
		require.NotContains(t, within(t, conn, 5*time.Second), "HTTP/1.1 2")
		<-ended
	})
}

func TestASlowBodyEndsTheConnection(t *testing.T) {
	connected(t, func(t *testing.T, c *client, conn net.Conn) {
		sendRaw(t, conn, requestLine+authorized+"Content-Length: 1000\r\n\r\n")
		ended := trickle(conn, strings.Repeat(" ", 1000), time.Second)
		said := within(t, conn, 30*time.Second)
		<-ended
		require.Contains(t, said, "HTTP/1.1 400 ")
		require.Contains(t, said, "The body did not arrive whole or in time.")
		require.Zero(t, c.count("events"))
	})
}

// TestASlowReaderEndsTheConnection never reads the answer.
func TestASlowReaderEndsTheConnection(t *testing.T) {
	connected(t, func(t *testing.T, _ *client, conn net.Conn) {
		sendRaw(t, conn, "GET /docs HTTP/1.1\r\nHost: api\r\n\r\n")
		<-time.After(61 * time.Second)
		_, err := io.ReadAll(conn)
		require.NoError(t, err)
		_, err = conn.Write([]byte("G"))
		require.ErrorIs(t, err, io.ErrClosedPipe)
	})
}

func TestAnIdleConnectionEnds(t *testing.T) {
	connected(t, func(t *testing.T, _ *client, conn net.Conn) {
		sendRaw(t, conn, "GET /v1/webhooks HTTP/1.1\r\nHost: api\r\n"+authorized+"\r\n")
		reader := bufio.NewReader(conn)
		answer, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		require.Equal(t, 200, answer.StatusCode)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		began := time.Now()
		_, err = reader.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, 2*time.Minute, time.Since(began))
	})
}

func TestLargeHeadersAre431(t *testing.T) {
	connected(t, func(t *testing.T, _ *client, conn net.Conn) {
		go func() {
			_, _ = io.WriteString(conn, requestLine+"X-Large: "+strings.Repeat("x", 80<<10)+"\r\n\r\n") // it is not read to its end
		}()
		require.Contains(t, within(t, conn, time.Second), "HTTP/1.1 431 ")
	})
	connected(t, func(t *testing.T, _ *client, conn net.Conn) {
		sendRaw(t, conn, "GET /v1/webhooks HTTP/1.1\r\nHost: api\r\nConnection: close\r\n"+authorized+"X-Large: "+strings.Repeat("x", 60<<10)+"\r\n\r\n")
		require.Contains(t, within(t, conn, 0), "HTTP/1.1 200 ")
	})
}

// TestBodiesHaveTheSizeOfTheirRoute sends each route a body that is too large by
// one byte, and one that is not.
func TestBodiesHaveTheSizeOfTheirRoute(t *testing.T) {
	sizes := map[string]int{
		"publish-event": 256 << 10, "publish-batch": 8 << 20, "post-results": 256 << 10, "open-listener": 256 << 10, "create-webhook": 256 << 10, "put-webhook": 256 << 10, "patch-webhook": 256 << 10,
		"preview-rules": 256 << 10, "search-events": 256 << 10, "check-webhook": 256 << 10, "test-webhook": 256 << 10, "put-event-type": 128 << 10, "redeliver-deliveries": 64 << 10, "cancel-deliveries": 64 << 10,
		"verify-request": 3 << 18,
	}
	c := newClient(t)
	for _, r := range (&server{}).routes() {
		if r.body == nil {
			continue
		}
		size, listed := sizes[r.id]
		if !listed {
			size = 16 << 10
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(r.path)
		fits := "{}" + strings.Repeat(" ", size-2)
		require.NotEqual(t, 413, c.call(r.method, path, fits).Code, r.id)
		c.call(r.method, path, fits+" ").problem(413, "too_large")
	}
}

func TestDeepBodiesAreRefused(t *testing.T) {
	c := staged(t)
	deep := `{"type":"T","project_id":"p1","current":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 101)
	a := c.call("POST", "/v1/events", deep)
	a.problem(400, "malformed")
	require.Contains(t, a.json()["detail"], "more than 100 levels of nesting")
	a = c.call("PUT", "/v1/companies/c1", `{"name":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`)
	a.problem(400, "malformed")

	results := c.call("POST", "/v1/events/batch", `{"events":[`+goodEvent+`,`+deep+`]}`).is(202).json()["results"].([]any)
	require.NotContains(t, results[0], "error")
	require.Contains(t, at(results[1], "error", "detail"), "levels of nesting")
}
