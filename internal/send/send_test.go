package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/retry"
)

// Each status code that can be an answer, over a real connection.
func TestEveryStatus(t *testing.T) {
	s := newSender(t, Options{})
	var status atomic.Int32
	r := listen(t, afterRequest(func(c net.Conn) {
		fmt.Fprintf(c, "HTTP/1.1 %03d Whatever\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status.Load())
	}))
	for code := 200; code <= 599; code++ {
		status.Store(int32(code))
		requireStatus(t, attempt(t, s, message(r.url)), code)
	}
	for _, code := range []int{0, 99, 101, 600, 999} {
		status.Store(int32(code))
		requireStatus(t, attempt(t, s, message(r.url)), code)
	}
}

func requireStatus(t *testing.T, result hook.Result, code int) {
	outcome, reason := retry.Classify(code)
	require.Equal(t, code, result.StatusCode)
	require.Equal(t, outcome, result.Outcome, code)
	require.Equal(t, reason, result.Reason, code)
	require.Equal(t, outcome == hook.Success, result.Error == "", code)
}

func TestResultOfAnAnswer(t *testing.T) {
	r := listen(t, say("HTTP/1.1 503 Busy\r\nX-B: 2\r\nX-A: 1\r\nx-b: 3\r\nRetry-After: 120\r\nContent-Length: 5\r\n\r\nlater"))
	result := attempt(t, newSender(t, Options{}), message(r.url+"?token=a"))
	require.Equal(t, hook.Failure, result.Outcome)
	require.Equal(t, hook.ReasonStatus5xx, result.Reason)
	require.Equal(t, "the receiver answered 503 Service Unavailable", result.Error)
	require.Equal(t, 503, result.StatusCode)
	require.Equal(t, 2*time.Minute, result.RetryAfter)
	require.Equal(t, r.url+"?token=a", result.URL)
	require.Equal(t, []hook.Header{
		{Name: "Content-Length", Value: "5"}, {Name: "Retry-After", Value: "120"},
		{Name: "X-A", Value: "1"}, {Name: "X-B", Value: "2"}, {Name: "X-B", Value: "3"},
	}, result.ResponseHeaders)
	require.Equal(t, "later", string(result.ResponseBody))
	require.False(t, result.Truncated)
	require.Positive(t, result.Duration)
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		status int
		value  string
		want   time.Duration
	}{
		{429, "7", 7 * time.Second},
		{503, "7", 7 * time.Second},
		{429, "999999", time.Hour},
		{429, "Fri, 31 Dec 9999 23:59:59 GMT", time.Hour},
		{503, "-1", 0},
		{503, "soon", 0},
		{500, "7", 0},
		{302, "7", 0},
		{200, "7", 0},
	}
	s := newSender(t, Options{})
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, tt.value), func(t *testing.T) {
			r := listen(t, say(fmt.Sprintf("HTTP/1.1 %d X\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", tt.status, tt.value)))
			require.Equal(t, tt.want, attempt(t, s, message(r.url)).RetryAfter)
		})
	}
}

func TestCookiesAreNotKept(t *testing.T) {
	var cookies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	}))
	defer server.Close()
	s := newSender(t, Options{})
	attempt(t, s, message(server.URL))
	attempt(t, s, message(server.URL))
	require.Equal(t, []string{"", ""}, cookies)
}

func TestConnectionIsReused(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := newSender(t, Options{})
	for range 20 {
		require.Equal(t, hook.Success, attempt(t, s, message(server.URL)).Outcome)
	}
	require.EqualValues(t, 1, opened.Load())
}

func TestConcurrentSends(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Godwit-Delivery"))
	}))
	defer server.Close()
	s := newSender(t, Options{})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			m := message(server.URL)
			m.DeliveryID = fmt.Sprintf("dlv_%d", i)
			result, err := s.Send(context.Background(), m)
			if err != nil || string(result.ResponseBody) != m.DeliveryID {
				t.Errorf("%s: %q, %v", m.DeliveryID, result.ResponseBody, err)
			}
		})
	}
	wg.Wait()
}

