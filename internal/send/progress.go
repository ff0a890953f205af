package send

import (
	"net/http/httptrace"
	"sync/atomic"
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

// progress records the furthest phase. A connection that was begun for this
// attempt may go on after the attempt took another one, so it never goes back.
type progress struct{ furthest atomic.Int32 }

func (p *progress) phase() phase { return phase(p.furthest.Load()) }

func (p *progress) reach(to phase) {
	for {
		now := p.furthest.Load()
		if now >= int32(to) || p.furthest.CompareAndSwap(now, int32(to)) {
			return
		}
	}
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { p.reach(phaseLookup) },
		ConnectStart:         func(_, _ string) { p.reach(phaseConnect) },
		TLSHandshakeStart:    func() { p.reach(phaseTLS) },
		GotConn:              func(httptrace.GotConnInfo) { p.reach(phaseSend) },
		GotFirstResponseByte: func() { p.reach(phaseAnswer) },
	}
}
