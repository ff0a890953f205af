package send

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"godwit/internal/hook"
)

// DefaultTimeout bounds an attempt where neither the webhook nor Options says.
const DefaultTimeout = 10 * time.Second

// errTimeUp is the cause of an attempt's own end, as against its caller's.
var errTimeUp = errors.New("the attempt's time is up")

// Options configures a Sender. The zero value is safe to use.
type Options struct {
	// EgressAllow lists networks that may be dialled although they are not
	// public. The default is none.
	EgressAllow []netip.Prefix
	// Proxy makes every connection, at the user and password that it holds; nil =
	// connections are made directly. Its scheme is http or https.
	Proxy *url.URL
	// Version goes into User-Agent. The default is "dev".
	Version string
	// Pages gives the base of links to the web app in chat messages; empty or nil = they
	// lead only where the event itself does.
	Pages func() string
	// Timeout bounds one attempt, all of it, where the webhook has none of its
	// own. The default is DefaultTimeout.
	Timeout time.Duration
	// Play is the path, such as /play/, below which this process's own API may be
	// delivered to, where it listens on a network that is allowed; empty = it may not.
	Play string
	// Exchange puts a request of a listener on the wire and gives the client's answer, or
	// says why there is none at the end of ctx. The error is that the wire can't be
	// reached. nil = there are no listeners.
	Exchange func(ctx context.Context, r hook.StreamRequest) (hook.Exchanged, error)
	// Now is the time that requests are signed with. The default is this machine's.
	Now func() time.Time

	// roots replaces the system's certificate authorities in tests.
	roots *x509.CertPool
}

// Sender makes attempts over connections that it keeps. It is safe for
// concurrent use. Make one with New.
type Sender struct {
	guard       guard
	dialer      *net.Dialer
	nameservers *nameservers
	transports  transports  // of webhooks without certificates
	identities  *identities // of all others
	play        *ownPlay    // nil = the play receiver of this process is no target
	keeper      *keeper
	origin      origin
	timeout     time.Duration
	exchange    func(context.Context, hook.StreamRequest) (hook.Exchanged, error)
	now         func() time.Time
}

// New makes a Sender.
func New(o Options) *Sender {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pages == nil {
		o.Pages = func() string { return "" }
	}
	g := newGuard(o.EgressAllow)
	servers := new(nameservers)
	dialer := newDialer(g, servers)
	dial := dialer.DialContext
	if o.Proxy != nil {
		dial = newProxy(o.Proxy, g, dialer.Resolver, o.roots).dial
	}
	return &Sender{
		play:        newOwnPlay(o),
		guard:       g,
		dialer:      dialer,
		nameservers: servers,
		transports:  newTransports(dial, newTLSConfig(nil, o.roots)),
		identities:  newIdentities(dial),
		keeper:      newKeeper(time.Now),
		origin:      origin{"Godwit/" + cmp.Or(o.Version, "dev"), o.Pages},
		timeout:     cmp.Or(o.Timeout, DefaultTimeout),
		exchange:    o.Exchange,
		now:         o.Now,
	}
}

// Spare makes addresses, as host:port, no targets, whatever is allowed: those of
// the installation's own services. A host may be a name.
func (s *Sender) Spare(addresses ...string) {
	s.guard.own.add(addresses...)
	if s.play != nil {
		s.play.guard.own.add(addresses...)
	}
}

// SpareAPI is Spare for the address of this process's API, but for the play receiver
// where Options.Play names it.
func (s *Sender) SpareAPI(address string) { s.guard.own.add(address) }

// Close closes the connections that carry nothing. Call it after the last Send
// has returned.
func (s *Sender) Close() {
	s.transports.kept.CloseIdleConnections()
	if s.play != nil {
		s.play.transports.kept.CloseIdleConnections()
	}
	s.identities.close()
}

// transportsOf gives the ways to the receiver of w.
func (s *Sender) transportsOf(w hook.Webhook) (transports, error) {
	if own := identityOf(w); own != (identity{}) {
		return s.identities.transports(own)
	}
	if s.play.leadsTo(w.URL) {
		return s.play.transports, nil
	}
	return s.transports, nil
}

