package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/send"
	"godwit/workflows"
)

var recoverInput = workflows.RecoverInput{WebhookID: "wh_1", Outage: 2, AttemptTimeout: time.Second}

// standardPlan is the one of a Godwit whose operator set none.
var standardPlan = hook.RecoveryPlan{Waits: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, Window: 72 * time.Hour}

// patient is a webhook that health has deactivated, with its receiver, on the
// virtual clock.
type patient struct {
	activities.Health
	env      *testsuite.TestWorkflowEnvironment
	plan     hook.RecoveryPlan
	recovery hook.Recovery
	// answer gives what the n-th probe comes to, from 1; nil = every one fails.
	answer func(n int) hook.Result
	// outage makes so many looks fail.
	outage int
	start  time.Time
	probes []time.Duration // times of the probes
	woken  int
}

func (p *patient) Recovery(_ context.Context, webhookID string, plan hook.RecoveryPlan) (hook.Recovery, error) {
	if p.outage > 0 || webhookID != recoverInput.WebhookID {
		p.outage--
		return hook.Recovery{}, errors.New("the database can't be reached")
	}
	p.recovery.Now = p.env.Now()
	if p.recovery.Running && p.recovery.NextProbeAt.IsZero() {
		p.recovery = plan.Begin(p.recovery)
	}
	return p.recovery, nil
}

func (p *patient) Probed(_ context.Context, _ string, probe hook.RecoveryProbe) (hook.Recovery, bool, error) {
	if !p.recovery.Running || p.recovery.Outage != probe.Seen.Outage || p.recovery.Probes != probe.Seen.Probes {
		return p.recovery, false, nil
	}
	p.recovery.Now = p.env.Now()
	if probe.What == hook.ProbeFailed {
		p.recovery = probe.Plan.Failed(p.recovery)
	} else {
		p.recovery = hook.Recovery{Outage: p.recovery.Outage}
	}
	return p.recovery, true, nil
}

func (p *patient) Webhook(context.Context, string) (hook.Webhook, error) {
	return hook.Webhook{ID: "wh_1"}, nil
}

func (p *patient) Send(_ context.Context, m send.Message) (hook.Result, error) {
	if m.Event.Type != hook.HealthCheckType {
		return hook.Result{}, errors.New("no probe")
	}
	p.probes = append(p.probes, p.env.Now().Sub(p.start))
	if p.answer == nil {
		return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx}, nil
	}
	return p.answer(len(p.probes)), nil
}

// run carries the recovery; during happens at a moment of it.
func (p *patient) run(at time.Duration, during func()) error {
	var suite testsuite.WorkflowTestSuite
	p.env = suite.NewTestWorkflowEnvironment()
	p.env.SetTestTimeout(time.Minute)
	p.start = p.env.Now()
	p.recovery = hook.Recovery{Outage: 2, Running: true}
	if p.plan.Waits == nil {
		p.plan = standardPlan
	}
	workflows.Register(p.env, &activities.Activities{
		Health: p, Recovery: p.plan, Sender: p, Wake: func() { p.woken++ }, Log: zap.NewNop(),
	})
	if during != nil {
		p.env.RegisterDelayedCallback(during, at)
	}
	p.env.ExecuteWorkflow(workflows.RecoverName, recoverInput)
	return p.env.GetWorkflowError()
}

func (p *patient) outcome(t *testing.T, at time.Duration, during func()) string {
	t.Helper()
	require.NoError(t, p.run(at, during))
	require.True(t, p.env.IsWorkflowCompleted())
	var out workflows.RecoverResult
	require.NoError(t, p.env.GetWorkflowResult(&out))
	return out.Outcome
}

// probed asserts the times of the first probes, which may be a little late.
func (p *patient) probed(t *testing.T, want ...time.Duration) {
	t.Helper()
	require.GreaterOrEqual(t, len(p.probes), len(want))
	for i, at := range want {
		require.InDelta(t, at, p.probes[i], float64(time.Second), "probe %d", i+1)
	}
}

func TestRecoverProbesForThreeDaysAndGivesUp(t *testing.T) {
	p := &patient{}
	require.Equal(t, activities.GaveUp, p.outcome(t, 0, nil))
	require.Len(t, p.probes, 74)
	p.probed(t, time.Minute, 6*time.Minute, 21*time.Minute, 81*time.Minute, 141*time.Minute)
	for i := 4; i < len(p.probes); i++ {
		require.InDelta(t, time.Hour, p.probes[i]-p.probes[i-1], float64(time.Second), "probe %d", i+1)
	}
	require.Less(t, p.probes[73], 72*time.Hour)
	require.Zero(t, p.woken)
}

func TestRecoverEndsWithTheFirstProbeThatPasses(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		p := &patient{answer: func(at int) hook.Result {
			if at < n {
				return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx}
			}
			return hook.Result{Outcome: hook.Success}
		}}
		require.Equal(t, activities.Recovered, p.outcome(t, 0, nil))
		require.Len(t, p.probes, n)
		require.Equal(t, 1, p.woken, "what is held may go")
	}
}

func TestRecoverEndsWhereTheReceiverIsGone(t *testing.T) {
	p := &patient{answer: func(int) hook.Result { return hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone} }}
	require.Equal(t, activities.Gone, p.outcome(t, 0, nil))
	require.Len(t, p.probes, 1)
	require.Zero(t, p.woken)
}

func TestRecoverEndsWithoutAProbeWhereThereIsNothingToRecover(t *testing.T) {
	for name, now := range map[string]hook.Recovery{
		"enabled by its owner": {Outage: 2}, "deactivated another time": {Outage: 3, Running: true, NextProbeAt: time.Now().Add(time.Hour)},
	} {
		p := &patient{}
		require.Equal(t, activities.Ended, p.outcome(t, 10*time.Minute, func() { p.recovery = now }), name)
		p.probed(t, time.Minute, 6*time.Minute)
		require.Len(t, p.probes, 2)
	}
}

func TestRecoverLooksAgainWhenItIsTold(t *testing.T) {
	p := &patient{}
	p.answer = func(n int) hook.Result {
		return map[bool]hook.Result{true: {Outcome: hook.Success}, false: {Outcome: hook.Failure, Reason: hook.ReasonStatus5xx}}[n == 4]
	}
	// It was ended and begun again after three probes, an hour before the next.
	require.Equal(t, activities.Recovered, p.outcome(t, 30*time.Minute, func() {
		p.recovery = hook.Recovery{Outage: 2, Running: true}
		p.env.SignalWorkflow(workflows.HappenedSignal, nil)
	}))
	p.probed(t, time.Minute, 6*time.Minute, 21*time.Minute, 31*time.Minute)
}

func TestRecoverWaitsForADatabaseThatIsAway(t *testing.T) {
	p := &patient{outage: 9, answer: func(int) hook.Result { return hook.Result{Outcome: hook.Success} }}
	require.Equal(t, activities.Recovered, p.outcome(t, 0, nil))
	require.Len(t, p.probes, 1)
}

func TestRecoverHandsOverToANewRunBeforeItsHistoryGrowsTooLong(t *testing.T) {
	p := &patient{plan: hook.RecoveryPlan{Waits: []time.Duration{time.Second}, Window: time.Hour}}
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, p.run(0, nil), &next)
	require.Equal(t, workflows.RecoverName, next.WorkflowType.Name)
	var in workflows.RecoverInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.Equal(t, recoverInput, in)
}
