package send

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"godwit/internal/hook"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(frozenURL); url != "" {
		sendAndBeFrozen(url)
		os.Exit(0)
	}
	// Package net/http logs what it finds odd, a line for each of a flood.
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

const (
	// brief is the timeout of attempts that are meant to run into it; slack is
	// how much later they may end on a busy machine.
	brief = 200 * time.Millisecond
	slack = 2 * time.Second
	// lull is how long a test lets what was written arrive, where the other side
	// can't say that it has read it.
	lull = 500 * time.Millisecond

	// testSecret is `seq -s '' 10 41 | head -c 32 | base64` behind the prefix.
	testSecret = "whsec_MTAxMTEyMTMxNDE1MTYxNzE4MTkyMDIxMjIyMzI0MjU="
	oldSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// newSender makes a Sender that may dial loopback.
func newSender(t testing.TB, o Options) *Sender {
	o.EgressAllow = loopback()
	o.Version = "1.2.3"
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

func message(target string) Message {
	return Message{
		Webhook: hook.Webhook{
			ID: "wh_1", Name: "Warehouse", URL: target, PayloadFormat: hook.FormatStandard,
			Status: hook.Healthy, Enabled: true,
			Rules: []hook.Rule{{Events: []string{"TODO_CREATED"}, Projects: []string{"p1"}}},
		},
		Event: hook.Event{
			ID: "evt_1", Type: "TODO_CREATED", ProjectID: "p1", CompanyID: "c1", ActorID: "u1",
			OccurredAt: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC),
			Sequence:   42, ProjectName: "Roadmap", CompanyName: "Acme",
			Current: json.RawMessage(`{"id":"t1"}`),
		},
		DeliveryID: "dlv_1", Attempt: 2,
		Secrets: []string{testSecret},
	}
}

// hurried is message with a timeout that the test is about to use up.
func hurried(target string) Message {
	m := message(target)
	m.Webhook.Timeout = brief
	return m
}

// attempt sends m and requires that the caller is given a result.
func attempt(t testing.TB, s *Sender, m Message) hook.Result {
	result, err := s.Send(t.Context(), m)
	require.NoError(t, err)
	return result
}

// receiver is a TCP server whose answers are written by hand.
type receiver struct {
	url   string
	mu    sync.Mutex
	conns []net.Conn
}

// accept counts a connection and keeps it for the end.
func (r *receiver) accept(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, c)
}

func (r *receiver) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

func (r *receiver) closeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
}

// listen calls answer for each connection and closes it afterwards. At the end
// of the test every connection is closed, which wakes whoever reads from it.
func listen(t testing.TB, answer func(net.Conn)) *receiver {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return serve(t, l, answer)
}

// serve is listen for a listener that is there.
func serve(t testing.TB, l net.Listener, answer func(net.Conn)) *receiver {
	r := &receiver{url: "http://" + l.Addr().String() + "/hook"}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.accept(c)
			wg.Go(func() {
				defer c.Close()
				answer(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.closeAll()
		wg.Wait()
	})
	return r
}

// afterRequest reads one whole request and leaves the answer to serve.
func afterRequest(serve func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err == nil {
			serve(c)
		}
	}
}

// say answers text and closes the connection.
func say(text string) func(net.Conn) {
	return afterRequest(func(c net.Conn) { _, _ = io.WriteString(c, text) })
}

// sayAndHang answers text and then nothing more, until the sender hangs up.
func sayAndHang(text string) func(net.Conn) {
	return afterRequest(func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		hang(c)
	})
}

// hang waits for the sender to hang up, and gives it longer than any attempt
// may take here: a test that is about to fail must not wait forever.
func hang(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(3 * slack))
	_, _ = io.Copy(io.Discard, c)
}

// flood answers start and then chunk forever, until the sender hangs up.
func flood(start, chunk string) func(net.Conn) {
	return afterRequest(func(c net.Conn) {
		_, err := io.WriteString(c, start)
		for err == nil {
			_, err = io.WriteString(c, chunk)
		}
	})
}

// requireBrief fails when a timeout did not end its attempt.
func requireBrief(t testing.TB, result hook.Result) {
	require.GreaterOrEqual(t, result.Duration, brief)
	require.Less(t, result.Duration, brief+slack)
}
