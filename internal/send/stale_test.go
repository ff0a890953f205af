package send

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"godwit/internal/hook"
)

const emptyOK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// endings are ways in which a receiver leaves a connection that it has kept.
func endings() map[string]func(net.Conn) {
	abort := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) } // its close sends RST
	return map[string]func(net.Conn){
		"closes at the first byte":  func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) },
		"resets at the first byte":  func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); abort(c) },
		"closes after the request":  afterRequest(func(net.Conn) {}),
		"resets after the request":  afterRequest(abort),
		"closes as the next begins": func(net.Conn) {},
		"resets as the next begins": abort,
	}
}

// oneEach answers the first request of each connection and leaves what comes
// after it to leave.
func oneEach(t testing.TB, leave func(net.Conn)) (r *receiver, requests *atomic.Int32) {
	requests = new(atomic.Int32)
	return listen(t, func(c net.Conn) {
		afterRequest(func(c net.Conn) {
			requests.Add(1)
			_, _ = io.WriteString(c, emptyOK)
			leave(c)
		})(c)
	}), requests
}

// A connection that was kept may break as the next request meets it: that says
// nothing of the receiver.
func TestStaleConnection_CostsNoAttempt(t *testing.T) {
	for name, leave := range endings() {
		for _, size := range []int{100, 250 << 10} {
			t.Run(name, func(t *testing.T) {
				r, requests := oneEach(t, leave)
				s := newSender(t, Options{})
				m := message(r.url)
				m.Event.Current = bytes.Repeat([]byte(" "), size)
				const attempts = 60
				for range attempts {
					result := attempt(t, s, m)
					require.Equal(t, hook.Success, result.Outcome, result.Error)
				}
				require.EqualValues(t, attempts, requests.Load())
			})
		}
	}
}

// What happens on a new connection, or after a byte of an answer, is the
// receiver's answer.
func TestBrokenConnection_IsSentOverOnlyOnce(t *testing.T) {
	t.Run("a new one breaks", func(t *testing.T) {
		for name, leave := range endings() {
			r := listen(t, leave)
			require.Equal(t, hook.Failure, attempt(t, newSender(t, Options{}), message(r.url)).Outcome, name)
			require.Equal(t, 1, r.connections(), name)
		}
	})
	t.Run("a byte of an answer came", func(t *testing.T) {
		r, _ := oneEach(t, afterRequest(func(c net.Conn) { _, _ = io.WriteString(c, "H") }))
		s := newSender(t, Options{})
		require.Equal(t, hook.Success, attempt(t, s, message(r.url)).Outcome)
		require.Equal(t, hook.ReasonProtocol, attempt(t, s, message(r.url)).Reason)
		require.Equal(t, 1, r.connections())
	})
	t.Run("the new one breaks too", func(t *testing.T) {
		var connections atomic.Int32
		r := listen(t, func(c net.Conn) {
			if connections.Add(1) == 1 {
				afterRequest(func(c net.Conn) { _, _ = io.WriteString(c, emptyOK) })(c)
			}
			_, _ = c.Read(make([]byte, 1))
		})
		s := newSender(t, Options{})
		require.Equal(t, hook.Success, attempt(t, s, message(r.url)).Outcome)
		require.Equal(t, hook.ReasonReset, attempt(t, s, message(r.url)).Reason)
		require.Equal(t, 2, r.connections())
	})
	t.Run("the attempt's time goes on", func(t *testing.T) {
		var connections atomic.Int32
		r := listen(t, func(c net.Conn) {
			if connections.Add(1) == 1 {
				afterRequest(func(c net.Conn) { _, _ = io.WriteString(c, emptyOK) })(c)
				_, _ = c.Read(make([]byte, 1))
				return
			}
			hang(c)
		})
		s := newSender(t, Options{})
		require.Equal(t, hook.Success, attempt(t, s, message(r.url)).Outcome)
		result := attempt(t, s, hurried(r.url))
		require.Equal(t, hook.ReasonTimeoutHeaders, result.Reason)
		requireBrief(t, result)
		require.Equal(t, 2, r.connections())
	})
}

