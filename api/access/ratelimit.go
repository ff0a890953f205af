package access

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"godwit/internal/hook"
)

// Allowance is how often something may be done, as a token bucket: it holds
// Burst tokens, fills by PerSecond, and each time takes one.
type Allowance struct {
	Name      string
	PerSecond float64
	Burst     int
}

// Limiter makes a full one.
func (a Allowance) Limiter() *rate.Limiter { return rate.NewLimiter(rate.Limit(a.PerSecond), a.Burst) }

// Take takes a token of a limiter of this allowance; refusal tells people that there is
// none.
func (a Allowance) Take(limiter *rate.Limiter, refusal string) error {
	now := time.Now()
	if limiter.AllowN(now, 1) {
		return nil
	}
	return rateLimited(refusal, a.until(limiter.TokensAt(now), 1))
}

// until is how long it takes to get from so many tokens to so many.
func (a Allowance) until(have, want float64) time.Duration {
	return time.Duration(max(0, want-have) / a.PerSecond * float64(time.Second))
}

// bootstrapFactor multiplies the limits for the bootstrap key, which the operator
// uses for set-up, imports and load tests.
const bootstrapFactor = 20

// Rates count requests: of each credential, and of each network that needs none.
type Rates struct {
	publish, management int // requests a second of a credential; 0 sets no limit
	held                Memory[*rate.Limiter]
}

// NewRates makes Rates of so many requests a second of a credential, on the routes of
// publishers and on all others; 0 sets no limit.
func NewRates(publish, management int) *Rates {
	return &Rates{publish, management, NewMemory[*rate.Limiter]()}
}

// allowance is the limit of a principal on the routes of an audience. As many
// requests as in one second may come at once. A batch counts as one request.
func (r *Rates) allowance(p hook.Principal, who Audience) Allowance {
	name, perSecond := "management", r.management
	if slices.Contains(who, hook.RolePublisher) {
		name, perSecond = "publish", r.publish
	}
	if p.KeyID == hook.BootstrapKey {
		perSecond *= bootstrapFactor
	}
	return Allowance{Name: name, PerSecond: float64(perSecond), Burst: perSecond}
}

// Spend counts a request against its credential's allowance and says in the
// answer's headers what is left of it (draft-ietf-httpapi-ratelimit-headers).
func (r *Rates) Spend(setHeader func(name, value string), p hook.Principal, who Audience) error {
	a := r.allowance(p, who)
	if a.Burst == 0 {
		return nil
	}
	limiter, now := r.held.Of(a.Name+" "+p.KeyID, a.Limiter), time.Now()
	ok := limiter.AllowN(now, 1)
	left := limiter.TokensAt(now)
	setHeader("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=1`, a.Name, a.Burst))
	setHeader("RateLimit", fmt.Sprintf(`"%s";r=%.0f;t=%d`, a.Name, math.Floor(left), Seconds(a.until(left, float64(a.Burst)))))
	if ok {
		return nil
	}
	return rateLimited(fmt.Sprintf("This key may make %d requests a second here.", a.Burst), a.until(left, 1))
}

// SpendOfNetwork counts a request without a key against what its network may do.
func (r *Rates) SpendOfNetwork(from netip.Addr, a Allowance) error {
	return a.Take(r.held.Of(a.Name+" "+NetworkOf(from), a.Limiter), "Too many "+a.Name+" come from this address.")
}

// rateLimited is the error of a caller who has to wait.
func rateLimited(detail string, wait time.Duration) error {
	return &hook.Error{Code: hook.CodeRateLimited, Message: detail, Wait: wait}
}

// Seconds rounds up to whole seconds, as headers have them.
func Seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
