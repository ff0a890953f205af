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

var combineInput = workflows.CombineInput{RuleID: 7, Key: "ab12", WebhookID: "wh_1"}

// lookout is a window whose looks come to what is scripted, on the virtual clock.
type lookout struct {
	activities.Steps
	env *testsuite.TestWorkflowEnvironment
	// look gives the n-th look's answer, from 1.
	look  func(n int) (hook.Progress, error)
	start time.Time
	looks []time.Duration // times of the looks
	woken int
}

func (l *lookout) Advance(_ context.Context, ruleID int64, key string) (hook.Progress, error) {
	if ruleID != combineInput.RuleID || key != combineInput.Key {
		return hook.Progress{}, errors.New("another window")
	}
	l.looks = append(l.looks, l.env.Now().Sub(l.start))
	return l.look(len(l.looks))
}

// happens signals as a worker does that was told of an event.
func (l *lookout) happens() { l.env.SignalWorkflow(workflows.HappenedSignal, nil) }

// run follows the window to its end; signals come at the given times.
func (l *lookout) run(t *testing.T, signals ...time.Duration) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	l.env = suite.NewTestWorkflowEnvironment()
	l.env.SetTestTimeout(time.Minute)
	l.start = l.env.Now()
	workflows.Register(l.env, &activities.Activities{Steps: l, Wake: func() { l.woken++ }, Log: zap.NewNop()})
	for _, at := range signals {
		l.env.RegisterDelayedCallback(l.happens, at)
	}
	l.env.ExecuteWorkflow(workflows.CombineName, combineInput)
	require.True(t, l.env.IsWorkflowCompleted())
	return l.env.GetWorkflowError()
}

// result is the outcome of a run that must have ended well.
func (l *lookout) result(t *testing.T, signals ...time.Duration) workflows.CombineResult {
	t.Helper()
	require.NoError(t, l.run(t, signals...))
	var out workflows.CombineResult
	require.NoError(t, l.env.GetWorkflowResult(&out))
	return out
}

// looked asserts the times of the looks, which may be a little late.
func (l *lookout) looked(t *testing.T, want ...time.Duration) {
	t.Helper()
	require.Len(t, l.looks, len(want))
	for i, at := range want {
		require.InDelta(t, at, l.looks[i], float64(100*time.Millisecond), "look %d", i+1)
	}
}

// script answers with one progress after another.
func script(answers ...hook.Progress) func(int) (hook.Progress, error) {
	return func(n int) (hook.Progress, error) { return answers[n-1], nil }
}

var open = hook.Progress{Open: true, ClosesIn: 10 * time.Minute}

func TestCombineLooksWhenSomethingHappens(t *testing.T) {
	l := &lookout{look: script(open, open, hook.Progress{Fired: []string{"evt_1"}})}
	require.Equal(t, workflows.CombineResult{Outcome: workflows.CombineFired, Fired: []string{"evt_1"}}, l.result(t, 0, time.Minute, 3*time.Minute))
	l.looked(t, 0, time.Minute, 3*time.Minute)
	require.Equal(t, 1, l.woken, "the dispatcher is told of the delivery")
}

func TestCombineEndsWithItsWindow(t *testing.T) {
	l := &lookout{look: script(open, hook.Progress{Open: true, ClosesIn: 5 * time.Minute}, hook.Progress{})}
	require.Equal(t, workflows.CombineResult{Outcome: workflows.CombineExpired}, l.result(t, 0))
	l.looked(t, 0, 10*time.Minute, 15*time.Minute)
	require.Zero(t, l.woken)
}

func TestCombineGoesOnAfterAFiringThatLeavesSomething(t *testing.T) {
	l := &lookout{look: script(
		hook.Progress{Fired: []string{"evt_1", "evt_2"}, Open: true, ClosesIn: time.Minute}, hook.Progress{Fired: []string{"evt_3"}})}
	require.Equal(t, []string{"evt_1", "evt_2", "evt_3"}, l.result(t, 30*time.Second).Fired)
	l.looked(t, 0, 30*time.Second)
}

func TestCombineLooksOnceForManySignals(t *testing.T) {
	l := &lookout{}
	l.look = func(n int) (hook.Progress, error) {
		switch n {
		case 1: // while it looks, more happens
			for range 20 {
				l.happens()
			}
			return open, nil
		case 2:
			return open, nil
		}
		return hook.Progress{}, nil
	}
	require.Equal(t, workflows.CombineExpired, l.result(t, 0, 0, 0).Outcome)
	l.looked(t, 0, 0, 10*time.Minute)
}

func TestCombineDoesNotMissASignalAtItsEnd(t *testing.T) {
	l := &lookout{}
	l.look = func(n int) (hook.Progress, error) {
		switch n {
		case 1:
			l.happens()
			return hook.Progress{}, nil
		case 2:
			return open, nil
		}
		return hook.Progress{Fired: []string{"evt_1"}}, nil
	}
	require.Equal(t, workflows.CombineFired, l.result(t, time.Minute).Outcome)
	l.looked(t, 0, 0, time.Minute)
}

func TestCombineWaitsForADatabaseThatIsAway(t *testing.T) {
	const outage = 9 // looks; the test environment takes unlimited for ten
	l := &lookout{}
	l.look = func(n int) (hook.Progress, error) {
		if n <= outage {
			return hook.Progress{}, errors.New("the database can't be reached")
		}
		return hook.Progress{Fired: []string{"evt_1"}}, nil
	}
	require.Equal(t, workflows.CombineFired, l.result(t, 0).Outcome)
	require.Less(t, l.looks[outage]-l.looks[outage-1], 11*time.Second, "it is tried again every ten seconds")
}

func TestCombineHandsOverToANewRunBeforeItsHistoryGrowsTooLong(t *testing.T) {
	l := &lookout{}
	l.look = func(int) (hook.Progress, error) {
		l.happens()
		return open, nil
	}
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, l.run(t, 0), &next)
	require.Equal(t, workflows.CombineName, next.WorkflowType.Name)
	var in workflows.CombineInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.Equal(t, combineInput, in)
	require.Len(t, l.looks, 200)
}