// Send makes one attempt and says what it came to. Its
// connection takes no longer than m.Webhook.Timeout, or the Sender's own where
// that is zero.
//
// The error is not nil only when ctx ended before a status line arrived; it
// wraps the cause, the Result is empty, and whether the request arrived is
// unknown. Everything else, Godwit's own faults included, is a Result.
func (s *Sender) Send(ctx context.Context, m Message) (hook.Result, error) {
	start := time.Now()
	result, err := s.attempt(ctx, m, start)
	if err != nil {
		return hook.Result{}, fmt.Errorf("attempt %d of %s: %w", m.Attempt, m.DeliveryID, err)
	}
	result.Duration = time.Since(start)
	return s.keeper.cut(m.Webhook.OwnerID, result), nil
}

func (s *Sender) attempt(ctx context.Context, m Message, start time.Time) (hook.Result, error) {
	limit := cmp.Or(m.Webhook.Timeout, s.timeout)
	result := hook.Result{URL: withoutPassword(m.Webhook.URL)}
	signed := s.now()
	p, err := m.pack(s.origin, signed)
	if err != nil {
		return fail(result, hook.ReasonInternal, limit), nil
	}
	if m.Webhook.Listener != "" {
		return s.stream(ctx, m, p, answer{result, limit, signed})
	}
	ways, err := s.transportsOf(m.Webhook)
	if err != nil {
		return fail(result, hook.ReasonInternal, limit), nil
	}
	result.RequestHeaders = p.shown

	// From here on, so that the receiver isn't charged for our own work.
	limited, cancel := within(ctx, limit)
	defer cancel()
	resp, at, err := ways.exchange(limited, cancel, m.Webhook.URL, p)
	if err == nil {
		defer resp.Body.Close()
		return receive(limited, resp, answer{result, limit, signed}), nil
	}
	switch {
	case ctx.Err() != nil:
		return hook.Result{}, context.Cause(ctx)
	case time.Since(start) > limit+lateAfter || s.own(err, at.phase(), start):
		result = fail(result, hook.ReasonInternal, limit)
		result.Own, result.Error = true, cmp.Or(at.words(err), result.Error)
		return result, nil
	case errors.Is(context.Cause(limited), errTimeUp):
		return fail(result, timeoutReason(at.phase()), limit), nil
	default:
		reason := reasonOf(err, at.phase())
		if errors.Is(err, errBlocked) && named(m.Webhook.URL) {
			// As for a name that there is not: an owner who could tell the two apart
			// could find out the names in the operator's network.
			reason = hook.ReasonDNS
		}
		result = fail(result, reason, limit)
		result.Error = cmp.Or(at.words(err), result.Error)
		return result, nil
	}
}

// exchange sends p and waits for the answer; at is how far it got. Receivers
// close connections that carry nothing, and a request may meet that: when a
// connection that was kept breaks before any byte of an answer, p goes once more
// over a new one. The receiver may have got it twice, as after any attempt
// without an answer.
func (t transports) exchange(ctx context.Context, giveUp func(), target string, p packet) (*http.Response, *progress, error) {
	first := &progress{giveUp: giveUp}
	resp, err := roundTrip(ctx, t.kept, first, target, p)
	if err == nil || ctx.Err() != nil || !first.stale(err) {
		return resp, first, err
	}
	second := &progress{giveUp: giveUp}
	second.handshakes.Store(first.handshakes.Load()) // the bound is that of the attempt
	resp, err = roundTrip(ctx, t.fresh, second, target, p)
	return resp, second, err
}

func roundTrip(ctx context.Context, over *http.Transport, at *progress, target string, p packet) (*http.Response, error) {
	ctx = httptrace.WithClientTrace(context.WithValue(ctx, progressKey{}, at), at.trace())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(p.body))
	if err != nil {
		return nil, err
	}
	req.Header = p.header
	return over.RoundTrip(req)
}

// withoutPassword is raw but for user information, which CheckURL refuses.
func withoutPassword(raw string) string {
	if !strings.Contains(raw, "@") {
		return clean(raw, hook.MaxURLLength) // as nearly all, without reading them
	}
	u, err := url.Parse(raw)
	if err != nil || u.User == nil {
		return clean(raw, hook.MaxURLLength)
	}
	u.User = url.User("hidden")
	return clean(u.String(), hook.MaxURLLength)
}
