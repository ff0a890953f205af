package send

import (
	"crypto/tls"
	"net"
	"net/http"
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
	idleTimeout    = 30 * time.Second
	// pingAfter and pingTimeout find HTTP/2 connections that died silently.
	pingAfter   = 15 * time.Second
	pingTimeout = 10 * time.Second
)

// newTransport is used without http.Client, so nothing follows a redirect,
// keeps a cookie or puts the URL into an error. Without Accept-Encoding and
// with compression off, what arrives is what is kept.
func newTransport(dialer *net.Dialer, tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // the guard would see the proxy's address
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true, // an own dialer switches it off
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    tlsTimeout,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
	}
}
