package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/retry"
	"godwit/internal/send"
	"godwit/workflows"
)

// world is a ledger with one delivery and a receiver that answers by script,
// on the virtual clock of the workflow's test environment.
type world struct {
	activities.Health
	env    *testsuite.TestWorkflowEnvironment
	parcel hook.Parcel
	// script holds the receiver's answers, the last one repeats.
	script []hook.Result
	// probe is the receiver's answer to a probe.
	probe hook.Result
	// outage makes so many reads of the ledger fail.
	outage int
	// before runs before an attempt of that number is sent.
	before map[int]func(*world)

	start  time.Time
	sent   []time.Duration // times of attempts
	probed int
	// regenerated are the deliveries that were given to workflows of their own.
	regenerated []string
	inRow       int
}

func (w *world) Parcel(context.Context, string) (hook.Parcel, error) {
	if w.outage > 0 {
		w.outage--
		return hook.Parcel{}, errors.New("the database can't be reached")
	}
	w.parcel.Now = w.env.Now()
	return w.parcel, nil
}

func (w *world) Begin(_ context.Context, p hook.Parcel, _ string, _ time.Duration) (int, error) {
	if p.Delivery.Attempts != w.parcel.Delivery.Attempts {
		return 0, nil
	}
	d := &w.parcel.Delivery
	d.Attempts++
	d.NextAttemptAt = time.Time{}
	return d.Attempts, nil
}

func (w *world) Fail(_ context.Context, ends []hook.Finish) error {
	f := ends[0]
	d := &w.parcel.Delivery
	d.Status, d.Reason = f.Status, f.Reason
	w.parcel.Last = hook.Attempt{Number: f.Number, Result: f.Result}
	if f.Status == hook.Retrying {
		d.NextAttemptAt = w.env.Now().Add(f.Wait)
	}
	if f.Reason == hook.ReasonExhausted {
		w.inRow++
	}
	return nil
}

func (w *world) Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error) {
	return hook.Recorded{}, w.Fail(ctx, ends)
}

func (w *world) Undo(context.Context, hook.Delivery, int, time.Duration) error { return nil }

func (w *world) Improve(context.Context, string, []string) error { return nil }

func (w *world) Regenerate(_ context.Context, ids []string, generation int) (locked []string, err error) {
	for _, id := range ids {
		w.regenerated = append(w.regenerated, fmt.Sprint(id, " after ", generation))
	}
	return nil, nil
}

func (w *world) PutBack(context.Context, hook.Parcel) error                     { return nil }
func (w *world) TakeSlot(context.Context, hook.Parcel) (bool, error)            { return true, nil }
func (w *world) Pace(context.Context, hook.Parcel) (time.Duration, bool, error) { return 0, false, nil }

func (w *world) Settle(_ context.Context, _ hook.Parcel, status hook.DeliveryStatus, reason hook.Reason) error {
	w.parcel.Delivery.Status, w.parcel.Delivery.Reason = status, reason
	return nil
}

func (w *world) Send(_ context.Context, m send.Message) (hook.Result, error) {
	if m.Event.Type == hook.HealthCheckType {
		w.probed++
		return w.probe, nil
	}
	if f := w.before[m.Attempt]; f != nil {
		f(w)
	}
	w.sent = append(w.sent, w.env.Now().Sub(w.start))
	return w.script[min(m.Attempt, len(w.script))-1], nil
}

func (w *world) Webhook(context.Context, string) (hook.Webhook, error) { return w.parcel.Webhook, nil }

func (w *world) Happen(_ context.Context, _ string, c hook.Cause) (before, after hook.Health, err error) {
	wh := &w.parcel.Webhook
	before = hook.Health{Enabled: wh.Enabled, Status: hook.Degraded, DisabledReason: wh.DisabledReason, ExhaustedInRow: w.inRow}
	after = before.After(c.What)
	wh.Enabled, wh.DisabledReason = after.Enabled, after.DisabledReason
	return before, after, nil
}

func (w *world) Outweighed(context.Context, string, string) (bool, error) { return false, nil }

func answer(status int) hook.Result {
	outcome, reason := retry.Classify(status)
	return hook.Result{Outcome: outcome, Reason: reason, StatusCode: status}
}

