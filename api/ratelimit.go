package api

import (
	"fmt"
	"math"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"godwit/api/access"
	"godwit/internal/hook"
)

// allowance is how often something may be done, as a token bucket: it holds
// burst tokens, fills by perSecond, and each time takes one.
type allowance struct {
	name      string
	perSecond float64
	burst     int
}

func (a allowance) limiter() *rate.Limiter { return rate.NewLimiter(rate.Limit(a.perSecond), a.burst) }

// until is how long it takes to get from so many tokens to so many.
func (a allowance) until(have, want float64) time.Duration {
	return time.Duration(max(0, want-have) / a.perSecond * float64(time.Second))
}

// bootstrapFactor multiplies the limits for the bootstrap key, which the operator
// uses for set-up, imports and load tests.
const bootstrapFactor = 20

// allowance is the limit of a principal on the routes of an audience. As many
// requests as in one second may come at once; 0 sets no limit. A batch counts as
// one request.
func (s *server) allowance(p hook.Principal, who audience) allowance {
	name, perSecond := "management", s.ManagementRate
	if slices.Contains(who, hook.RolePublisher) {
		name, perSecond = "publish", s.PublishRate
	}
	if p.KeyID == hook.BootstrapKey {
		perSecond *= bootstrapFactor
	}
	return allowance{name: name, perSecond: float64(perSecond), burst: perSecond}
}

// spend counts a request against its credential's allowance and says in the
// answer's headers what is left of it (draft-ietf-httpapi-ratelimit-headers).
func (s *server) spend(setHeader func(name, value string), p hook.Principal, a allowance) error {
	if a.burst == 0 {
		return nil
	}
	limiter, now := s.requests.of(a.name+" "+p.KeyID, a.limiter), time.Now()
	ok := limiter.AllowN(now, 1)
	left := limiter.TokensAt(now)
	setHeader("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=1`, a.name, a.burst))
	setHeader("RateLimit", fmt.Sprintf(`"%s";r=%.0f;t=%d`, a.name, math.Floor(left), seconds(a.until(left, float64(a.burst)))))
	if ok {
		return nil
	}
	return rateLimited(fmt.Sprintf("This key may make %d requests a second here.", a.burst), a.until(left, 1))
}

// rateLimited is the problem of a caller who has to wait.
func rateLimited(detail string, wait time.Duration) *problem {
	p := newProblem(access.CodeRateLimited, detail)
	p.wait = wait
	return p
}

// seconds rounds up to whole seconds, as headers have them.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// maxRemembered bounds each memory, to a few MB.
const maxRemembered = 10_000

// memory holds something for everybody who calls, in this process alone: with
// two processes behind one address, a key has its allowance in each. The one who
// has not called for longest is forgotten when there are too many, and begins
// anew. It is safe for concurrent use.
type memory[V any] struct{ held *lru.Cache[string, V] }

func newMemory[V any]() memory[V] {
	held, err := lru.New[string, V](maxRemembered)
	if err != nil {
		panic(err) // only for a size that is not above zero
	}
	return memory[V]{held}
}

// peek gives what is held for a name, or the zero value.
func (m memory[V]) peek(whose string) V {
	one, _ := m.held.Get(whose)
	return one
}

// of gives what is held for someone, and makes it the first time.
func (m memory[V]) of(whose string, newOne func() V) V {
	if one, known := m.held.Get(whose); known {
		return one
	}
	one := newOne()
	if first, raced, _ := m.held.PeekOrAdd(whose, one); raced {
		return first
	}
	return one
}
