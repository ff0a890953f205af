package api

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/verify"
)

const (
	// maxPlayedBody is as large as the largest delivery can get: of a combination of
	// five events with both states.
	maxPlayedBody = 2 << 20
	// maxWaiting is how many requests of one process wait for their delay: each costs a
	// connection. Beyond it they are answered at once.
	maxWaiting = 200
)

// servePlay adds the receiver to the engine. It is no operation of the API: it
// answers as its address says.
func (s *server) servePlay(engine *gin.Engine) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions} {
		engine.Handle(method, hook.PlayPath+":id", s.receivePlay)
	}
}

// receivePlay keeps a request with the result of its signature check, and answers as
// the query of its address says.
func (s *server) receivePlay(c *gin.Context) {
	answer, err := s.play(c)
	if err != nil {
		s.fail(c, s.report(c.Request.Context(), err))
		return
	}
	// The body is kept, so its room is free while the answer waits.
	access.BodyOf(c, c.Request.URL.Path).End()
	s.wait(c.Request.Context(), answer.Delay)
	if answer.RetryAfter > 0 && answer.StatusCode >= http.StatusMultipleChoices {
		c.Header("Retry-After", strconv.Itoa(answer.RetryAfter))
	}
	c.Data(answer.StatusCode, "text/plain; charset=utf-8", []byte(answer.Body))
}

func (s *server) play(c *gin.Context) (hook.PlayAnswer, error) {
	ctx, address := c.Request.Context(), c.Param("id")
	if err := s.playOff(); err != nil {
		return hook.PlayAnswer{}, err
	}
	if err := s.mayPlay(c, address); err != nil {
		return hook.PlayAnswer{}, err
	}
	target, err := s.Store.PlayTarget(ctx, address, headerID(c, "Godwit-Webhook"))
	if err != nil {
		return hook.PlayAnswer{}, err
	}
	s.player.addresses.Of(address, played.Limiter)
	answer, err := hook.ParsePlayAnswer(c.Request.URL.Query())
	if err != nil {
		return hook.PlayAnswer{}, err
	}
	answer = answer.Failed(rand.Float64())
	body, p := readPlayed(c, address)
	if p != nil {
		return hook.PlayAnswer{}, p
	}
	r := hook.PlayRequest{
		ID: id.New(id.PlayRequest), AddressID: address, Method: c.Request.Method, Query: c.Request.URL.RawQuery, Headers: s.linesOf(c.Request),
		Body: body[:min(len(body), hook.MaxPlayBody)], Size: len(body), StatusCode: answer.StatusCode, EventID: headerID(c, "webhook-id"),
	}
	r.WebhookID, r.Finding = checkPlayed(target.Webhooks, verify.Request{Header: c.Request.Header, Body: body, Now: s.Now()})
	return answer, s.Store.KeepPlayRequest(ctx, r)
}

// headerID is the id that a header holds; "" = none.
func headerID(c *gin.Context, name string) string {
	if value := c.GetHeader(name); hook.ValidID(value) {
		return value
	}
	return ""
}

// mayPlay bounds how often requests come: to an address that is known to be there, or
// from a network to addresses that may not be.
func (s *server) mayPlay(c *gin.Context, address string) error {
	if !hook.ValidPlayID(address) {
		return hook.Errorf(hook.CodeNotFound, "there is no play address %q", address)
	}
	bound, limiter := played, s.player.addresses.Peek(address)
	if limiter == nil {
		bound, limiter = astray, s.player.networks.Of(access.NetworkOf(s.door.Addresses.Of(c.Request)), astray.Limiter)
	}
	return bound.Take(limiter, "The play receiver takes "+strconv.Itoa(int(played.PerSecond))+" requests a second at an address.")
}

// readPlayed reads a body to its end: the signature is over all of it.
func readPlayed(c *gin.Context, address string) ([]byte, *access.Problem) {
	body, err := access.BodyOf(c, hook.PlayPath+address).Receive(c.Request.Context(), c, maxPlayedBody, false)
	if err != nil {
		return nil, access.BodyProblem(c, err, maxPlayedBody)
	}
	return body, nil
}

// notKept stands for the value of a header that is not kept.
const notKept = "(not kept)"

// linesOf are the headers of a request in the order of their names; Host is one of
// them, as on the wire. What may sign a person in to Godwit is not kept: whoever made
// the play address sees what comes.
func (s *server) linesOf(r *http.Request) []hook.Header {
	out := []hook.Header{{Name: "Host", Value: r.Host}}
	for name, values := range r.Header {
		for _, value := range values {
			if s.signsIn(r.Header, name, value) {
				value = notKept
			}
			out = append(out, hook.Header{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(out, func(a, b hook.Header) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// ofBrowsers are the headers that are kept of a browser's request. It sends the cookie
// of Godwit's session by itself when a person opens the address, and what is in front
// of Godwit may add tokens of other names.
var ofBrowsers = regexp.MustCompile(`^(Accept.*|Content-.*|Sec-Fetch-.*|User-Agent|Origin|Webhook-.*|Godwit-.*|X-Signature)$`)

// signsIn says whether a header may sign a person in to Godwit, or to what is in front
// of it.
func (s *server) signsIn(of http.Header, name, value string) bool {
	if name == "Cookie" || of.Get("Cookie") != "" || of.Get("Sec-Fetch-Mode") != "" {
		return !ofBrowsers.MatchString(name)
	}
	_, key, _ := strings.Cut(value, " ")
	key = strings.TrimSpace(key)
	return name == "Authorization" && (apikey.WellFormed(key) || s.door.IsBootstrap(apikey.Hash(key)))
}

// checkPlayed checks the signature by the secrets of the first webhook that it fits;
// where it fits none the finding is about the first webhook.
func checkPlayed(webhooks []hook.Webhook, r verify.Request) (webhookID string, f hook.PlayFinding) {
	f = hook.PlayFinding{Code: "no_webhook", Detail: "No webhook leads to this address, so there is no secret to check with.",
		Remedy: "Give a webhook this address as its URL. Without Godwit-Webhook only webhooks of the address's owner count."}
	for _, w := range webhooks {
		r.Secrets = secretTexts(publicSecrets(w, r.Now))
		found := verify.Check(r)
		if found.Code == verify.OK || webhookID == "" {
			webhookID, f = w.ID, hook.PlayFinding{Code: string(found.Code), Detail: found.Detail, Remedy: found.Remedy}
		}
		if found.Code == verify.OK {
			break
		}
	}
	return webhookID, f
}

// publicSecrets are what a receiver checks with now, the newest first, which has no
// end: of a private key its public one.
func publicSecrets(w hook.Webhook, now time.Time) []hook.OldSecret {
	var out []hook.OldSecret
	for _, s := range append([]hook.OldSecret{{Secret: w.Secret}}, hook.Live(w.OldSecrets, now)...) {
		if s.Secret = cmp.Or(hook.PublicKey(s.Secret), s.Secret); s.Secret != "" { // it may be unreadable
			out = append(out, s)
		}
	}
	return out
}

func secretTexts(secrets []hook.OldSecret) (out []string) {
	for _, s := range secrets {
		out = append(out, s.Secret)
	}
	return out
}

// wait lets the time of the answer's delay pass.
func (s *server) wait(ctx context.Context, delay time.Duration) {
	defer s.player.waiting.Add(-1)
	if s.player.waiting.Add(1) > maxWaiting || delay == 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.Streams.Done():
	}
}
