package send

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// A receiver that answers 101 and falls silent blocks every read of the body,
// past all of Go's timeouts.
func TestSwitchingProtocolsEndsAtOnce(t *testing.T) {
	r := listen(t, sayAndHang("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
	result := attempt(t, newSender(t, Options{}), message(r.url))
	require.Equal(t, hook.Failure, result.Outcome)
	require.Equal(t, hook.ReasonProtocol, result.Reason)
	require.Equal(t, 101, result.StatusCode)
	require.Empty(t, result.ResponseBody)
	require.Less(t, result.Duration, slack)
}

// Answers that stop before they end cost the attempt its time and no more.
func TestSlowAnswers(t *testing.T) {
	tests := []struct {
		name, text string
		want       hook.Reason
		status     int
	}{
		{"nothing", "", hook.ReasonTimeoutHeaders, 0},
		{"half a status line", "HTTP/1.", hook.ReasonTimeoutHeaders, 0},
		{"half a header", "HTTP/1.1 200 OK\r\nX-A: ", hook.ReasonTimeoutHeaders, 0},
		{"interim answers only", "HTTP/1.1 103 Early Hints\r\n\r\n", hook.ReasonTimeoutHeaders, 0},
		{"2xx without its body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", hook.ReasonTimeoutBody, 200},
		{"2xx with half its body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", hook.ReasonTimeoutBody, 200},
		{"5xx with half its body", "HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nhalf", hook.ReasonStatus5xx, 500},
		{"410 with half its body", "HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\nhalf", hook.ReasonGone, 410},
	}
	s := newSender(t, Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := attempt(t, s, hurried(listen(t, sayAndHang(tt.text)).url))
			require.Equal(t, hook.Failure, result.Outcome)
			require.Equal(t, tt.want, result.Reason)
			require.Equal(t, tt.status, result.StatusCode)
			require.Equal(t, tt.status != 0, result.Truncated)
			requireBrief(t, result)
		})
	}
}

