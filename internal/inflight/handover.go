package inflight

import (
	"sync/atomic"

	"godwit/internal/hook"
)

// Handover passes first attempts from an ingest, which begins them, to whoever makes
// them in this process. Both sides have it from their start. Until it is open there
// is no room in it. The zero value is ready, nil is never open; it is safe for
// concurrent use.
type Handover struct{ maker atomic.Pointer[maker] }

// maker makes first attempts.
type maker struct {
	room  func() hook.Take
	begin func([]hook.Parcel)
}

// Open says who makes first attempts from now on: room tells what may be begun (its
// Lease is not used), and begin makes the attempts or gives them back, without waiting
// for them. It may be given attempts after room has become none.
func (h *Handover) Open(room func() hook.Take, begin func([]hook.Parcel)) {
	if h != nil {
		h.maker.Store(&maker{room, begin})
	}
}

// Room is what an ingest may begin now.
func (h *Handover) Room() hook.Take {
	if h == nil {
		return hook.Take{}
	}
	if m := h.maker.Load(); m != nil {
		return m.room()
	}
	return hook.Take{}
}

// Begin hands over attempts that an ingest has begun in the room it found. Where it
// has found none there is nothing to hand over.
func (h *Handover) Begin(begun []hook.Parcel) {
	if len(begun) > 0 {
		h.maker.Load().begin(begun)
	}
}
