package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wire is a way to a process that can be cut. Of several processes it leads to the first
// that takes connections.
type wire struct {
	net.Listener
	mu     sync.Mutex
	conns  []net.Conn
	closed bool // takes no connections
}

func newWire(t testing.TB, to ...string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{Listener: l}
	t.Cleanup(func() { _ = l.Close(); w.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out := w.dial(to)
			if out == nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, in, out)
			w.mu.Unlock()
			pass := func(a, b net.Conn) { _, _ = io.Copy(a, b); _, _ = a.Close(), b.Close() }
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return w
}

// dial gives nil when there is nobody, or the wire is closed.
func (w *wire) dial(to []string) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, address := range to {
		if conn, err := net.Dial("tcp", address); err == nil && !w.closed {
			return conn
		}
	}
	return nil
}

// close takes no connections any more, or takes them again.
func (w *wire) close(closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = closed
}

// cut ends every connection.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// listen starts godwit listen of the stage's user.
func (c *stageClient) listen(t testing.TB, at, to string, args ...string) *process {
	t.Helper()
	args = append([]string{"listen", "--forward-to", to, "--owner", c.prefix + "u", "--name", c.prefix + "laptop", "--json"}, args...)
	p := run(t, exec.Command(built(t, "godwit"), args...), map[string]string{"GODWIT_URL": at, "GODWIT_KEY": c.key})
	p.waitFor(t, func(line string) bool { return line == `{"type":"ready"}` })
	return p
}

// told gives what godwit listen has said of a kind.
func (p *process) told(t testing.TB, kind string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(p.output.String()) {
		var object map[string]any
		if json.Unmarshal([]byte(line), &object) == nil && object["type"] == kind {
			all = append(all, object)
		}
	}
	return all
}

// interrupt ends godwit listen as Ctrl-C does.
func (p *process) interrupt(t testing.TB) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	<-p.exited
	<-p.output.ended
	require.Equal(t, 130, p.cmd.ProcessState.ExitCode(), p.output.String())
}

// arrivals counts requests by the ids of their events.
func (r *receiver) arrivals() map[string]int {
	out := map[string]int{}
	for _, q := range r.all() {
		out[q.header.Get("webhook-id")]++
	}
	return out
}

// TestListen_IsQuick: an event is at the receiver in a moment.
func TestListen_IsQuick(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	l := c.listen(t, c.base, r.URL)
	var took []time.Duration
	for range 40 {
		began := time.Now()
		c.post(t)
		<-r.arrived
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("listen: from event to request p50 %s, p95 %s", took[20], took[38])
	require.Less(t, took[20], 100*time.Millisecond)
	l.interrupt(t)
}

// TestListen_KeepsWhatComesWhileTheReceiverIsDown: nothing is lost, and the receiver
// gets it when it is there.
func TestListen_KeepsWhatComesWhileTheReceiverIsDown(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := free.Addr().String()
	require.NoError(t, free.Close())
	l := c.listen(t, c.base, "http://"+at)
	events := []string{c.post(t), c.post(t)}
	l.waitFor(t, func(line string) bool {
		return strings.HasPrefix(line, `{"address":`) && strings.Contains(line, `"down"`)
	})
	events = append(events, c.post(t))
	got := make(chan string, 10)
	receiver := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("webhook-id") })}
	again, err := net.Listen("tcp", at)
	require.NoError(t, err)
	go func() { _ = receiver.Serve(again) }()
	defer receiver.Close()
	var arrived []string
	for range events {
		arrived = append(arrived, <-got)
	}
	require.ElementsMatch(t, events, arrived)
	for _, id := range events {
		require.Len(t, c.delivery(t, id, status("succeeded"))["attempts"], 1, "it has used up nothing")
	}
	l.interrupt(t)
	require.Len(t, l.told(t, "summary"), 1)
	require.Empty(t, c.get(t, "/v1/listeners?owner_id="+c.prefix+"u")["data"], "it is removed")
}

// TestListen_Ends: by --once, by --timeout, and not to other machines.
func TestListen_Ends(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	l := c.listen(t, c.base, r.URL, "--once", "1")
	c.post(t)
	<-l.exited
	require.Equal(t, 0, l.cmd.ProcessState.ExitCode(), l.output.String())

	env := map[string]string{"GODWIT_URL": c.base, "GODWIT_KEY": c.key}
	own := []string{"listen", "--owner", c.prefix + "u", "--name", c.prefix + "laptop"}
	out, code := runCommand(t, env, append(own, "--forward-to", r.URL, "--once", "1", "--timeout", "300ms")...)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "Ready.")
	first, code := runCommand(t, env, append(own, "--print-secret")...)
	require.Zero(t, code)
	second, _ := runCommand(t, env, append(own, "--print-secret")...)
	require.Equal(t, first, second)
	require.Contains(t, out, strings.TrimSpace(first))
	_, code = runCommand(t, map[string]string{"GODWIT_URL": c.base, "GODWIT_KEY": "wrong-key-of-nobody"}, append(own, "--print-secret")...)
	require.Equal(t, 3, code)
	_, code = runCommand(t, env, "listen")
	require.Equal(t, 2, code)

	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	out, code = runCommand(t, env, append(own, "--forward-to", "http://192.0.2.1:"+u.Port())...)
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "192.0.2.1 is not this machine")
	require.Contains(t, out, "--allow-external")
	require.NotContains(t, out, "Ready.")

	l = c.listen(t, c.base, r.URL)
	again, code := runCommand(t, env, append(own, "--print-secret")...)
	require.Zero(t, code, "while something listens: %s", again)
	require.Contains(t, l.output.String(), strings.TrimSpace(again))
	c.post(t)
	<-r.arrived
	l.interrupt(t)
}

// TestListen_KeepsATest, which a user's godwit trigger sends, while the receiver is down.
func TestListen_KeepsATest(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := free.Addr().String()
	require.NoError(t, free.Close())
	l := c.listen(t, c.base, "http://"+at)
	id := c.get(t, "/v1/listeners?owner_id="+c.prefix+"u")["data"].([]any)[0].(map[string]any)["id"].(string)
	test := c.send(t, http.MethodPost, "/v1/webhooks/"+id+"/test", map[string]any{"type": "TODO_CREATED"}).json(t, http.StatusAccepted)
	l.waitFor(t, func(line string) bool {
		return strings.HasPrefix(line, `{"address":`) && strings.Contains(line, `"down"`)
	})
	got := make(chan string, 10)
	receiver := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Godwit-Delivery") })}
	again, err := net.Listen("tcp", at)
	require.NoError(t, err)
	go func() { _ = receiver.Serve(again) }()
	defer receiver.Close()
	require.Equal(t, test["delivery_id"], <-got)
	var d map[string]any
	eventually(t, func() (bool, string) {
		d = c.get(t, "/v1/deliveries/"+test["delivery_id"].(string))
		return d["status"] == "succeeded", fmt.Sprint(d)
	})
	require.Len(t, d["attempts"], 1, "it has used up nothing")
	l.interrupt(t)
}
