package send

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync/atomic"

	"godwit/internal/hook"
)

// phase is how far an attempt got.
type phase int32

const (
	phaseBegin   phase = iota
	phaseLookup        // looking up the name
	phaseConnect       // connecting
	phaseTLS           // in the TLS handshake
	phaseSend          // has a connection, has seen no answer
	phaseAnswer        // the first byte of an answer arrived
)

// maxHandshakes bounds the TLS connections of one attempt. An HTTP/2 server may
// say of a request that it was not looked at, and then net/http connects anew
// and sends it again, without an end if it always says so.
const maxHandshakes = 3

// progressKey is where the context of a request, and of the connection that is
// made for it, has the progress: crypto/tls hands nothing else through.
type progressKey struct{}

// progress records the furthest phase. A connection that was begun for this
// attempt may go on after the attempt took another one, so it never goes back.
type progress struct {
	furthest   atomic.Int32
	handshakes atomic.Int32
	// reused: the last connection that was got had carried a request before; http2
	// says what is spoken over it.
	reused, http2 atomic.Bool
	// asked and shown: the receiver wanted a client certificate, and got one.
	asked, shown atomic.Bool
	// giveUp ends the attempt.
	giveUp func()
}

func (p *progress) phase() phase { return phase(p.furthest.Load()) }

func (p *progress) reach(to phase) {
	for {
		now := p.furthest.Load()
		if now >= int32(to) || p.furthest.CompareAndSwap(now, int32(to)) {
			return
		}
	}
}

func (p *progress) handshake() {
	p.reach(phaseTLS)
	if p.handshakes.Add(1) > maxHandshakes {
		p.giveUp()
	}
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { p.reach(phaseLookup) },
		ConnectStart:         func(_, _ string) { p.reach(phaseConnect) },
		TLSHandshakeStart:    p.handshake,
		GotConn:              p.got,
		GotFirstResponseByte: func() { p.reach(phaseAnswer) },
	}
}

func (p *progress) got(info httptrace.GotConnInfo) {
	p.reused.Store(info.Reused)
	secured, ok := info.Conn.(*tls.Conn)
	p.http2.Store(ok && secured.ConnectionState().NegotiatedProtocol == "h2")
	p.reach(phaseSend)
}

// stale says whether err is that a connection which was kept broke before any
// byte of an answer came. Over HTTP/2 an error without a type is the receiver's
// word on the request, not the end of the connection. What was made anew as often as
// an attempt may was not kept.
func (p *progress) stale(err error) bool {
	if !p.reused.Load() || p.phase() != phaseSend || p.handshakes.Load() >= maxHandshakes {
		return false
	}
	return brokenConnection(err) || !p.http2.Load() && reasonOf(err, phaseSend) == hook.ReasonReset
}
