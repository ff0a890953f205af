package intake

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"godwit/internal/hook"
)

const (
	// A request is large from manyDeliveries on, by how many the last event of each
	// project and type had: a small one in the same statement would wait some 2 ms for it.
	manyDeliveries = 50
	// rememberedSpots is of how many projects and types that is remembered.
	rememberedSpots = 10_000
)

// fanOut remembers how many webhooks the last event of a project and type matched. It
// is safe for concurrent use.
type fanOut struct{ matched *lru.Cache[spot, int] }

func newFanOut() fanOut {
	matched, err := lru.New[spot, int](rememberedSpots)
	if err != nil {
		panic(err) // it takes any size above 0
	}
	return fanOut{matched}
}

// note takes in what became of an event that was accepted.
func (f fanOut) note(e hook.Event, matched int) {
	if at := (spot{e.ProjectID, e.Type}); matched > 1 {
		f.matched.Add(at, matched)
	} else {
		f.matched.Remove(at)
	}
}

// many says whether events are likely to have so many deliveries that they are large
// together.
func (f fanOut) many(events []hook.Event) bool {
	n := 0
	for _, e := range events {
		matched, _ := f.matched.Get(spot{e.ProjectID, e.Type})
		n += matched
	}
	return n >= manyDeliveries
}
