package match

import (
	"runtime"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"godwit/internal/filter"
)

// Bounds of what filters may cost while a publisher waits, in the units of
// filter.MaxCost: 1,000 of them take about a third of a millisecond. One filter
// may cost filter.QuickCost. What is beyond a bound is deferred: a worker asks it
// after the answer, so that nothing is lost by it but some time.
const (
	quickEvent   = 100_000 // of all webhooks on one event
	quickOwner   = 20_000  // of all webhooks of one owner on one event
	quickRequest = 500_000 // on all events of one request

	// Per second and processor, in each process: of all filters about an eighth of
	// the time, of those of one owner a quarter of that.
	steadyCost  = 400_000
	steadyOwner = steadyCost / 4
	// tired is what the bounds of an event are divided by beyond that. They don't
	// become nothing: to defer a filter that costs little would cost more.
	tired = 10
)

// MaxEventCost bounds what the filters of one webhook may cost on one event when a
// worker asks them. Beyond it a filter fails on the event.
const MaxEventCost = filter.MaxCost

// rememberedOwners is how many owners' allowances a process keeps; that of an owner
// who comes again is full.
const rememberedOwners = 10_000

// allowances are what filters may cost in a process over time, while publishers
// wait. They are safe for concurrent use.
type allowances struct {
	all    *rate.Limiter
	owners *lru.Cache[string, *rate.Limiter]
}

func newAllowances() (*allowances, error) {
	owners, err := lru.New[string, *rate.Limiter](rememberedOwners)
	return &allowances{all: steady(steadyCost), owners: owners}, err
}

// steady allows a cost per second and processor, and that of a second at once.
func steady(cost int) *rate.Limiter {
	cost *= runtime.GOMAXPROCS(0)
	return rate.NewLimiter(rate.Limit(cost), cost)
}

func (a *allowances) of(owner string) *rate.Limiter {
	if l, ok := a.owners.Get(owner); ok {
		return l
	}
	l := steady(steadyOwner)
	if first, raced, _ := a.owners.PeekOrAdd(owner, l); raced {
		return first
	}
	return l
}

// left says whether there is anything left for an owner.
func (a *allowances) left(owner string, now time.Time) bool {
	return a.all.TokensAt(now) > 0 && a.of(owner).TokensAt(now) > 0
}

// spend may leave less than nothing: what a filter costs is known afterwards.
func (a *allowances) spend(owner string, now time.Time, cost uint64) {
	a.all.ReserveN(now, int(cost))
	a.of(owner).ReserveN(now, int(cost))
}

// budget is what the filters of one request may cost while its publisher waits.
// Plain filters have one apart, so that they are asked whatever others cost.
type budget struct {
	allowances     *allowances
	plain, metered account
	owners         map[string]uint64 // what metered filters have cost on the event
}

// account is what filters have cost: on the event that is being judged, and in all.
type account struct{ event, request uint64 }

// next begins the next event.
func (b *budget) next() {
	b.plain.event, b.metered.event = 0, 0
	clear(b.owners)
}

// allows says whether one more filter of an owner may be asked.
func (b *budget) allows(owner string, plain bool) bool {
	if plain {
		return b.plain.event < quickEvent && b.plain.request < quickRequest
	}
	most, ofOwner := uint64(quickEvent), uint64(quickOwner)
	if !b.allowances.left(owner, time.Now()) {
		most, ofOwner = most/tired, ofOwner/tired
	}
	return b.metered.request < quickRequest && b.metered.event < most && b.owners[owner] < ofOwner
}

func (b *budget) spend(owner string, plain bool, cost uint64) {
	if plain {
		b.plain.event += cost
		b.plain.request += cost
		return
	}
	if b.owners == nil {
		b.owners = map[string]uint64{}
	}
	b.metered.event += cost
	b.metered.request += cost
	b.owners[owner] += cost
	b.allowances.spend(owner, time.Now(), cost)
}
