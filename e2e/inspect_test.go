package e2e_test

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// TestInspect_QueriesOfTheGuideFindWorkflows runs every query and command of
// docs/inspect.md.
func TestInspect_QueriesOfTheGuideFindWorkflows(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "inspect")
	env["GODWIT_PUBLIC_URL"] = "https://godwit.example/app"
	p := startServe(t, env)
	c := newStage(t, p)
	r := newReceiver(t, func(int, request) int { return http.StatusGone })
	webhook := c.webhook(t, r.URL+"/canary", nil)["id"].(string)
	event := c.post(t)
	delivery := c.delivery(t, event, status("failed"))
	id := delivery["id"].(string)
	workflow := delivery["workflow"].(map[string]any)
	temporal := temporalOf(t, s.temporal(), "inspect")

	text, err := os.ReadFile("../docs/inspect.md")
	require.NoError(t, err)
	filled := strings.NewReplacer("WEBHOOK", webhook, "EVENT", event, "DELIVERY", id, "COMPANY", c.prefix+"c", "HOUR_AGO", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)).Replace(string(text))
	queries := regexp.MustCompile("(?s)```sql\n(.*?)\n```").FindAllStringSubmatch(filled, -1)
	require.Len(t, queries, 7)
	found := 0
	for _, query := range queries {
		mustFind := strings.Contains(query[1], webhook) || strings.Contains(query[1], event) || strings.Contains(query[1], c.prefix)
		eventually(t, func() (bool, string) {
			got, err := temporal.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{Query: query[1]})
			require.NoError(t, err, query[1])
			return !mustFind || len(got.Executions) == 1 && got.Executions[0].Execution.WorkflowId == workflow["id"], query[1]
		})
		found += map[bool]int{true: 1}[mustFind]
	}
	require.Equal(t, 3, found)
	requireReadable(t, temporal, workflow["id"].(string), id)

	commands := regexp.MustCompile("(?s)```sh\ngodwit (.*?)\n```").FindAllStringSubmatch(filled, -1)
	require.Len(t, commands, 2)
	for _, command := range commands {
		out, code := runCommand(t, env, strings.Fields(command[1])...)
		require.Zero(t, code, out)
		require.Contains(t, out, "deterministic: ")
	}
	requireGate(t, env, temporal)
}

// requireGate has a workflow run that no build of Godwit would have made.
func requireGate(t *testing.T, env map[string]string, temporal client.Client) {
	t.Helper()
	w := worker.New(temporal, "another", worker.Options{})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Hour) }, workflow.RegisterOptions{Name: "Deliver"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	run, err := temporal.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "dlv/changed", TaskQueue: "another"}, "Deliver")
	require.NoError(t, err)
	eventually(t, func() (bool, string) {
		out, code := runCommand(t, env, "replay", "--all", "--since", "0s")
		return code == 1 && strings.Contains(out, "dlv/changed (run "+run.GetRunID()+")") && strings.Contains(out, "don't deploy"), out
	})
	require.NoError(t, temporal.TerminateWorkflow(context.Background(), "dlv/changed", "", "the test is over"))
}

// requireReadable looks at what a person sees of a workflow.
func requireReadable(t *testing.T, temporal client.Client, workflowID, deliveryID string) {
	t.Helper()
	got, err := temporal.DescribeWorkflowExecution(context.Background(), workflowID, "")
	require.NoError(t, err)
	var summary, details string
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(got.ExecutionConfig.UserMetadata.Summary, &summary))
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(got.ExecutionConfig.UserMetadata.Details, &details))
	require.Regexp(t, `^TODO_CREATED -> 127\.[0-9.]+:\d+$`, summary)
	require.Contains(t, details, "["+deliveryID+"](https://godwit.example/app/deliveries/"+deliveryID+")")
	require.NotContains(t, summary+details, "canary")
}
