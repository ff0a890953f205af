package send

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"godwit/internal/hook"
)

// h2Stream is a request that waits for its answer.
type h2Stream struct {
	*http2.Framer
	conn net.Conn
	id   uint32
}

// header encodes an answer's header; fields are name, value, name, value …
func (s h2Stream) header(fields ...string) []byte {
	var out bytes.Buffer
	e := hpack.NewEncoder(&out)
	for i := 0; i < len(fields); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return out.Bytes()
}

func (s h2Stream) headers(end bool, block []byte) error {
	return s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block, EndHeaders: end})
}

// forever repeats write until the sender hangs up.
func forever(write func() error) {
	for write() == nil {
	}
}

// speakH2 leaves the answer to each connection's first request to answer. What
// else the sender says is read and dropped; answer is free to write frames that
// make no sense.
func speakH2(config *tls.Config, settings []http2.Setting, answer func(h2Stream)) func(net.Conn) {
	return func(c net.Conn) {
		secured := tls.Server(c, config)
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(secured, preface); err != nil {
			return
		}
		f := http2.NewFramer(secured, secured)
		f.AllowIllegalWrites = true
		if f.WriteSettings(settings...) != nil {
			return
		}
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, ok := frame.(*http2.HeadersFrame); ok {
				// Ends with the connection, which the caller closes.
				go func() { _, _ = io.Copy(io.Discard, secured) }()
				answer(h2Stream{f, secured, h.StreamID})
				return
			}
		}
	}
}

func pings(s h2Stream) { forever(func() error { return s.WritePing(false, [8]byte{}) }) }

type h2Hostility struct {
	name     string
	settings []http2.Setting
	answer   func(h2Stream)
	want     hook.Reason // empty: success
}

// Ways to abuse HTTP/2 that a server's library would not let a test take.
func hostileH2() []h2Hostility {
	chunk := []byte(strings.Repeat("x", 8<<10))
	noWindow := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}
	return []h2Hostility{
		{"GOAWAY in the place of an answer", nil, func(s h2Stream) { _ = s.WriteGoAway(s.id, http2.ErrCodeEnhanceYourCalm, nil) }, hook.ReasonReset},
		{"GOAWAY of a flood of text", nil, func(s h2Stream) {
			forever(func() error { return s.WriteGoAway(s.id, http2.ErrCodeInternal, chunk) })
		}, hook.ReasonTimeoutHeaders},
		{"GOAWAY that asks for another try, and again", nil, func(s h2Stream) { _ = s.WriteGoAway(0, http2.ErrCodeNo, nil) }, hook.ReasonReset},
		{"RST_STREAM", nil, func(s h2Stream) { _ = s.WriteRSTStream(s.id, http2.ErrCodeInternal) }, hook.ReasonReset},
		{"RST_STREAM that asks for another try, and again", nil, func(s h2Stream) {
			_ = s.WriteRSTStream(s.id, http2.ErrCodeRefusedStream)
		}, hook.ReasonReset},
		{"hangs up", nil, func(h2Stream) {}, hook.ReasonReset},
		{"speaks HTTP/1.1", nil, func(s h2Stream) { _, _ = io.WriteString(s.conn, okLine+"Content-Length: 0\r\n\r\n") }, hook.ReasonReset},
		{"frame of 16 MiB", nil, func(s h2Stream) {
			_, _ = s.conn.Write([]byte{0xff, 0xff, 0xff, byte(http2.FrameData), 0, 0, 0, 0, 1})
			forever(func() error { _, err := s.conn.Write(chunk); return err })
		}, hook.ReasonReset},
		{"endless CONTINUATION", nil, func(s h2Stream) {
			_ = s.headers(false, s.header(":status", "200"))
			block := s.header("x-a", string(chunk))
			forever(func() error { return s.WriteContinuation(s.id, false, block) })
		}, hook.ReasonReset},
		{"endless empty CONTINUATION", nil, func(s h2Stream) {
			_ = s.headers(false, s.header(":status", "200"))
			forever(func() error { return s.WriteContinuation(s.id, false, nil) })
		}, hook.ReasonTimeoutHeaders},
		{"endless interim answers", nil, func(s h2Stream) {
			block := s.header(":status", "103", "link", string(chunk[:1000]))
			forever(func() error { return s.headers(true, block) })
		}, hook.ReasonProtocol},
		{"header bomb", nil, func(s h2Stream) {
			// One long field in the table, then one byte for each use of it.
			block := append(s.header(":status", "200", "x-a", string(chunk[:4000])), bytes.Repeat([]byte{0xbe}, 15<<10)...)
			_ = s.headers(true, block)
		}, hook.ReasonReset},
		{"flood of SETTINGS", nil, func(s h2Stream) { forever(func() error { return s.WriteSettings(noWindow) }) }, hook.ReasonTimeoutHeaders},
		{"flood of PING", nil, pings, hook.ReasonTimeoutHeaders},
		{"flood of unknown frames", nil, func(s h2Stream) {
			forever(func() error { return s.WriteRawFrame(0xfa, 0, s.id, chunk) })
		}, hook.ReasonTimeoutHeaders},
		{"flood of empty DATA", nil, func(s h2Stream) {
			_ = s.headers(true, s.header(":status", "200"))
			forever(func() error { return s.WriteData(s.id, false, nil) })
		}, hook.ReasonTimeoutBody},
		{"flood of DATA", nil, func(s h2Stream) {
			_ = s.headers(true, s.header(":status", "200"))
			forever(func() error { return s.WriteData(s.id, false, chunk) })
		}, ""},
		{"window that never opens", []http2.Setting{noWindow}, pings, hook.ReasonTimeoutHeaders},
	}
}

func TestHostileHTTP2(t *testing.T) {
	ca := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, func(*x509.Certificate) {})}, NextProtos: []string{"h2"}}
	for _, h := range hostileH2() {
		t.Run(h.name, func(t *testing.T) {
			var r *receiver
			requireCheap(t, Options{roots: ca.pool()}, func() Message {
				r = listen(t, speakH2(config, h.settings, h.answer))
				return fitting(secure(r.url), h.want, 2*lull)
			}, h.want)
			require.LessOrEqual(t, r.connections(), maxHandshakes+1)
		})
	}
}
