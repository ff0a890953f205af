package e2e_test

import (
	"context"
	"net/http"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"godwit/workflows"
)

// TestRecordHistoriesOfRedeliveries does for redeliveries of many what
// TestRecordHistories does for deliveries.
func TestRecordHistoriesOfRedeliveries(t *testing.T) {
	t.Parallel()
	const namespace = "redeliveries"
	p, url := serving(t, namespace, nil)
	temporal := temporalOf(t, sharedStack(t).temporal(), namespace)
	for name, o := range map[string]struct {
		n    int
		then func(t testing.TB, f *failing, at string, run workflowRun)
		want enums.EventType
	}{
		"redelivery-completed": {3, func(t testing.TB, f *failing, at string, _ workflowRun) {
			f.reaches(t, at, status("completed"))
		}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED},
		"redelivery-cancelled": {120, func(t testing.TB, f *failing, at string, run workflowRun) {
			run.reaches(t, enums.EVENT_TYPE_TIMER_STARTED)
			require.Equal(t, http.StatusNoContent, f.send(t, http.MethodDelete, at, nil).status)
		}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED},
		"redelivery-handed-over": {120, func(t testing.TB, f *failing, _ string, run workflowRun) {
			f.send(t, http.MethodPost, "/v1/webhooks/"+f.webhook+"/disable", nil).json(t, http.StatusOK)
			handOver(t, run)
		}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW},
	} {
		t.Run(name, func(t *testing.T) {
			f := failedOnes(t, newStage(t, p), url, o.n, nil)
			at := f.begin(t)
			run := firstRun(t, temporal, workflows.RedeliverID(path.Base(at)))
			o.then(t, f, at, run)
			text := run.reaches(t, o.want)
			replayed(t, p, name, text)
		})
	}
	require.NotContains(t, p.output.String(), "canary", "a payload, URL or secret is in the log")
}

// firstRun waits for the workflow of an id that has not run before.
func firstRun(t testing.TB, temporal client.Client, workflowID string) workflowRun {
	t.Helper()
	run := workflowRun{temporal: temporal, id: workflowID}
	eventually(t, func() (bool, string) {
		found, err := temporal.DescribeWorkflowExecution(context.Background(), workflowID, "")
		if err != nil {
			return false, err.Error()
		}
		run.run = found.WorkflowExecutionInfo.Execution.RunId
		return true, ""
	})
	return run
}
