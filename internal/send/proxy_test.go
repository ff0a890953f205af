package send

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// forwarder is a proxy that makes tunnels, and keeps what it was asked for.
type forwarder struct {
	mu    sync.Mutex
	asked []*http.Request
}

func (f *forwarder) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// serve answers CONNECT as a proxy does.
func (f *forwarder) serve(c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	f.mu.Lock()
	f.asked = append(f.asked, req)
	f.mu.Unlock()
	if req.Method != http.MethodConnect {
		_, _ = io.WriteString(c, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
		return
	}
	target, err := net.Dial("tcp", req.Host)
	if err != nil {
		_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	defer target.Close()
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(target, c)
		target.Close()
	}()
	_, _ = io.Copy(c, target)
}

func proxied(t *testing.T, raw string, o Options) *Sender {
	u, err := url.Parse(raw)
	require.NoError(t, err)
	o.Proxy = u
	return newSender(t, o)
}

// Both kinds of targets go through a tunnel, over both kinds of proxies.
func TestProxy_CarriesEveryConnection(t *testing.T) {
	ca := newAuthority(t)
	certs := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}}
	plain := listen(t, afterRequest(func(c net.Conn) { _, _ = io.WriteString(c, emptyOK) })).url
	secured := serveTLS(t, certs.Clone()).URL
	for scheme, serve := range map[string]func(*forwarder) func(net.Conn){
		"http": func(f *forwarder) func(net.Conn) { return f.serve },
		"https": func(f *forwarder) func(net.Conn) {
			return func(c net.Conn) {
				c = tls.Server(c, certs)
				defer c.Close()
				f.serve(c)
			}
		},
	} {
		for _, target := range []string{plain, secured, strings.Replace(plain, "127.0.0.1", "localhost", 1)} {
			f := &forwarder{}
			r := listen(t, serve(f))
			address := strings.TrimSuffix(strings.TrimPrefix(r.url, "http://"), "/hook")
			s := proxied(t, scheme+"://user:p%40ss@"+address, Options{roots: ca.pool()})
			for range 2 {
				result := attempt(t, s, message(target))
				require.Equal(t, hook.Success, result.Outcome, result.Error)
			}
			for _, asked := range f.requests() {
				u, err := url.Parse(target)
				require.NoError(t, err)
				require.Equal(t, http.MethodConnect, asked.Method)
				require.Equal(t, "127.0.0.1:"+u.Port(), asked.Host, "an address, which the proxy need not look up")
				asked.Header.Set("Authorization", asked.Header.Get("Proxy-Authorization"))
				user, password, _ := asked.BasicAuth()
				require.Equal(t, "user p@ss", user+" "+password)
			}
			if target == secured {
				require.Len(t, f.requests(), 1, "the tunnel is kept")
			}
		}
	}
}

// The proxy is not asked for what may not be dialled.
func TestProxy_KeepsTheGuard(t *testing.T) {
	f := &forwarder{}
	s := proxied(t, strings.TrimSuffix(listen(t, f.serve).url, "/hook"), Options{})
	for _, target := range []string{"http://10.0.0.1/", "https://169.254.169.254/", "http://[fd00::1]/", "https://127.0.0.1:6379/"} {
		result := attempt(t, s, message(target))
		require.Equal(t, hook.ReasonBlockedAddress, result.Reason, target)
	}
	require.Empty(t, f.requests())
}

func TestProxy_FailuresAreToldApart(t *testing.T) {
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, text)
		}
	}
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		want  hook.Reason
		words string
	}{
		"refuses the destination": {answer("HTTP/1.1 403 Forbidden\r\n\r\n"), hook.ReasonBlockedAddress, "destination not permitted by Godwit's egress proxy"},
		"refuses the password":    {answer("HTTP/1.1 407 Who are you\r\n\r\n"), hook.ReasonInternal, "Godwit's egress proxy refused its user or password (407)"},
		"can't reach it":          {answer("HTTP/1.1 502 Bad Gateway\r\n\r\n"), hook.ReasonConnect, "Godwit's egress proxy could not reach the receiver (502)"},
		"is busy":                 {answer("HTTP/1.1 503 Busy\r\n\r\n"), hook.ReasonConnect, "Godwit's egress proxy could not reach the receiver (503)"},
		"waited in vain":          {answer("HTTP/1.1 504 Slow\r\n\r\n"), hook.ReasonConnectTimeout, "Godwit's egress proxy got no connection to the receiver in time (504)"},
		"is none":                 {answer("HTTP/1.1 404 Not Found\r\n\r\n"), hook.ReasonInternal, "Godwit's egress proxy answered CONNECT with 404"},
		"says nonsense":           {answer("SSH-2.0-OpenSSH_9.2\r\n"), hook.ReasonInternal, "Godwit's egress proxy gave no valid answer"},
		"hangs up":                {func(net.Conn) {}, hook.ReasonInternal, "Godwit's egress proxy gave no valid answer"},
	} {
		t.Run(name, func(t *testing.T) {
			s := proxied(t, strings.Replace(strings.TrimSuffix(listen(t, tt.serve).url, "/hook"), "://", "://user:hush@", 1), Options{})
			result := attempt(t, s, message("http://127.0.0.1:1/"))
			require.Equal(t, tt.want, result.Reason)
			require.Equal(t, tt.words, result.Error)
		})
	}
	t.Run("is silent", func(t *testing.T) {
		s := proxied(t, strings.TrimSuffix(listen(t, hang).url, "/hook"), Options{})
		result := attempt(t, s, hurried("http://127.0.0.1:1/"))
		require.Equal(t, hook.ReasonConnectTimeout, result.Reason)
		requireBrief(t, result)
	})
	t.Run("is not there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		l.Close()
		result := attempt(t, proxied(t, "http://user:hush@"+l.Addr().String(), Options{}), message("http://127.0.0.1:1/"))
		require.Equal(t, hook.ReasonInternal, result.Reason)
		require.Equal(t, "Godwit's egress proxy could not be reached", result.Error)
	})
}