// Answers that break off. The status line is the last word on a 2xx.
func TestBrokenAnswers(t *testing.T) {
	tests := []struct {
		name, text string
		want       hook.Reason // empty: success
	}{
		{"nothing", "", hook.ReasonReset},
		{"one byte", "H", hook.ReasonProtocol},
		{"half a status line", "HTTP/1.1 2", hook.ReasonProtocol},
		{"half a header", "HTTP/1.1 200 OK\r\nX-A", hook.ReasonProtocol},
		{"half of the headers", "HTTP/1.1 200 OK\r\nX-A: 1\r\n", hook.ReasonReset},
		{"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", hook.ReasonProtocol},
		{"not text", "\x00\xff\x15\x03\r\n\r\n", hook.ReasonProtocol},
		{"bad version", "HTTP/x.1 200 OK\r\n\r\n", hook.ReasonProtocol},
		{"bad status", "HTTP/1.1 2xx OK\r\n\r\n", hook.ReasonProtocol},
		{"bad header", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", hook.ReasonProtocol},
		{"NUL in a header", "HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n", hook.ReasonProtocol},
		{"NUL in a header's name", "HTTP/1.1 200 OK\r\nX\x00A: b\r\n\r\n", hook.ReasonProtocol},
		{"space in a header's name", "HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 0\r\n\r\n", ""},
		{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", hook.ReasonProtocol},
		{"length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n", hook.ReasonProtocol},
		{"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", hook.ReasonProtocol},
		{"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", ""},
		{"chunk of 2^64 bytes", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", ""},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", hook.ReasonProtocol},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ""},
		{"bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", ""},
		{"body of a 204", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\nbody", ""},
		{"length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
		{"no length", "HTTP/1.0 200 OK\r\n\r\nall of it", ""},
	}
	s := newSender(t, Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result := attempt(t, s, message(listen(t, say(tt.text)).url))
			require.Equal(t, tt.want, result.Reason)
			require.Equal(t, tt.want == "", result.Outcome == hook.Success)
			require.Equal(t, tt.want == "", result.Error == "")
		})
	}
}

func TestHalfABodyIsKept(t *testing.T) {
	r := listen(t, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
	result := attempt(t, newSender(t, Options{}), message(r.url))
	require.Equal(t, hook.Success, result.Outcome)
	require.Equal(t, "half", string(result.ResponseBody))
	require.True(t, result.Truncated)
}

// With SO_LINGER 0 a close sends RST.
func TestReset(t *testing.T) {
	abort := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
	s := newSender(t, Options{})
	t.Run("in the place of an answer", func(t *testing.T) {
		result := attempt(t, s, message(listen(t, afterRequest(abort)).url))
		require.Equal(t, hook.ReasonReset, result.Reason)
		require.Equal(t, "the receiver closed the connection without an answer", result.Error)
	})
	t.Run("before the request", func(t *testing.T) {
		result := attempt(t, s, message(listen(t, abort).url))
		require.Equal(t, hook.ReasonReset, result.Reason)
	})
	t.Run("in the body", func(t *testing.T) {
		sent := make(chan struct{})
		r := listen(t, afterRequest(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			<-sent
			abort(c)
		}))
		time.AfterFunc(lull, func() { close(sent) })
		result := attempt(t, s, message(r.url))
		require.Equal(t, hook.Success, result.Outcome)
		require.True(t, result.Truncated)
	})
}

func TestBodyIsCut(t *testing.T) {
	s := newSender(t, Options{})
	for size, truncated := range map[int]bool{0: false, 64<<10 - 1: false, 64 << 10: false, 64<<10 + 1: true, 10 << 20: true} {
		body := strings.Repeat("b", size)
		result := attempt(t, s, message(listen(t, say("HTTP/1.0 200 OK\r\n\r\n"+body)).url))
		require.Equal(t, hook.Success, result.Outcome)
		require.Len(t, result.ResponseBody, min(size, 64<<10))
		require.Equal(t, truncated, result.Truncated, size)
	}
}

// A receiver that never reads can't hold up an attempt that fills its buffers.
func TestReceiverThatNeverReads(t *testing.T) {
	r := listen(t, func(c net.Conn) { <-t.Context().Done() })
	m := hurried(r.url)
	m.Event.Current = bytes.Repeat([]byte(" "), 16<<20)
	result := attempt(t, newSender(t, Options{}), m)
	require.Equal(t, hook.ReasonTimeoutHeaders, result.Reason)
	requireBrief(t, result)
}

// It may answer all the same.
func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	r := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		hang(c)
	})
	result := attempt(t, newSender(t, Options{}), message(r.url))
	require.Equal(t, 413, result.StatusCode)
}

func TestRemoteTextIsMadeClean(t *testing.T) {
	r := listen(t, say("HTTP/1.1 500 \xff\xfe\x00bad\x1b[31m\r\nX-A: \xffgr\xc3\xbcn\r\nX-B: "+strings.Repeat("é", 5000)+
		"\r\nContent-Length: 3\r\n\r\n\x00\xff!"))
	result := attempt(t, newSender(t, Options{}), message(r.url))
	require.Equal(t, 500, result.StatusCode)
	require.Equal(t, "the receiver answered 500 Internal Server Error", result.Error)
	require.Equal(t, hook.Header{Name: "X-A", Value: "\uFFFDgrün"}, result.ResponseHeaders[1])
	require.Equal(t, strings.Repeat("é", 2048), result.ResponseHeaders[2].Value)
	require.Equal(t, "\x00\xff!", string(result.ResponseBody), "the body stays as it came")
}

func TestAnswerHeadersAreCapped(t *testing.T) {
	r := listen(t, say("HTTP/1.1 200 OK\r\n"+strings.Repeat("X-A: 1\r\n", 500)+"Content-Length: 0\r\n\r\n"))
	result := attempt(t, newSender(t, Options{}), message(r.url))
	require.Equal(t, hook.Success, result.Outcome)
	require.Len(t, result.ResponseHeaders, 100)
}

func TestCompressedBodyIsKeptAsItCame(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, err := w.Write(make([]byte, 8<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r := listen(t, say("HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n"+bomb.String()))
	result := attempt(t, newSender(t, Options{}), message(r.url))
	require.Equal(t, bomb.Bytes(), result.ResponseBody)
	require.Contains(t, result.ResponseHeaders, hook.Header{Name: "Content-Encoding", Value: "gzip"})
}
