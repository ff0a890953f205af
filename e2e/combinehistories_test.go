package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"godwit/workflows"
)

// TestRecordHistoriesOfCombinations does for windows of combinations what
// TestRecordHistories does for deliveries.
func TestRecordHistoriesOfCombinations(t *testing.T) {
	t.Parallel()
	s := sharedStack(t)
	const namespace = "combinations"
	p := startServe(t, serveEnv(t, s.migrated(t), s.temporal(), namespace))
	temporal := temporalOf(t, s.temporal(), namespace)
	for name, o := range map[string]struct {
		within string
		then   func(testing.TB, *combining, workflowRun)
		want   enums.EventType
	}{
		"combination-fired": {"10m", func(t testing.TB, c *combining, run workflowRun) {
			run.reaches(t, enums.EVENT_TYPE_TIMER_STARTED)
			c.happens(t, "TODO_ASSIGNEE_ADDED", "canary")
			c.fired(t, 1)
		}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED},
		"combination-expired":     {"1s", func(testing.TB, *combining, workflowRun) {}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED},
		"combination-handed-over": {"10m", handOver, enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW},
	} {
		t.Run(name, func(t *testing.T) {
			c := combine(t, newStage(t, p), map[string]any{"within": o.within})
			c.happens(t, "TODO_CREATED", "canary")
			c.happens(t, "TODO_CREATED", "canary") // a window gets its workflow by its second event
			run := runOf(t, temporal, c.webhook["id"].(string))
			o.then(t, c, run)
			text := run.reaches(t, o.want)
			replayed(t, p, name, text)
		})
	}
	require.NotContains(t, p.output.String(), "canary", "a payload, URL or secret is in the log")
}

// replayed replays a history that must hold no secret, and keeps it under its
// name where histories are being recorded.
func replayed(t *testing.T, p *process, name string, text []byte) {
	t.Helper()
	require.NotContains(t, string(text), "canary", "a payload, URL or secret is in Temporal")
	file := filepath.Join(t.TempDir(), "history.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	out, code := runCommand(t, p.env, "replay", "--history", file)
	require.Zero(t, code, out)
	require.Contains(t, out, "deterministic")
	if *record {
		save(t, name, text)
	}
}

// workflowRun is one run of a workflow.
type workflowRun struct {
	temporal client.Client
	id, run  string
}

// runOf waits for the first workflow of a window of the webhook.
func runOf(t testing.TB, temporal client.Client, webhookID string) workflowRun {
	t.Helper()
	var first workflowRun
	eventually(t, func() (bool, string) {
		found, err := temporal.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = '%s' AND WebhookId = '%s'", workflows.CombineName, webhookID),
		})
		if err != nil || len(found.Executions) == 0 {
			return false, fmt.Sprint("no workflow: ", err)
		}
		e := found.Executions[0].Execution
		first = workflowRun{temporal, e.WorkflowId, e.RunId}
		return true, ""
	})
	return first
}

// handOver has a run look at its window until a new run takes over, which is
// hundreds of looks: what is waited for is the next of them.
func handOver(t testing.TB, _ *combining, w workflowRun) {
	t.Helper()
	var signals, answered int64
	for over := false; !over; {
		eventually(t, func() (bool, string) {
			// Temporal takes 10,000 signals of a run, which bounds this.
			require.NoError(t, w.temporal.SignalWorkflow(context.Background(), w.id, "", workflows.HappenedSignal, nil))
			signals++
			newest, err := w.temporal.DescribeWorkflowExecution(context.Background(), w.id, "")
			require.NoError(t, err)
			over = newest.WorkflowExecutionInfo.Execution.RunId != w.run
			before := answered
			answered = newest.WorkflowExecutionInfo.HistoryLength - signals
			return over || answered > before, "the first run does nothing more"
		})
	}
}

// reaches waits until the run has come to an event of the given type, and gives
// its history.
func (w workflowRun) reaches(t testing.TB, want enums.EventType) []byte {
	t.Helper()
	var text bytes.Buffer
	eventually(t, func() (bool, string) {
		h, err := workflows.FetchHistoryOfRun(context.Background(), w.temporal, w.id, w.run)
		require.NoError(t, err)
		if last := h.Events[len(h.Events)-1].EventType; last != want {
			return false, last.String()
		}
		require.NoError(t, workflows.WriteHistory(&text, h))
		return true, ""
	})
	return text.Bytes()
}
