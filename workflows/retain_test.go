package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/workflows"
)

// removal is a run whose steps come to what is scripted.
type removal struct {
	activities.Steps
	answer func(n int) (hook.RetentionStep, error)
	steps  int
	keep   hook.Keep
	failed []string
}

func (r *removal) RetentionStep(_ context.Context, keep hook.Keep, _ int) (hook.RetentionStep, error) {
	r.steps++
	r.keep = keep
	return r.answer(r.steps)
}

func (r *removal) RetentionFailed(_ context.Context, problem string) error {
	r.failed = append(r.failed, problem)
	return nil
}

func (r *removal) run(t *testing.T) (*testsuite.TestWorkflowEnvironment, time.Duration) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	keep := hook.Keep{Data: 72 * time.Hour, Audit: 1000 * time.Hour}
	workflows.Register(env, &activities.Activities{Steps: r, Keep: keep, Log: zap.NewNop()})
	start := env.Now()
	env.ExecuteWorkflow(workflows.RetainName)
	require.True(t, env.IsWorkflowCompleted())
	require.Equal(t, keep, r.keep)
	return env, env.Now().Sub(start)
}

func TestRetain_GoesOnUntilNothingIsLeft(t *testing.T) {
	r := &removal{answer: func(n int) (hook.RetentionStep, error) { return hook.RetentionStep{Removed: 10, Done: n == 4}, nil }}
	env, _ := r.run(t)
	require.NoError(t, env.GetWorkflowError())
	var out activities.RetainResult
	require.NoError(t, env.GetWorkflowResult(&out))
	require.Equal(t, activities.RetainResult{Removed: 40, Done: true}, out)
	require.Equal(t, 4, r.steps)
}

func TestRetain_LeavesTheRestToOthersWhenItsWorkerStops(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	stopping := make(chan struct{})
	env.SetWorkerStopChannel(stopping)
	r := &removal{answer: func(n int) (hook.RetentionStep, error) {
		if n == 2 {
			close(stopping)
		}
		return hook.RetentionStep{Removed: 10, Done: n == 1000}, nil
	}}
	acts := &activities.Activities{Steps: r, Log: zap.NewNop()}
	env.RegisterActivity(acts.Retain)
	encoded, err := env.ExecuteActivity(acts.Retain)
	require.NoError(t, err)
	var out activities.RetainResult
	require.NoError(t, encoded.Get(&out))
	require.False(t, out.Done)
	require.Equal(t, 10*r.steps, out.Removed)
	require.Less(t, r.steps, 100)
}

func TestRetain_TriesAgainAndSaysWhy(t *testing.T) {
	r := &removal{answer: func(n int) (hook.RetentionStep, error) {
		if n <= 3 {
			return hook.RetentionStep{}, errors.New("the database can't be reached")
		}
		return hook.RetentionStep{Done: true}, nil
	}}
	env, took := r.run(t)
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, r.failed, 3)
	require.Equal(t, "the database can't be reached", r.failed[0])
	require.Equal(t, 5+10+20, int(took.Round(time.Second)/time.Second), "seconds")
}

func TestRetain_HandsOverToANewRun(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	workflows.RegisterWorkflows(env)
	env.RegisterActivityWithOptions(func(context.Context) (activities.RetainResult, error) {
		return activities.RetainResult{Removed: 1}, nil
	}, activity.RegisterOptions{Name: workflows.RetainName})
	env.ExecuteWorkflow(workflows.RetainName)
	require.True(t, workflow.IsContinueAsNewError(env.GetWorkflowError()), env.GetWorkflowError())
}
