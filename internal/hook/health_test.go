package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// The states that a webhook may be in.
var (
	healthy    = hook.Health{Enabled: true, Status: hook.Healthy}
	shaky      = hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: 2, Paused: true}
	degraded   = hook.Health{Enabled: true, Status: hook.Degraded, FailuresInRow: 3, ExhaustedInRow: 1}
	refusing   = hook.Health{Enabled: true, Status: hook.Degraded, FailuresInRow: 25, ExhaustedInRow: 5}
	draining   = hook.Health{Enabled: true, Status: hook.Healthy, Drain: 4}
	offHealth  = hook.Health{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth, FailuresInRow: 5, ExhaustedInRow: 1}
	offRefused = hook.Health{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth, FailuresInRow: 25, ExhaustedInRow: 5}
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
	off := []hook.Health{offHealth, offRefused, offGone, offOwner}
	on := []hook.Health{healthy, shaky, degraded, refusing, draining}
	each := func(states []hook.Health, change func(*hook.Health)) []hook.Health {
		var out []hook.Health
		for _, h := range states {
			out = append(out, with(h, change))
		}
		return out
	}
	well := func(h *hook.Health) { h.Status = hook.Healthy }
	deactivated := func(why hook.DisabledReason) func(*hook.Health) {
		return func(h *hook.Health) { *h = deactivate(*h, why) }
	}
	dead := func(h *hook.Health) { *h = deactivate(*h, hook.DisabledByHealth); h.ExhaustedInRow = 0 }
	taken := func(h *hook.Health) { h.FailuresInRow, h.ExhaustedInRow, h.Paused = 0, 0, false }
	toOwner := func(h *hook.Health) { h.Enabled, h.DisabledReason, h.Drain = false, hook.DisabledByOwner, 0 }
	anew := func(h *hook.Health) { *h = fresh }
	failed := func(h *hook.Health) { h.FailuresInRow++; h.Drain = min(h.Drain, 1) }
	// For each event the states that it makes of on, then of off.
	for what, want := range map[hook.Happened][2][]hook.Health{
		hook.AttemptSucceeded: {
			{healthy, healthy, healthy, healthy, with(draining, func(h *hook.Health) { h.Drain = 5 })}, each(off, taken)},
		hook.AttemptFailed: {
			{with(healthy, failed), with(shaky, func(h *hook.Health) { failed(h); h.Status = hook.Degraded }), with(degraded, failed), with(refusing, failed), with(draining, failed)},
			each(off, failed)},
		hook.DeliveryExhausted: {
			each(on, func(h *hook.Health) { h.ExhaustedInRow++; h.Drain = min(h.Drain, 1) }), off},
		hook.ReceiverPaused: {
			each(on, func(h *hook.Health) { h.Paused, h.Drain = true, min(h.Drain, 1) }), each(off, func(h *hook.Health) { h.Paused = true })},
		hook.ProbePassed: {
			{healthy, shaky, with(degraded, well), deactivate(refusing, hook.DisabledByHealth), draining}, off},
		hook.ProbeFailed: {each(on, dead), off},
		hook.ReceiverGone: {each(on, deactivated(hook.DisabledAsGone)),
			{with(offHealth, func(h *hook.Health) { h.DisabledReason = hook.DisabledAsGone }), with(offRefused, func(h *hook.Health) { h.DisabledReason = hook.DisabledAsGone }), offGone, offOwner}},
		hook.OwnerDisabled: {each(on, toOwner), each(off, toOwner)},
		hook.OwnerEnabled:  {each(on, anew), each(off, anew)},
		hook.Recovered:     {on, {fresh, fresh, offGone, offOwner}},
		hook.GaveUp:        {on, off},
	} {
		for i, before := range on {
			require.Equal(t, want[0][i], before.After(what), "%s after %+v", what, before)
		}
		for i, before := range off {
			require.Equal(t, want[1][i], before.After(what), "%s after %+v", what, before)
		}
	}
}

func TestHealth_OneFailureOfAHundredDegradesNothing(t *testing.T) {
	h := healthy
	for range 100 {
		h = h.After(hook.AttemptFailed).After(hook.AttemptFailed)
		require.Equal(t, hook.Healthy, h.Status)
		h = h.After(hook.AttemptSucceeded)
		require.Equal(t, healthy, h)
	}
	for range hook.DegradedAfter {
		h = h.After(hook.AttemptFailed)
	}
	require.Equal(t, hook.Degraded, h.Status)
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
	require.True(t, h.Refuses(), "so that an answer to a probe is no reason to switch it on")
}

func TestADrainGrowsWithSuccessAndShrinksWithFailure(t *testing.T) {
	h := fresh
	for range 1000 {
		h = h.After(hook.AttemptSucceeded)
	}
	require.Equal(t, hook.MaxDrain, h.Drain)
	require.Equal(t, 1, h.After(hook.AttemptFailed).Drain)
}

func TestCause_ToldIsTheTrueOne(t *testing.T) {
	answered := hook.Cause{What: hook.ProbePassed, Reason: hook.ReasonStatus4xx, DeliveryID: "dlv_1"}
	require.Equal(t, hook.Cause{What: hook.DeliveryExhausted, Reason: hook.ReasonStatus4xx, DeliveryID: "dlv_1"}, answered.Told(refusing, refusing.After(answered.What)))
	require.Equal(t, hook.Cause{What: hook.DeliveryExhausted, Reason: hook.ReasonExhausted}, hook.Cause{What: hook.ProbePassed}.Told(refusing, refusing.After(hook.ProbePassed)))
	require.Equal(t, answered, answered.Told(degraded, degraded.After(answered.What)))
	failed := hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonDNS}
	require.Equal(t, failed, failed.Told(refusing, refusing.After(failed.What)))
}