// A shutdown is told apart from a timeout, so that no receiver is charged.
func TestCallerGivesUp(t *testing.T) {
	s := newSender(t, Options{})
	shutdown := errors.New("shutdown")
	t.Run("before", func(t *testing.T) {
		r := listen(t, hang)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(shutdown)
		result, err := s.Send(ctx, message(r.url))
		require.ErrorIs(t, err, shutdown)
		require.Zero(t, result)
		require.Zero(t, r.connections())
	})
	t.Run("while the receiver is silent", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := listen(t, afterRequest(func(c net.Conn) {
			cancel(shutdown)
			hang(c)
		}))
		result, err := s.Send(ctx, message(r.url))
		require.ErrorIs(t, err, shutdown)
		require.ErrorContains(t, err, "attempt 2 of dlv_1")
		require.Zero(t, result)
	})
	t.Run("by its own deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), brief)
		defer cancel()
		_, err := s.Send(ctx, message(listen(t, sayAndHang("")).url))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// The status line is there: the caller gets what it knows, so that what was
// delivered is not delivered again.
func TestCallerGivesUpInTheBody(t *testing.T) {
	s := newSender(t, Options{})
	for status, want := range map[string]hook.Reason{"200 OK": "", "500 Oops": hook.ReasonStatus5xx} {
		t.Run(status, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := listen(t, sayAndHang("HTTP/1.1 "+status+"\r\nContent-Length: 100\r\n\r\nhalf"))
			timer := time.AfterFunc(lull, cancel)
			defer timer.Stop()
			result, err := s.Send(ctx, message(r.url))
			require.NoError(t, err)
			require.Equal(t, want, result.Reason)
			require.Equal(t, want == "", result.Outcome == hook.Success)
			require.True(t, result.Truncated)
			require.Equal(t, "half", string(result.ResponseBody))
		})
	}
}

func TestTimeouts(t *testing.T) {
	r := listen(t, sayAndHang(""))
	t.Run("the sender's own", func(t *testing.T) {
		result := attempt(t, newSender(t, Options{Timeout: brief}), message(r.url))
		require.Equal(t, hook.ReasonTimeoutHeaders, result.Reason)
		requireBrief(t, result)
	})
	t.Run("the webhook's goes before", func(t *testing.T) {
		result := attempt(t, newSender(t, Options{Timeout: time.Hour}), hurried(r.url))
		require.Equal(t, "the receiver did not answer within 200ms", result.Error)
		requireBrief(t, result)
	})
	t.Run("default", func(t *testing.T) {
		require.Equal(t, 10*time.Second, newSender(t, Options{}).timeout)
	})
}

func TestURLIsShownWithoutPassword(t *testing.T) {
	require.Equal(t, "https://a.example/x?y=z", withoutPassword("https://a.example/x?y=z"))
	require.Equal(t, "https://hidden@a.example/x?y=z", withoutPassword("https://me:s3cret@a.example/x?y=z"))
	require.Equal(t, "\uFFFDhttps://\uFFFD", withoutPassword("\x00https://\xff"))
	require.Len(t, withoutPassword(string(make([]byte, 9000))), 2046)
}

// No secret of the webhook is anywhere in a result but in its own URL.
func TestNothingSecretInResults(t *testing.T) {
	m := hurried("http://127.0.0.1:1/?q=0123456789")
	m.Webhook.Headers = map[string]string{"Authorization": "Bearer s3cret"}
	m.Webhook.Secret = testSecret
	result := attempt(t, newSender(t, Options{}), m)
	require.Equal(t, hook.ReasonConnectRefused, result.Reason)
	shown := fmt.Sprintf("%+v", result)
	require.NotContains(t, shown, "s3cret")
	require.NotContains(t, shown, testSecret)
	require.NotContains(t, result.Error, "127.0.0.1")
}
