package e2e_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// misbehave is what a receiver does to a connection instead of serving it.
type misbehave func(c net.Conn)

// answers reads the request and writes text, again and again when more is set,
// and holds the connection until the sender hangs up.
func answers(text, more string) misbehave {
	return func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		_, err = io.WriteString(c, text)
		for err == nil && more != "" {
			_, err = io.WriteString(c, more)
		}
		_, _ = io.Copy(io.Discard, c)
	}
}

// slowly is answers with a pause before each piece.
func slowly(text, piece string) misbehave {
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		_, err := io.WriteString(c, text)
		for err == nil {
			<-tick.C
			_, err = io.WriteString(c, piece)
		}
	}
}

// closes is answers that ends the connection at once.
func closes(text string) misbehave {
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, text)
		}
	}
}

func resets(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// presents offers a certificate that no sender should take: it signs itself, for
// a name (empty: for the address that was called) and until a time.
func presents(host string, until time.Time) misbehave {
	return func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if host == "" {
				return certificate(hello.Conn.LocalAddr().(*net.TCPAddr).IP, "", until)
			}
			return certificate(nil, host, until)
		}}).Handshake()
	}
}

func certificate(ip net.IP, host string, until time.Time) (*tls.Certificate, error) {
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until}
	if ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// raw is a receiver that misbehaves on its first connection and is well on all
// after it.
func raw(t testing.TB, first misbehave) string {
	t.Helper()
	l := listenAlone(t)
	var open sync.Map
	var group sync.WaitGroup
	var seen atomic.Int32
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(c, true)
			group.Go(func() {
				defer c.Close()
				if seen.Add(1) == 1 {
					first(c)
					return
				}
				closes("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		group.Wait()
	})
	return "http://" + l.Addr().String()
}

// hostility is a way to answer, and the reason that its attempt must have;
// empty: it is a success.
type hostility struct {
	answer misbehave
	want   string
}

func hostilities(t testing.TB) map[string]hostility {
	t.Helper()
	const ok, endless = "HTTP/1.1 200 OK\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	hour := time.Hour
	return map[string]hostility{
		"101, then silence":    {answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", ""), "protocol"},
		"silence":              {answers("", ""), "timeout_headers"},
		"slow header":          {slowly(ok+"X-A: ", "a"), "timeout_headers"},
		"slow body":            {slowly(ok+"\r\n", "a"), "timeout_body"},
		"endless body":         {answers(ok+"\r\n", endless), ""},
		"endless headers":      {answers(ok, "X-A: "+endless+"\r\n"), "protocol"},
		"endless interims":     {answers("", "HTTP/1.1 100 Continue\r\n\r\n"), "protocol"},
		"half a body":          {closes(ok + "Content-Length: 9\r\n\r\nhalf"), ""},
		"bad status line":      {closes("SSH-2.0-OpenSSH\r\n\r\n"), "protocol"},
		"invalid UTF-8":        {closes("HTTP/1.1 500 \xff\xfe\x00bad\r\nX-A: \xff\r\nContent-Length: 3\r\n\r\n\x00\xff!"), "status_5xx"},
		"NUL in a header":      {closes(ok + "X-A: a\x00b\r\n\r\n"), "protocol"},
		"two lengths":          {closes(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "protocol"},
		"bad chunks":           {closes(ok + "Transfer-Encoding: chunked\r\n\r\nzzz\r\n"), ""},
		"reset":                {resets, "reset"},
		"no answer":            {closes(""), "reset"},
		"redirect":             {closes("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), "redirect"},
		"expired certificate":  {presents("", time.Now().Add(-hour)), "tls_expired"},
		"own certificate":      {presents("", time.Now().Add(hour)), "tls_unknown_authority"},
		"other's certificate":  {presents("shop.example", time.Now().Add(hour)), "tls_hostname"},
		"silence in handshake": {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "tls"},
	}
}

// TestHostileReceivers lets every webhook of one event meet a receiver of its
// own kind: each attempt is stored with its reason, each delivery goes on to
// its next attempt, and a good receiver waits for none of them.
func TestHostileReceivers(t *testing.T) {
	receivers := hostilities(t)
	c := newStage(t, sharedStack(t).standalone)
	names := map[any]string{}
	for name, r := range receivers {
		url := raw(t, r.answer)
		if strings.HasPrefix(r.want, "tls") {
			url = strings.Replace(url, "http:", "https:", 1)
		}
		names[c.webhook(t, url, map[string]any{"timeout_seconds": 1})["id"]] = name
	}
	good := newReceiver(t, nil)
	c.webhook(t, good.URL, nil)
	event := c.post(t)
	good.wait(t, 1)

	for _, item := range c.get(t, "/v1/deliveries?limit=200&event_id="+event)["data"].([]any) {
		d := item.(map[string]any)
		name, hostile := names[d["webhook_id"]]
		if !hostile {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := receivers[name].want
			d := c.attempted(t, d["id"].(string), want)
			first := d["attempts"].([]any)[0].(map[string]any)
			require.Equal(t, want == "", first["reason"] == nil, first)
			if want != "" {
				require.Equal(t, want, first["reason"])
				require.NotEmpty(t, first["error"])
			}
			require.Less(t, first["duration_ms"], 1000.0+5000)
		})
	}
}

// attempted waits until a delivery has ended well, or, where no second attempt
// could (its receiver speaks no TLS), until it has made one.
func (c *stageClient) attempted(t testing.TB, id, want string) map[string]any {
	t.Helper()
	var got map[string]any
	eventually(t, func() (bool, string) {
		got = c.get(t, "/v1/deliveries/"+id)
		if strings.HasPrefix(want, "tls") {
			return len(got["attempts"].([]any)) > 1, "no second attempt"
		}
		return got["status"] == "succeeded", "not delivered"
	})
	return got
}
