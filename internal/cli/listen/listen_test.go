package listen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRead_GivesEventsOfAStream(t *testing.T) {
	body := ":\n\nevent: ready\ndata: {}\n\nid: dlv_1.2\nevent: delivery\ndata: {\"delivery\":\"dlv_1\",\"attempt\":2,\"headers\":[[\"webhook-id\",\"e1\"]],\"body_base64\":\"eyB9\",\"timeout_ms\":5}\n\nevent: cut"
	var got []event
	read(context.Background(), io.NopCloser(strings.NewReader(body)), func(e event) { got = append(got, e) })
	require.Len(t, got, 2, "half an event is none")
	require.Equal(t, "ready", got[0].name)
	d, err := parseDelivery(got[1].data)
	require.NoError(t, err)
	require.Equal(t, delivery{Delivery: "dlv_1", Attempt: 2, Headers: [][2]string{{"webhook-id", "e1"}}, BodyBase64: []byte("{ }"), TimeoutMS: 5}, d)
	require.Equal(t, "e1", d.header("webhook-id"))
}

// TestRead_EndsWhenTheStreamIsSilent: a connection whose other end is gone says
// nothing.
func TestRead_EndsWhenTheStreamIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		go func() { _, _ = w.Write([]byte(":\n\n")) }()
		began := time.Now()
		read(context.Background(), r, func(event) {})
		require.Equal(t, silence, time.Since(began))
	})
}

// TestWatchClock_SeesThatTheMachineSlept by a wall clock that jumps.
func TestWatchClock_SeesThatTheMachineSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		looks, jumps := 0, 0
		now := func() time.Time {
			if looks++; looks > 3 {
				return time.Now().Add(time.Hour)
			}
			return time.Now()
		}
		go watchClock(ctx, now, func() { jumps++ })
		<-time.After(10 * clockLook) // of the test's own clock
		synctest.Wait()
		require.Equal(t, 1, jumps)
		require.Greater(t, looks, 8)
	})
}

func target(t *testing.T, to string) *url.URL {
	t.Helper()
	u, err := Target(to, "")
	require.NoError(t, err)
	return u
}

func TestTarget_IsAPortOrAnAddress(t *testing.T) {
	u, err := Target("3000", "/hook")
	require.NoError(t, err)
	require.Equal(t, "http://localhost:3000/hook", u.String())
	require.Equal(t, "https://localhost/x", target(t, "https://localhost/x").String())
	for _, wrong := range []string{"", "hook", "99999", "ftp://localhost", "localhost:3000"} {
		_, err := Target(wrong, "")
		require.Error(t, err, wrong)
	}
}

// TestForward_PassesEverythingOnAsItIs: bytes, the spelling of headers, and the answer.
func TestForward_PassesEverythingOnAsItIs(t *testing.T) {
	conns := make(chan string, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 4096)
		n, _ := io.ReadAtLeast(c, buf, 1)
		for !bytes.Contains(buf[:n], []byte("{ }")) {
			more, err := c.Read(buf[n:])
			if err != nil {
				break
			}
			n += more
		}
		conns <- string(buf[:n])
		_, _ = c.Write([]byte("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\nno"))
	}()
	f := newForwarder(target(t, "http://"+l.Addr().String()+"/hook?x=1"), false, false)
	got := f.forward(context.Background(), delivery{Delivery: "dlv_1", Attempt: 1, Headers: [][2]string{{"webhook-id", "e1"}, {"Content-Type", "application/json"}}, BodyBase64: []byte("{ }"), TimeoutMS: 5000})
	sent := <-conns
	require.Contains(t, sent, "POST /hook?x=1 HTTP/1.1\r\n")
	require.Contains(t, sent, "\r\nwebhook-id: e1\r\n")
	require.True(t, strings.HasSuffix(sent, "\r\n\r\n{ }"), sent)
	require.Equal(t, 302, got.StatusCode, "no redirect is followed")
	require.Equal(t, "no", string(got.Body))
	require.Equal(t, "/elsewhere", got.Headers["Location"])
}

// TestForward_SaysWhyThereIsNoAnswer and gives back what a receiver that is down did
// not get.
func TestForward_SaysWhyThereIsNoAnswer(t *testing.T) {
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drop" {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
	}))
	defer hangs.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	for to, want := range map[string]result{
		hangs.URL:                          {Reason: "timeout_headers", Error: "the receiver gave no answer in time"},
		hangs.URL + "/drop":                {Reason: "reset", Error: "EOF"},
		"http://" + closed.Addr().String(): {Returned: true, down: true},
		"http://192.0.2.1:9":               {Reason: "connect"},
	} {
		got := newForwarder(target(t, to), false, false).forward(context.Background(), delivery{TimeoutMS: 200})
		if want.Error == "" {
			got.Error = ""
		}
		require.Equal(t, want, got, to)
	}
	require.Equal(t, "tls", newForwarder(target(t, secure.URL), false, false).forward(context.Background(), delivery{TimeoutMS: 5000}).Reason)
	require.Equal(t, 404, newForwarder(target(t, secure.URL), false, true).forward(context.Background(), delivery{TimeoutMS: 5000}).StatusCode)
}

func TestForward_StaysOnThisMachine(t *testing.T) {
	f := newForwarder(target(t, "http://192.0.2.1:9"), false, false)
	_, err := f.dialer.DialContext(context.Background(), "tcp", "192.0.2.1:9")
	require.True(t, errors.Is(err, errExternal), "%v", err)
}

func TestFirstLine_IsOneLineOfText(t *testing.T) {
	require.Equal(t, "TypeError: x", firstLine([]byte("\n TypeError: x\x1b\n at index.js")))
	require.Len(t, []rune(firstLine(bytes.Repeat([]byte("é"), 300))), 120)
	require.Empty(t, firstLine(nil))
}

// TestSession_MakesARequestOnce: after a cut a stream gives what it has no answer to; a
// request that is under way, or whose answer waits to be sent, is not made again.
func TestSession_MakesARequestOnce(t *testing.T) {
	made, release := make(chan struct{}, 9), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		made <- struct{}{}
		<-release
	}))
	defer receiver.Close()
	s := &session{
		Options: Options{Out: &Report{Out: io.Discard}}, forward: newForwarder(target(t, receiver.URL), false, false),
		answers: newAnswers(nil, "wh_1"), underWay: map[key]bool{},
	}
	give := func() {
		s.take(context.Background(), event{"delivery", []byte(`{"delivery":"dlv_1","attempt":1,"headers":[],"body_base64":"e30=","timeout_ms":30000}`)})
	}
	give()
	<-made
	give()
	close(release)
	s.work.Wait()
	give()
	s.work.Wait()
	require.Empty(t, made, "it was under way, then its answer waited")
	_, waiting := s.answers.next()
	require.Len(t, waiting, 1)
	s.answers.drop(1)
	give()
	s.work.Wait()
	require.Len(t, made, 1, "the server has not taken the answer, so it is wanted again")
}
