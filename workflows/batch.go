package workflows

import (
	"fmt"
	"hash/fnv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
)

const (
	// MaxBatch is how many deliveries one workflow carries at most.
	MaxBatch = 200
	// PlainBatch is how many any Temporal takes: their ids are a search attribute,
	// of which it takes 2 KiB unless it is told otherwise.
	PlainBatch = 60
)

// DeliverBatchInput is the input of the workflow DeliverBatch.
type DeliverBatchInput struct {
	DeliveryIDs []string
	// AttemptTimeout bounds one HTTP request: the longest of all.
	AttemptTimeout time.Duration
}

// DeliverBatch carries the first attempts of deliveries that came faster than
// workflows could be started for each. A delivery whose first attempt fails goes
// on in its own workflow Deliver, as its next generation.
func DeliverBatch(ctx workflow.Context, in DeliverBatchInput) (activities.DeliverBatchResult, error) {
	var result activities.DeliverBatchResult
	request := activities.DeliverBatchInput{DeliveryIDs: in.DeliveryIDs, AttemptTimeout: in.AttemptTimeout}
	one := DeliverInput{AttemptTimeout: in.AttemptTimeout}
	err := workflow.ExecuteLocalActivity(withFirstAttempt(ctx, one), DeliverBatchName, request).Get(ctx, &result)
	if err == nil || ctx.Err() != nil {
		return result, err
	}
	// A part of Godwit was out of reach, or this worker is being stopped.
	err = workflow.ExecuteActivity(withSettling(ctx, in), DeliverBatchName, request).Get(ctx, &result)
	return result, err
}

func withSettling(ctx workflow.Context, in DeliverBatchInput) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: in.AttemptTimeout + attemptMargin,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:             "the outcome of each",
	})
}

// BatchID names the batch of these deliveries: their first one, and a digest of
// them all, so that no two batches share an id.
func BatchID(deliveryIDs []string) string {
	h := fnv.New32a()
	for _, id := range deliveryIDs {
		_, _ = h.Write([]byte(id)) // never fails
	}
	return fmt.Sprintf("%s-%08x", deliveryIDs[0], h.Sum32())
}

// BatchWorkflowID is the id of the workflow that carries a batch.
func BatchWorkflowID(batch string) string { return "dlvs/" + batch }
