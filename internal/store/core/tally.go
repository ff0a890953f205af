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

// ProcessCounts gives what this process has counted since its start.
func (s *DB) ProcessCounts() hook.ProcessCounts {
	c := &s.Tally
	return hook.ProcessCounts{
		Transitions: map[hook.WebhookStatus]int64{hook.Healthy: c.healthy.Load(), hook.Degraded: c.degraded.Load(), hook.Unhealthy: c.unhealthy.Load()},
		Redelivered: c.Redelivered.Load(), Repeated: c.repeated.Load(),
	}
}
