package send

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"godwit/internal/hook"
)

// maxCost bounds what one attempt may allocate, all of it together: the heap
// can't have grown by more.
const maxCost = 32 << 20

// drip answers start and then piece after piece, slowly and without an end.
func drip(start, piece string) func(net.Conn) {
	return afterRequest(func(c net.Conn) {
		tick := time.NewTicker(brief / 20)
		defer tick.Stop()
		_, err := io.WriteString(c, start)
		for err == nil {
			<-tick.C
			_, err = io.WriteString(c, piece)
		}
	})
}

// bomb is 200 MiB in 200 KB.
func bomb(t testing.TB) string {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	require.NoError(t, err)
	zeros := make([]byte, 1<<20)
	for range 200 {
		_, err = w.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.String()
}

// hostility is a way to answer, and what an attempt must make of it.
type hostility struct {
	name   string
	answer func(net.Conn)
	want   hook.Reason // empty: success
}

const okLine = "HTTP/1.1 200 OK\r\n"

// Each of these goes on for as long as it is let.
func endlessAnswers() []hostility {
	chunk := strings.Repeat("x", 8<<10)
	return []hostility{
		{"flood: body", flood(okLine+"\r\n", chunk), ""},
		{"flood: body of 10^18 bytes", flood(okLine+"Content-Length: 1000000000000000000\r\n\r\n", chunk), ""},
		{"flood: chunked body", flood(okLine+"Transfer-Encoding: chunked\r\n\r\n", "2000\r\n"+chunk+"\r\n"), ""},
		{"flood: size of a chunk", flood(okLine+"Transfer-Encoding: chunked\r\n\r\n", "0000000000000000"), ""},
		{"flood: extension of a chunk", flood(okLine+"Transfer-Encoding: chunked\r\n\r\n1;", chunk), ""},
		{"flood: tiny chunks with extensions", flood(okLine+"Transfer-Encoding: chunked\r\n\r\n", "1;"+chunk[:1000]+"\r\nx\r\n"), ""},
		{"flood: trailers", flood(okLine+"Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n0\r\n", "X-A: "+chunk+"\r\n"), ""},
		{"flood: body of a 500", flood("HTTP/1.1 500 Oops\r\n\r\n", chunk), hook.ReasonStatus5xx},
		{"flood: headers", flood(okLine, "X-A: "+chunk+"\r\n"), hook.ReasonProtocol},
		{"flood: small headers", flood(okLine, "a:b\r\n"), hook.ReasonProtocol},
		{"flood: one header", flood(okLine+"X-A: ", chunk), hook.ReasonProtocol},
		{"flood: folded header", flood(okLine+"X-A: b\r\n", " "+chunk+"\r\n"), hook.ReasonProtocol},
		{"flood: status line", flood("HTTP/1.1 200 ", chunk), hook.ReasonProtocol},
		{"flood: interim answers", flood("", "HTTP/1.1 103 Early Hints\r\nX-A: "+chunk+"\r\n\r\n"), hook.ReasonProtocol},
		{"flood: small interim answers", flood("", "HTTP/1.1 100 Continue\r\n\r\n"), hook.ReasonProtocol},
		{"flood: after 101", flood("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", chunk), hook.ReasonProtocol},
		{"flood: more answers than were asked for", flood("", okLine+"Content-Length: 0\r\n\r\n"), ""},

		{"slow: status line", drip("HTTP/1.1 200 ", "O"), hook.ReasonTimeoutHeaders},
		{"slow: header", drip(okLine+"X-A: ", "b"), hook.ReasonTimeoutHeaders},
		{"slow: headers", drip(okLine, "a:b\r\n"), hook.ReasonTimeoutHeaders},
		{"slow: interim answers", drip("", "HTTP/1.1 102 Processing\r\n\r\n"), hook.ReasonTimeoutHeaders},
		{"slow: body", drip(okLine+"\r\n", "b"), hook.ReasonTimeoutBody},
		{"slow: chunks", drip(okLine+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nb\r\n"), hook.ReasonTimeoutBody},
		{"slow: trailers", drip(okLine+"Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n0\r\n", "X-A: b\r\n"), hook.ReasonTimeoutBody},
		{"slow: body of a 404", drip("HTTP/1.1 404 Nope\r\nContent-Length: 99\r\n\r\n", "b"), hook.ReasonStatus4xx},
	}
}

// What one attempt costs is bounded in time, memory and goroutines, whatever
// the receiver does.
func TestHostileReceiversCostLittle(t *testing.T) {
	zipped := bomb(t)
	for _, h := range append(endlessAnswers(),
		hostility{"bomb", say("HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + zipped), ""},
		hostility{"silence", sayAndHang(""), hook.ReasonTimeoutHeaders},
		hostility{"silence after 101", sayAndHang("HTTP/1.1 101 Switching Protocols\r\n\r\n"), hook.ReasonProtocol},
	) {
		t.Run(h.name, func(t *testing.T) {
			requireCheap(t, Options{}, func() Message { return fitting(listen(t, h.answer).url, h.want, brief) }, h.want)
		})
	}
}

// fitting leaves an attempt its usual time, unless it is about to use it up: a
// bound that ends it must not race with the clock of a busy machine.
func fitting(target string, want hook.Reason, short time.Duration) Message {
	m := message(target)
	if m.Webhook.Timeout = DefaultTimeout; want == hook.ReasonTimeoutHeaders || want == hook.ReasonTimeoutBody {
		m.Webhook.Timeout = short
	}
	return m
}

// requireCheap makes one attempt at the receiver that start starts, with a
// Sender of its own, and waits until nothing is left of either.
func requireCheap(t *testing.T, o Options, start func() Message, want hook.Reason) {
	others := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, others) }) // after the receiver's own
	s := newSender(t, o)
	m := start()
	before := allocated()
	result := attempt(t, s, m)
	require.Less(t, allocated()-before, uint64(maxCost), "bytes")
	require.Equal(t, want, result.Reason, result.Error)
	require.Equal(t, want == "", result.Outcome == hook.Success)
	require.LessOrEqual(t, len(result.ResponseBody), maxBodyBytes)
	require.Less(t, result.Duration, m.Webhook.Timeout+slack)
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// endless is a connection that the other side has closed after a flood. The
// system decides how much of a real one's flood lies in the socket.
type endless struct{ net.Conn }

func (endless) Write([]byte) (int, error)  { return 0, syscall.EPIPE }
func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestAnsweringConn_ReadsNoMoreThanAnAnswerAfterTheEnd(t *testing.T) {
	dial := answering(func(context.Context, string, string) (net.Conn, error) { return endless{}, nil })
	c, err := dial(t.Context(), "tcp", "")
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, c, 2*maxLeft)
	require.NoError(t, err, "while the receiver takes what is sent, nothing bounds what is read")

	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	left, err := io.Copy(io.Discard, io.LimitReader(c, 100*maxLeft))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.GreaterOrEqual(t, left, int64(maxLeft))
	require.Less(t, left, int64(2*maxLeft))
}
