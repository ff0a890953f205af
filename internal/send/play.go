package send

import (
	"net/url"
	"strings"

	"godwit/internal/hook"
)

// ownPlay is the way to the play receiver of this process. Its guard is the Sender's,
// but does not spare the address of the API: that may be delivered to below this one
// path, which only keeps what it is sent.
type ownPlay struct {
	path       string
	guard      guard
	transports transports
}

// newOwnPlay gives nil where the play receiver is no target. Behind the operator's
// proxy it is none: loopback is another machine there.
func newOwnPlay(o Options) *ownPlay {
	if o.Play == "" || o.Proxy != nil {
		return nil
	}
	g := newGuard(o.EgressAllow)
	return &ownPlay{o.Play, g, newTransports(newDialer(g, new(nameservers)).DialContext, newTLSConfig(nil, o.roots))}
}

// leadsTo says whether the URL has the form of a play address. Its path goes into the
// request as it is, so none with dots or escapes in it counts.
func (p *ownPlay) leadsTo(raw string) bool {
	if p == nil || !strings.Contains(raw, p.path) {
		return false
	}
	u, err := url.Parse(raw)
	if err != nil || u.RawPath != "" {
		return false
	}
	id, found := strings.CutPrefix(u.Path, p.path)
	return found && hook.ValidPlayID(id)
}
