package e2e_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"godwit/workflows"
)

// TestCombine_OfAnEarlierVersionEndsWithItsWindow: earlier versions began a workflow for
// each window. One that runs when this version comes sees that its window has fired.
func TestCombine_OfAnEarlierVersionEndsWithItsWindow(t *testing.T) {
	t.Parallel()
	const namespace = "combinations"
	p, url := serving(t, namespace, nil)
	temporal := temporalOf(t, sharedStack(t).temporal(), namespace)
	c := combine(t, newStage(t, p), nil)
	a := c.happens(t, "TODO_CREATED", "canary")
	in := workflows.CombineInput{WebhookID: c.webhook["id"].(string)}
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.QueryRow(`SELECT rule_id, key FROM windows WHERE webhook_id = $1`, in.WebhookID).Scan(&in.RuleID, &in.Key))

	began, err := temporal.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{
		ID: workflows.CombineID(in.RuleID, in.Key), TaskQueue: workflows.TaskQueue,
	}, workflows.CombineName, in)
	require.NoError(t, err)
	run := workflowRun{temporal, began.GetID(), began.GetRunID()}
	run.reaches(t, enums.EVENT_TYPE_TIMER_STARTED)
	b := c.happens(t, "TODO_ASSIGNEE_ADDED", "canary")
	require.Equal(t, [][]string{{a, b}}, c.fired(t, 1))
	require.NoError(t, temporal.SignalWorkflow(context.Background(), run.id, "", workflows.HappenedSignal, nil))
	replayed(t, p, "combination-expired", run.reaches(t, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED))
	require.NotContains(t, p.output.String(), "canary", "a payload, URL or secret is in the log")
}