// Both requests of one attempt are the same, and a stale pool is passed over at
// once, however large it is.
func TestStaleConnection_SendsTheSameRequest(t *testing.T) {
	var seen []http.Header
	var bodies [][]byte
	done := make(chan struct{})
	note := func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		require.NoError(t, err)
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		req.Header.Del("Connection")
		seen, bodies = append(seen, req.Header), append(bodies, body)
	}
	var connections atomic.Int32
	r := listen(t, func(c net.Conn) {
		if connections.Add(1) > 1 {
			<-done
			note(c)
			_, _ = io.WriteString(c, emptyOK)
			return
		}
		afterRequest(func(c net.Conn) { _, _ = io.WriteString(c, emptyOK) })(c)
		note(c)
		close(done)
	})
	s := newSender(t, Options{})
	require.Equal(t, hook.Success, attempt(t, s, message(r.url)).Outcome)
	require.Equal(t, hook.Success, attempt(t, s, message(r.url)).Outcome)
	require.Len(t, seen, 2)
	require.Equal(t, seen[0], seen[1])
	require.Equal(t, bodies[0], bodies[1])
}

func TestStaleConnection_OverTLS(t *testing.T) {
	ca := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}}
	for name, leave := range map[string]func(net.Conn){
		"closes":               func(c net.Conn) {},
		"closes after reading": afterRequest(func(net.Conn) {}),
		"drops the connection": func(c net.Conn) {
			raw := c.(*tls.Conn).NetConn()
			_ = raw.(*net.TCPConn).SetLinger(0)
			_, _ = c.Read(make([]byte, 1))
			raw.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := listen(t, func(c net.Conn) {
				secured := tls.Server(c, config)
				defer secured.Close()
				afterRequest(func(net.Conn) {
					_, _ = io.WriteString(secured, emptyOK)
					leave(secured)
				})(secured)
			})
			s := newSender(t, Options{roots: ca.pool()})
			for range 20 {
				result := attempt(t, s, message(secure(r.url)))
				require.Equal(t, hook.Success, result.Outcome, result.Error)
			}
		})
	}
}

// An HTTP/2 connection that was kept may break too; what the receiver says of a
// request over it is its answer.
func TestStaleConnection_OverHTTP2(t *testing.T) {
	ca := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}, NextProtos: []string{"h2"}}
	for name, tt := range map[string]struct {
		leave       func(h2Stream)
		want        hook.Reason // empty: success
		connections int
	}{
		"hangs up": {func(s h2Stream) { s.conn.Close() }, "", 2},
		"resets": {func(s h2Stream) {
			raw := s.conn.(*tls.Conn).NetConn()
			_ = raw.(*net.TCPConn).SetLinger(0)
			raw.Close()
		}, "", 2},
		"gives the stream up": {func(s h2Stream) { _ = s.WriteRSTStream(s.id, http2.ErrCodeInternal) }, hook.ReasonReset, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			r := listen(t, func(c net.Conn) {
				first := connections.Add(1) == 1
				requests := 0
				serveH2(tls.Server(c, config), func(s h2Stream) {
					if requests++; first && requests == 2 {
						tt.leave(s)
						return
					}
					_ = s.headers(true, s.header(":status", "200"))
					_ = s.WriteData(s.id, true, nil)
				})
			})
			s := newSender(t, Options{roots: ca.pool()})
			require.Equal(t, hook.Success, attempt(t, s, message(secure(r.url))).Outcome)
			result := attempt(t, s, message(secure(r.url)))
			require.Equal(t, tt.want, result.Reason, result.Error)
			require.Equal(t, tt.connections, r.connections())
		})
	}
}

// serveH2 gives each request of a connection to answer.
func serveH2(c net.Conn, answer func(h2Stream)) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if data, ok := frame.(*http2.DataFrame); ok && data.StreamEnded() {
			answer(h2Stream{f, c, data.StreamID})
		}
	}
}

// Servers close a connection that was idle for some seconds; ours is closed
// before.
func TestIdleConnections_AreKeptForLessThanFiveSeconds(t *testing.T) {
	s := New(Options{})
	require.Less(t, s.transports.kept.IdleConnTimeout, 5*time.Second)
}
