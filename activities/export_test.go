package activities

import (
	"godwit/internal/hook"
	"godwit/internal/inflight"
)

// FinishEnd writes an attempt's end down as an attempt does.
func (a *Activities) FinishEnd(f hook.Finish) error { return a.finish(f) }

// Occupy has n attempts of an owner under way until what it gives is called.
func Occupy(a *Activities, ownerID string, n int) (leave func()) {
	slots := make([]*inflight.Slot, n)
	for i := range slots {
		slots[i] = a.slots.Enter(ownerID, "another")
	}
	return func() {
		for _, slot := range slots {
			slot.Leave()
		}
	}
}
