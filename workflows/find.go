package workflows

import (
	"context"
	"fmt"
	"regexp"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// quotable is what may stand in a query without being escaped.
var quotable = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// FindBatch finds the workflow that carries or carried a delivery together with
// others, by its search attributes; empty = there is none. Temporal may take a
// moment to show one that has just started.
func FindBatch(ctx context.Context, c client.Client, deliveryID string) (workflowID string, err error) {
	if !quotable.MatchString(deliveryID) {
		return "", nil
	}
	found, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: 1, Query: fmt.Sprintf("%s = '%s'", batchKey.GetName(), deliveryID),
	})
	if err != nil {
		return "", fmt.Errorf("look for the batch of %s: %w", deliveryID, err)
	}
	for _, e := range found.Executions {
		workflowID = e.Execution.WorkflowId
	}
	return workflowID, nil
}