// run carries the world's delivery to its end.
func (w *world) run(t *testing.T) activities.DeliverResult {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	w.env = suite.NewTestWorkflowEnvironment()
	w.env.SetTestTimeout(time.Minute)
	w.start = w.env.Now()
	w.parcel.Webhook = hook.Webhook{ID: "wh_1", Enabled: true, Secret: "whsec_c2VjcmV0"}
	w.parcel.Delivery = hook.Delivery{ID: "dlv_1", WebhookID: "wh_1", Status: hook.Pending, Generation: 1}
	workflows.Register(w.env, &activities.Activities{
		Ledger: w, Health: w, Sender: w, Schedule: retry.Default(), Log: zap.NewNop(),
	})
	w.env.ExecuteWorkflow(workflows.DeliverName, workflows.DeliverInput{DeliveryID: "dlv_1", Generation: 1, WebhookID: "wh_1", AttemptTimeout: time.Second})
	require.True(t, w.env.IsWorkflowCompleted())
	require.NoError(t, w.env.GetWorkflowError())
	var result activities.DeliverResult
	require.NoError(t, w.env.GetWorkflowResult(&result))
	return result
}

// within asserts the times of attempts: the schedule, ±20 % for each wait.
func (w *world) within(t *testing.T, waits ...time.Duration) {
	t.Helper()
	require.Len(t, w.sent, len(waits)+1)
	require.Zero(t, w.sent[0])
	for i, wait := range waits {
		got := w.sent[i+1] - w.sent[i]
		require.GreaterOrEqual(t, got, wait*8/10-time.Millisecond, "wait %d", i+1)
		require.LessOrEqual(t, got, wait*12/10+time.Second, "wait %d", i+1)
	}
}

func TestDeliverSucceedsAtOnce(t *testing.T) {
	w := &world{script: []hook.Result{answer(204)}}
	require.Equal(t, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "succeeded"}, w.run(t))
	w.within(t)
}

func TestDeliverSucceedsAtTheThirdAttempt(t *testing.T) {
	w := &world{script: []hook.Result{answer(500), answer(302), answer(200)}}
	require.Equal(t, "succeeded", w.run(t).Outcome)
	w.within(t, 5*time.Second, 30*time.Second)
}

func TestDeliverUsesFiveAttemptsThenProbes(t *testing.T) {
	w := &world{script: []hook.Result{answer(500)}, probe: answer(500)}
	require.Equal(t, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "failed", Reason: hook.ReasonExhausted}, w.run(t))
	w.within(t, 5*time.Second, 30*time.Second, 2*time.Minute, 10*time.Minute)
	require.Equal(t, 1, w.probed)
	require.False(t, w.parcel.Webhook.Enabled)
	require.Equal(t, hook.DisabledByHealth, w.parcel.Webhook.DisabledReason)
}

func TestPoisonEventDoesNotDeactivate(t *testing.T) {
	w := &world{script: []hook.Result{answer(500)}, probe: answer(200)}
	require.Equal(t, "failed", w.run(t).Outcome)
	require.True(t, w.parcel.Webhook.Enabled)
}

func TestFiveExhaustedInARowDeactivateAnyway(t *testing.T) {
	w := &world{script: []hook.Result{answer(500)}, probe: answer(200), inRow: 4}
	w.run(t)
	require.False(t, w.parcel.Webhook.Enabled)
}

func TestDeliver_LeavesWhatWasPutOffToAnotherWorkflow(t *testing.T) {
	busy := answer(429)
	busy.RetryAfter = 7 * time.Minute
	w := &world{script: []hook.Result{busy, answer(200)}}
	require.Equal(t, activities.Queued, w.run(t).Outcome)
	require.Len(t, w.sent, 1)
	require.Zero(t, w.probed)
}

func TestGoneEndsAtOnce(t *testing.T) {
	w := &world{script: []hook.Result{answer(410)}}
	require.Equal(t, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "failed", Reason: hook.ReasonGone}, w.run(t))
	w.within(t)
	require.Zero(t, w.probed)
}

func TestChangesTakeEffectOnTheNextAttempt(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world)
		want   activities.DeliverResult
	}{
		{"disabled", func(w *world) { w.parcel.Webhook.Enabled = false }, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "held", Reason: hook.ReasonWebhookDisabled}},
		{"deleted", func(w *world) { w.parcel.WebhookDeleted = true }, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "cancelled", Reason: hook.ReasonWebhookDeleted}},
		{"no place left", func(w *world) { w.parcel.Webhook.MaxInFlight = 1 }, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "queued"}},
		{"given to another workflow", func(w *world) { w.parcel.Delivery.Generation = 2 }, activities.DeliverResult{DeliveryID: "dlv_1", Outcome: "superseded"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{script: []hook.Result{answer(500)}, before: map[int]func(*world){2: c.change}}
			// The change comes while attempt 2 is on its way, so there is no third.
			require.Equal(t, c.want, w.run(t))
			require.Len(t, w.sent, 2)
		})
	}
}

func TestAnOutageOfTheDatabaseCostsNoAttempt(t *testing.T) {
	w := &world{script: []hook.Result{answer(500), answer(200)}, outage: 12}
	require.Equal(t, "succeeded", w.run(t).Outcome)
	require.Len(t, w.sent, 2)
	require.Equal(t, 2, w.parcel.Delivery.Attempts)
}
