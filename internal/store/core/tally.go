package core

import (
	"sync/atomic"

	"godwit/internal/hook"
)

// tally is what this process has counted since its start. A change that is
// rolled back after it was counted stays counted.
type tally struct {
	healthy, degraded, unhealthy atomic.Int64 // transitions, by the status after them
	Redelivered                  atomic.Int64
	repeated                     atomic.Int64
	held, cancelled              atomic.Int64 // deliveries that no attempt brought into this status
}

// Transition counts a change of health.
func (c *tally) Transition(to hook.WebhookStatus) {
	switch to {
	case hook.Healthy:
		c.healthy.Add(1)
	case hook.Degraded:
		c.degraded.Add(1)
	case hook.Unhealthy:
		c.unhealthy.Add(1)
	}
}

// TakenOut counts deliveries that were held or cancelled without an attempt, or the
// look before one.
func (c *tally) TakenOut(status hook.DeliveryStatus, n int) {
	switch status {
	case hook.Held:
		c.held.Add(int64(n))
	case hook.Cancelled:
		c.cancelled.Add(int64(n))
	}
}
