package send

import (
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"godwit/internal/hook"
)

// Bounds of what is kept of the answers that the receivers of one owner give to this
// process: about 1.4 GiB a day of successes and as much of failures, so that those leave
// room for these, and keptAlways of each beyond that. Nobody reads thousands of large
// answers of a day, but a receiver can send them.
const (
	// keptAtOnce is enough for the largest answers to 250 attempts.
	keptAtOnce = 32 << 20
	// keptPerSecond is how fast that is there again.
	keptPerSecond = 16 << 10
	// keptAlways is kept of every body, and of every header. An error page says in its
	// first lines what is wrong.
	keptAlways = 1 << 10
	// keepers is how many limiters are remembered, two of an owner. One that is forgotten
	// begins anew.
	keepers = 20_000
)

// keeper bounds what is stored of answers by the owners of webhooks. It is safe for
// concurrent use.
type keeper struct {
	owners *lru.Cache[keeping, *rate.Limiter]
	now    func() time.Time
}

// keeping is what one limiter counts: the answers of an owner's receivers that were
// successes, or all others.
type keeping struct {
	owner   string
	success bool
}

func newKeeper(now func() time.Time) *keeper {
	owners, err := lru.New[keeping, *rate.Limiter](keepers)
	if err != nil {
		panic(err) // only for a size that is not above zero
	}
	return &keeper{owners, now}
}

// cut leaves of an answer what is kept.
func (k *keeper) cut(owner string, r hook.Result) hook.Result {
	body, header := r.ResponseBody[:min(len(r.ResponseBody), keptAlways)], firstOf(r.ResponseHeaders)
	more := len(r.ResponseBody) - len(body)
	for _, h := range r.ResponseHeaders[len(header):] {
		more += len(h.Name) + len(h.Value)
	}
	if more == 0 || k.limiter(keeping{owner, r.Outcome == hook.Success}).AllowN(k.now(), more) {
		return r
	}
	r.ResponseHeaders = header
	if len(body) < len(r.ResponseBody) {
		r.ResponseBody, r.Truncated = slices.Clone(body), true // the rest need not stay in memory
	}
	return r
}

func (k *keeper) limiter(of keeping) *rate.Limiter {
	if known, ok := k.owners.Get(of); ok {
		return known
	}
	fresh := rate.NewLimiter(keptPerSecond, keptAtOnce)
	if known, raced, _ := k.owners.PeekOrAdd(of, fresh); raced {
		return known
	}
	return fresh
}

// firstOf gives the lines that fit into keptAlways.
func firstOf(header []hook.Header) []hook.Header {
	size := 0
	for i, h := range header {
		if size += len(h.Name) + len(h.Value); size > keptAlways {
			return header[:i]
		}
	}
	return header
}
