package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestKindOf_FitsTheTypesOfEachKind(t *testing.T) {
	for _, kind := range hook.EventKinds {
		for _, name := range hook.TypesOf(kind) {
			require.Equal(t, kind, hook.KindOf(name, false))
			require.Equal(t, hook.KindTest, hook.KindOf(name, true))
		}
	}
	require.Equal(t, hook.KindPublished, hook.KindOf("TODO_CREATED", false))
}

// TestConclude_EndsATestWithItsOneAttempt whatever the answer, and with no cause for
// the health of its webhook.
func TestConclude_EndsATestWithItsOneAttempt(t *testing.T) {
	p := hook.Parcel{Delivery: hook.Delivery{ID: "dlv_1", Test: true}}
	for _, r := range []hook.Result{
		{Outcome: hook.Success, StatusCode: 200}, {Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: 500},
		{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}, {Outcome: hook.Failure, Reason: hook.ReasonStatus429, StatusCode: 429, RetryAfter: 60e9},
		{Outcome: hook.Failure, Reason: hook.ReasonDNS},
	} {
		f := p.Conclude(1, r, nil)
		want := hook.Finish{DeliveryID: "dlv_1", Number: 1, Result: r, Status: hook.Failed, Reason: r.Reason, Quiet: true}
		if r.Outcome == hook.Success {
			want.Status = hook.Succeeded
		}
		require.Equal(t, want, f)
		require.Empty(t, f.Causes())
	}
}

// TestDecide_SendsATestOnce whether the webhook is on or not, and without a slot.
func TestDecide_SendsATestOnce(t *testing.T) {
	p := hook.Parcel{Delivery: hook.Delivery{Status: hook.Pending, Generation: 1, Test: true}, Webhook: hook.Webhook{MaxInFlight: 1, RateLimitPerSecond: 1}}
	require.Equal(t, hook.Decision{Step: hook.StepSend}, hook.Decide(p, 1))
	p.Delivery.Attempts = 1
	require.Equal(t, hook.Decision{Step: hook.StepSettle, Status: hook.Failed, Reason: hook.ReasonWorkerLost}, hook.Decide(p, 1), "it has no known end")
	p.Webhook.Enabled = true
	require.Equal(t, hook.Failed, hook.Decide(p, 1).Status)
}
