package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// receiver is a webhook's receiver that keeps what it gets.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
	// answer gives the status of the n-th request (from 1); 0 hangs until release
	// and then ends the connection without an answer.
	answer  func(n int, r request) int
	release chan struct{}
	arrived chan struct{}
}

// request is one request that arrived.
type request struct {
	header http.Header
	body   []byte
}

// newReceiver starts a receiver; answer nil is always 204.
func newReceiver(t testing.TB, answer func(n int, r request) int) *receiver {
	t.Helper()
	return receiveOn(t, listenAlone(t), answer)
}

// receiveOn starts a receiver on a listener, which it closes in the end.
func receiveOn(t testing.TB, l net.Listener, answer func(n int, r request) int) *receiver {
	t.Helper()
	if answer == nil {
		answer = func(int, request) int { return http.StatusNoContent }
	}
	r := &receiver{answer: answer, release: make(chan struct{}), arrived: make(chan struct{}, 100_000)}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(r.serve))
	r.Listener.Close()
	r.Listener = l
	r.Start()
	t.Cleanup(func() { r.letGo(); r.Close() })
	return r
}

var listeners atomic.Uint32

// listenAlone listens on a loopback address that no other receiver of these
// tests has or had. A port alone may have been another test's receiver, whose
// webhook still calls it. The port is free at 127.0.0.1, too: one that a part of Godwit
// has there is no target at any address of this machine.
func listenAlone(t testing.TB) net.Listener {
	t.Helper()
	n := listeners.Add(1)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer free.Close()
	l, err := net.Listen("tcp", fmt.Sprintf("127.1.%d.%d:%d", n>>8, n&0xff, free.Addr().(*net.TCPAddr).Port))
	require.NoError(t, err)
	return l
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender was killed in the middle
	}
	got := request{req.Header.Clone(), body}
	r.mu.Lock()
	r.requests = append(r.requests, got)
	n := len(r.requests)
	r.mu.Unlock()
	r.arrived <- struct{}{}
	status := r.answer(n, got)
	if status == 0 {
		select {
		case <-r.release:
		case <-req.Context().Done():
		}
		panic(http.ErrAbortHandler) // ends the connection without an answer
	}
	w.WriteHeader(status)
}

// letGo ends the requests that hang.
func (r *receiver) letGo() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.release:
	default:
		close(r.release)
	}
}

// all gives what arrived so far.
func (r *receiver) all() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request(nil), r.requests...)
}

// ids counts the requests for each webhook-id.
func (r *receiver) ids() map[string]int {
	out := make(map[string]int)
	for _, req := range r.all() {
		out[req.header.Get("webhook-id")]++
	}
	return out
}

// wait waits for the next n requests and gives all.
func (r *receiver) wait(t testing.TB, n int) []request {
	t.Helper()
	eventually(t, func() (bool, string) { return len(r.all()) >= n, "too few requests" })
	got := r.all()
	require.GreaterOrEqual(t, len(got), n)
	return got
}
