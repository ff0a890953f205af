package send

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"godwit/internal/hook"
)

func TestOwnTrouble_IsNoFailureOfTheReceiver(t *testing.T) {
	s := New(Options{EgressAllow: loopback()})
	t.Cleanup(s.Close)
	call := func(e syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", e)}
	}
	silent := time.Now()
	for name, tc := range map[string]struct {
		err  error
		at   phase
		want bool
	}{
		"no more files of the process":  {call(syscall.EMFILE), phaseConnect, true},
		"no more files of the system":   {call(syscall.ENFILE), phaseConnect, true},
		"no more memory":                {call(syscall.ENOMEM), phaseConnect, true},
		"no more buffers":               {call(syscall.ENOBUFS), phaseConnect, true},
		"no more ports":                 {call(syscall.EADDRNOTAVAIL), phaseConnect, true},
		"network down":                  {call(syscall.ENETDOWN), phaseConnect, true},
		"refused":                       {call(syscall.ECONNREFUSED), phaseConnect, false},
		"unreachable, with a way out":   {call(syscall.ENETUNREACH), phaseConnect, !routed()},
		"no answer of the name servers": {&net.DNSError{IsTimeout: true}, phaseLookup, true},
		"no such host":                  {&net.DNSError{IsNotFound: true}, phaseLookup, false},
		"no connection in time":         {context.DeadlineExceeded, phaseConnect, false},
		"no look-up in time":            {errTimeUp, phaseLookup, true},
		"reset":                         {call(syscall.ECONNRESET), phaseSend, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, s.own(tc.err, tc.at, silent)) })
	}
	s.nameservers.hear(1)
	require.False(t, s.own(&net.DNSError{IsTemporary: true}, phaseLookup, silent), "they have answered")
	require.False(t, s.own(errTimeUp, phaseLookup, silent))
}

func TestOwnTrouble_OfNameServers(t *testing.T) {
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	s := New(Options{EgressAllow: loopback()})
	t.Cleanup(s.Close)
	s.ask(gone.LocalAddr().String())
	result := attempt(t, s, message("http://receiver.example/"))
	require.Equal(t, hook.ReasonInternal, result.Reason)
	require.True(t, result.Own)

	// One that answers that it can't find out speaks of the receiver's name.
	helpless := New(Options{EgressAllow: loopback()})
	t.Cleanup(helpless.Close)
	resolveWith(t, helpless, func(int) ([]string, dnsmessage.RCode) { return nil, dnsmessage.RCodeServerFailure })
	result = attempt(t, helpless, message("http://receiver.example/"))
	require.Equal(t, hook.ReasonDNS, result.Reason)
	require.False(t, result.Own)
}

// frozenURL tells the process that TestFreeze_LetsAnswersCount starts where to
// send.
const frozenURL = "GODWIT_TEST_FROZEN_URL"

// sendAndBeFrozen is that process.
func sendAndBeFrozen(url string) {
	s := New(Options{EgressAllow: loopback(), Timeout: time.Second})
	defer s.Close()
	result, err := s.Send(context.Background(), message(url))
	fmt.Printf("ended: %s %s %d %t %v\n", result.Outcome, result.Reason, result.StatusCode, result.Own, err)
}

// A process that was frozen for longer than its attempts may take finds the
// answers that came in time.
func TestFreeze_LetsAnswersCount(t *testing.T) {
	for name, answers := range map[string]bool{"answered": true, "not answered": false} {
		t.Run(name, func(t *testing.T) {
			arrived, answer := make(chan struct{}), make(chan struct{})
			receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				close(arrived)
				<-answer
			}))
			defer receiver.Close()
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), frozenURL+"="+receiver.URL)
			out, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			<-arrived
			require.NoError(t, child.Process.Signal(syscall.SIGSTOP))
			if answers {
				close(answer)
			}
			woken := time.AfterFunc(4*time.Second, func() { _ = child.Process.Signal(syscall.SIGCONT) })
			defer woken.Stop()
			var said string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "ended: ") {
					said = lines.Text()
				}
			}
			require.NoError(t, child.Wait())
			if answers {
				require.Equal(t, "ended: success  200 false <nil>", said)
			} else {
				close(answer)
				require.Equal(t, "ended: failure internal 0 true <nil>", said, "nobody knows whether it would have come in time")
			}
		})
	}
}

func TestWithin_EndsInTime(t *testing.T) {
	ctx, cancel := within(context.Background(), 10*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), errTimeUp)
	parent, stop := context.WithCancelCause(context.Background())
	ctx, cancel = within(parent, time.Hour)
	defer cancel()
	stop(errors.New("stopped"))
	<-ctx.Done()
	require.EqualError(t, context.Cause(ctx), "stopped")
}
