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
	"godwit/workflows"
)

var redeliverInput = workflows.RedeliverInput{RedeliveryID: "rdl_1", WebhookID: "wh_1"}

// steps is a redelivery of many whose steps come to what is scripted, on the
// virtual clock.
type steps struct {
	activities.Steps
	env *testsuite.TestWorkflowEnvironment
	// answer gives that of the n-th step, from 1.
	answer func(n int) (hook.RedeliveryStep, error)
	start  time.Time
	times  []time.Duration
}

func (s *steps) RedeliverStep(_ context.Context, redeliveryID string) (hook.RedeliveryStep, error) {
	if redeliveryID != redeliverInput.RedeliveryID {
		return hook.RedeliveryStep{}, errors.New("another redelivery")
	}
	s.times = append(s.times, s.env.Now().Sub(s.start))
	return s.answer(len(s.times))
}

// run carries the redelivery to its end; signals come at the given times.
func (s *steps) run(t *testing.T, signals ...time.Duration) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	s.env = suite.NewTestWorkflowEnvironment()
	s.env.SetTestTimeout(time.Minute)
	s.start = s.env.Now()
	workflows.Register(s.env, &activities.Activities{Steps: s, Log: zap.NewNop()})
	for _, at := range signals {
		s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.HappenedSignal, nil) }, at)
	}
	s.env.ExecuteWorkflow(workflows.RedeliverName, redeliverInput)
	require.True(t, s.env.IsWorkflowCompleted())
	return s.env.GetWorkflowError()
}

// stepped asserts the seconds at which steps were made.
func (s *steps) stepped(t *testing.T, want ...int) {
	t.Helper()
	require.Len(t, s.times, len(want))
	for i, at := range want {
		require.InDelta(t, time.Duration(at)*time.Second, s.times[i], float64(200*time.Millisecond), "step %d", i+1)
	}
}

// stepsOf answers with one step after another.
func stepsOf(answers ...hook.RedeliveryStep) *steps {
	return &steps{answer: func(n int) (hook.RedeliveryStep, error) { return answers[n-1], nil }}
}

var (
	letGo   = hook.RedeliveryStep{Released: 50, More: true}
	full    = hook.RedeliveryStep{More: true}
	off     = hook.RedeliveryStep{More: true, Off: true}
	allSent = hook.RedeliveryStep{}
	done    = hook.RedeliveryStep{Done: true}
)

func TestRedeliverMakesAStepASecondWhileThereIsRoom(t *testing.T) {
	s := stepsOf(letGo, letGo, letGo, done)
	require.NoError(t, s.run(t, 0))
	s.stepped(t, 0, 1, 2, 3)
	var out workflows.RedeliverResult
	require.NoError(t, s.env.GetWorkflowResult(&out))
	require.Equal(t, workflows.RedeliverResult{Released: 150}, out)
}

func TestRedeliverWaitsLongerWhileThereIsNoRoom(t *testing.T) {
	s := stepsOf(letGo, full, full, full, full, letGo, done)
	require.NoError(t, s.run(t, 0))
	s.stepped(t, 0, 1, 3, 7, 12, 17, 18)
}

func TestRedeliverAsksSeldomWhileThereIsNothingToDo(t *testing.T) {
	for name, idle := range map[string]hook.RedeliveryStep{"switched off": off, "the last are on their way": allSent} {
		t.Run(name, func(t *testing.T) {
			s := stepsOf(idle, idle, idle, idle, idle, idle, idle, idle, done)
			require.NoError(t, s.run(t, 0))
			s.stepped(t, 0, 2, 6, 14, 30, 62, 122, 182, 242)
		})
	}
}

func TestRedeliverMakesAStepWhenSignalled(t *testing.T) {
	s := stepsOf(off, off, off, done)
	require.NoError(t, s.run(t, 0, 9*time.Second))
	s.stepped(t, 0, 2, 6, 9)
}

func TestRedeliverWaitsForADatabaseThatIsAway(t *testing.T) {
	const outage = 9 // steps; the test environment takes unlimited for ten
	s := &steps{answer: func(n int) (hook.RedeliveryStep, error) {
		if n <= outage {
			return hook.RedeliveryStep{}, errors.New("the database can't be reached")
		}
		return done, nil
	}}
	require.NoError(t, s.run(t, 0))
	require.Less(t, s.times[outage]-s.times[outage-1], 11*time.Second)
}

func TestRedeliverHandsOverToANewRunBeforeItsHistoryGrowsTooLong(t *testing.T) {
	s := &steps{answer: func(int) (hook.RedeliveryStep, error) { return letGo, nil }}
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, s.run(t, 0), &next)
	require.Equal(t, workflows.RedeliverName, next.WorkflowType.Name)
	var in workflows.RedeliverInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.Equal(t, redeliverInput, in)
	require.Len(t, s.times, 200)
}
