package send

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// dialTimeout bounds name lookup and connecting together.
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	// maxHeaderBytes bounds the answer's header, interim answers included: the
	// default is 10 MiB, and a flood of those costs 176 MiB.
	maxHeaderBytes = 64 << 10
	// maxIdle and maxIdlePerHost bound open connections that carry nothing, which
	// take about 20 KB each. One busy receiver must not pay a handshake for each
	// delivery: hundreds of attempts to it may be under way at once, and as many
	// connections come back together. A name is looked up once for each connection
	// that is made, so answers of DNS need not be kept.
	maxIdle        = 2048
	maxIdlePerHost = 512
	// idleTimeout is below the shortest one that is common among servers: Node and
	// Apache close a connection that was idle for 5 s.
	idleTimeout = 4 * time.Second
	// pingAfter and pingTimeout find HTTP/2 connections that died silently.
	pingAfter   = 15 * time.Second
	pingTimeout = 10 * time.Second
)

// transports are the two ways to a receiver: over a connection that may have
// been kept, and over a new one that is not kept.
type transports struct{ kept, fresh *http.Transport }

func newTransports(dial dialFunc, tlsConfig *tls.Config) transports {
	fresh := newTransport(dial, tlsConfig)
	fresh.DisableKeepAlives = true
	return transports{newTransport(dial, tlsConfig), fresh}
}

// newTransport is used without http.Client, so nothing follows a redirect,
// keeps a cookie or puts the URL into an error. Without Accept-Encoding and
// with compression off, what arrives is what is kept.
func newTransport(dial dialFunc, tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // the guard would see the proxy's address
		DialContext:            answering(dial),
		ForceAttemptHTTP2:      true, // an own dialer switches it off
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		TLSClientConfig:        tlsConfig.Clone(),
		TLSHandshakeTimeout:    tlsTimeout,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
	}
}

// dialFunc is net.Dialer.DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// answering makes connections whose answer is read although the receiver has
// stopped reading the request. A receiver may answer and close at the first
// byte, and net/http takes the error of a write for the end of the request.
func answering(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		answered := &answeringConn{Conn: c}
		answered.left.Store(maxLeft)
		return answered, nil
	}
}

// maxLeft bounds what is read once the receiver takes nothing more: an answer's
// header and the part of its body that is kept, with the framing of TLS and
// HTTP/2. A flood that lies in the socket costs no more than that.
const maxLeft = 2 * (maxHeaderBytes + maxBodyBytes)

type answeringConn struct {
	net.Conn
	broken atomic.Bool
	left   atomic.Int64
}

// Write drops what the other side no longer takes. What it has sent before can
// still be read, up to maxLeft, and then a read gives the error.
func (c *answeringConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if brokenConnection(err) {
		c.broken.Store(true)
		return len(b), nil
	}
	return n, err
}

func (c *answeringConn) Read(b []byte) (int, error) {
	if c.broken.Load() && c.left.Load() <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.Conn.Read(b)
	if c.broken.Load() {
		c.left.Add(-int64(n))
	}
	return n, err
}
