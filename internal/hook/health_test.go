package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// The states that a webhook may be in.
var (
	healthy    = hook.Health{Enabled: true, Status: hook.Healthy}
	degraded   = hook.Health{Enabled: true, Status: hook.Degraded, FailuresInRow: 2, ExhaustedInRow: 1}
	draining   = hook.Health{Enabled: true, Status: hook.Healthy, Drain: 4}
	offHealth  = hook.Health{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth, FailuresInRow: 5, ExhaustedInRow: 1}
	offGone    = hook.Health{Status: hook.Unhealthy, DisabledReason: hook.DisabledAsGone}
	offOwner   = hook.Health{Status: hook.Healthy, DisabledReason: hook.DisabledByOwner}
	fresh      = hook.Health{Enabled: true, Status: hook.Healthy, Drain: 1}
	deactivate = func(h hook.Health, why hook.DisabledReason) hook.Health {
		h.Enabled, h.Status, h.DisabledReason, h.Drain = false, hook.Unhealthy, why, 0
		return h
	}
)

// with changes a copy of h.
func with(h hook.Health, change func(*hook.Health)) hook.Health {
	change(&h)
	return h
}

func TestHealthAfterEverything(t *testing.T) {
	counted := func(h hook.Health, failures, exhausted, drain int) hook.Health {
		return with(h, func(h *hook.Health) { h.FailuresInRow += failures; h.ExhaustedInRow += exhausted; h.Drain = drain })
	}
	worse := func(h hook.Health, failures, exhausted, drain int) hook.Health {
		return with(counted(h, failures, exhausted, drain), func(h *hook.Health) { h.Status = hook.Degraded })
	}
	cleared := func(h hook.Health) hook.Health {
		return with(h, func(h *hook.Health) { h.FailuresInRow, h.ExhaustedInRow = 0, 0 })
	}
	byOwner := func(h hook.Health) hook.Health {
		return with(h, func(h *hook.Health) { h.Enabled, h.DisabledReason, h.Drain = false, hook.DisabledByOwner, 0 })
	}
	states := []hook.Health{healthy, degraded, draining, offHealth, offGone, offOwner}
	for what, want := range map[hook.Happened][]hook.Health{
		hook.AttemptSucceeded: {
			healthy, healthy, with(draining, func(h *hook.Health) { h.Drain = 5 }), cleared(offHealth), offGone, offOwner},
		hook.AttemptFailed: {
			worse(healthy, 1, 0, 0), worse(degraded, 1, 0, 0), worse(draining, 1, 0, 1), counted(offHealth, 1, 0, 0), counted(offGone, 1, 0, 0), counted(offOwner, 1, 0, 0)},
		hook.DeliveryExhausted: {
			worse(healthy, 0, 1, 0), worse(degraded, 0, 1, 0), worse(draining, 0, 1, 1), counted(offHealth, 0, 1, 0), counted(offGone, 0, 1, 0), counted(offOwner, 0, 1, 0)},
		hook.ProbePassed: {healthy, with(degraded, func(h *hook.Health) { h.Status = hook.Healthy }), draining, offHealth, offGone, offOwner},
		hook.ProbeFailed: {deactivate(healthy, hook.DisabledByHealth), deactivate(degraded, hook.DisabledByHealth),
			deactivate(draining, hook.DisabledByHealth), offHealth, offGone, offOwner},
		hook.ReceiverGone: {deactivate(healthy, hook.DisabledAsGone), deactivate(degraded, hook.DisabledAsGone),
			deactivate(draining, hook.DisabledAsGone), with(offHealth, func(h *hook.Health) { h.DisabledReason = hook.DisabledAsGone }), offGone, offOwner},
		hook.OwnerDisabled: {byOwner(healthy), byOwner(degraded), byOwner(draining), byOwner(offHealth), byOwner(offGone), offOwner},
		hook.OwnerEnabled:  {fresh, fresh, fresh, fresh, fresh, fresh},
		hook.OwnerResumed: {healthy, degraded, draining, with(fresh, func(h *hook.Health) { h.Status = hook.Degraded }),
			with(fresh, func(h *hook.Health) { h.Status = hook.Degraded }), fresh},
		hook.Recovered: {healthy, degraded, draining, fresh, offGone, offOwner},
		hook.GaveUp:    states,
	} {
		for i, before := range states {
			require.Equal(t, want[i], before.After(what), "%s after %+v", what, before)
		}
	}
}

func TestFiveExhaustedInARowDeactivateWhateverTheProbeSays(t *testing.T) {
	h := healthy
	for range hook.MaxExhaustedInRow - 1 {
		h = h.After(hook.DeliveryExhausted).After(hook.ProbePassed)
		require.True(t, h.Enabled)
		require.Equal(t, hook.Healthy, h.Status)
	}
	h = h.After(hook.DeliveryExhausted).After(hook.ProbePassed)
	require.False(t, h.Enabled)
	require.Equal(t, hook.DisabledByHealth, h.DisabledReason)
}

func TestADrainGrowsWithSuccessAndShrinksWithFailure(t *testing.T) {
	h := fresh
	for range 1000 {
		h = h.After(hook.AttemptSucceeded)
	}
	require.Equal(t, hook.MaxDrain, h.Drain)
	require.Equal(t, 1, h.After(hook.AttemptFailed).Drain)
}
