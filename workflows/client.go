package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"godwit/internal/hook"
)

var (
	// ErrClosed means that the workflow of this id and generation ran before and
	// is closed: if its delivery is unfinished, it needs the next generation.
	ErrClosed = errors.New("the workflow is closed")
	// ErrRefused means that Temporal will not take this start however often it is
	// tried. Any other error means that Temporal can't take it now.
	ErrRefused = errors.New("the start is refused by Temporal")
)

// Client is the one place that starts workflows. It is safe for concurrent use.
type Client struct {
	temporal client.Client
	timeout  time.Duration
	// Under puts a start under the trace of an event; nil = it is in none.
	Under func(ctx context.Context, traceParent string) context.Context
	// Page gives the page of a delivery in the web app, for the details of its workflow;
	// nil, or "" = there is none.
	Page func(deliveryID string) string
}

// NewClient makes a Client; timeout bounds one attempt of a webhook that has no
// timeout of its own.
func NewClient(c client.Client, timeout time.Duration) *Client {
	return &Client{temporal: c, timeout: timeout}
}

// StartDeliver starts the workflow of a claimed delivery, and gives its run.
// Starting one that runs already changes nothing. The error is ErrClosed, with
// the run, for one that has ended.
func (c *Client) StartDeliver(ctx context.Context, claim hook.Claim) (runID string, err error) {
	in := DeliverInput{
		DeliveryID: claim.DeliveryID, Generation: claim.Generation, WebhookID: claim.WebhookID,
		AttemptTimeout: cmp.Or(claim.Timeout, c.timeout), QuietSuccess: true,
	}
	if c.Under != nil {
		ctx = c.Under(ctx, claim.TraceParent)
	}
	return started(c.temporal.ExecuteWorkflow(ctx, c.deliverOptions(claim, in.AttemptTimeout), DeliverName, in))
}

// started is what a start came to.
func started(run client.WorkflowRun, err error) (runID string, _ error) {
	var before *serviceerror.WorkflowExecutionAlreadyStarted
	var invalid *serviceerror.InvalidArgument
	switch {
	case errors.As(err, &before):
		return before.RunId, ErrClosed
	case errors.As(err, &invalid):
		return "", fmt.Errorf("%w: %w", ErrRefused, err)
	case err != nil:
		return "", fmt.Errorf("start a workflow: %w", err)
	}
	return run.GetRunID(), nil
}

// StartBatch starts one workflow for generation 1 of up to MaxBatch claimed
// deliveries, and gives the batch's name and the run. The same deliveries in the
// same order are the same batch: starting it again changes nothing, whether it
// runs or has ended. The error is ErrRefused for more than PlainBatch of them where
// Temporal keeps its default limits.
func (c *Client) StartBatch(ctx context.Context, claims []hook.Claim) (batch, runID string, err error) {
	in := DeliverBatchInput{DeliveryIDs: make([]string, len(claims))}
	for i, claim := range claims {
		in.DeliveryIDs[i] = claim.DeliveryID
		in.AttemptTimeout = max(in.AttemptTimeout, cmp.Or(claim.Timeout, c.timeout))
	}
	batch = BatchID(in.DeliveryIDs)
	runID, err = started(c.temporal.ExecuteWorkflow(ctx, c.batchOptions(batch, claims, in), DeliverBatchName, in))
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	return batch, runID, err
}

func (c *Client) batchOptions(batch string, claims []hook.Claim, in DeliverBatchInput) client.StartWorkflowOptions {
	attributes := []temporal.SearchAttributeUpdate{batchKey.ValueSet(in.DeliveryIDs)}
	webhooks := distinct(claims, func(c hook.Claim) string { return c.WebhookID })
	if webhooks == 1 {
		attributes = append(attributes, webhookKey.ValueSet(claims[0].WebhookID))
	}
	if distinct(claims, func(c hook.Claim) string { return c.EventType }) == 1 {
		attributes = append(attributes, eventTypeKey.ValueSet(claims[0].EventType))
	}
	if distinct(claims, func(c hook.Claim) string { return c.CompanyID }) == 1 {
		attributes = append(attributes, companyKey.ValueSet(claims[0].CompanyID))
	}
	o := startOptions(BatchWorkflowID(batch), in.AttemptTimeout)
	o.StaticSummary, o.StaticDetails = summaryOfBatch(claims, webhooks), c.detailsOfBatch(claims)
	o.TypedSearchAttributes = temporal.NewSearchAttributes(attributes...)
	return o
}

// startOptions are those of every start that makes first attempts.
func startOptions(workflowID string, timeout time.Duration) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                    workflowID,
		TaskQueue:             TaskQueue,
		EnableEagerStart:      true,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		// One that runs already is the one that is wanted.
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		WorkflowTaskTimeout:                      taskTimeout(timeout),
	}
}

func (c *Client) deliverOptions(claim hook.Claim, timeout time.Duration) client.StartWorkflowOptions {
	o := startOptions(DeliverID(claim.DeliveryID, claim.Generation), timeout)
	o.StaticSummary, o.StaticDetails = summaryOf(claim), c.detailsOf(claim)
	o.Priority = temporal.Priority{FairnessKey: fairnessKey(claim.OwnerID)}
	o.TypedSearchAttributes = temporal.NewSearchAttributes(
		webhookKey.ValueSet(claim.WebhookID), eventKey.ValueSet(claim.EventID),
		eventTypeKey.ValueSet(claim.EventType), companyKey.ValueSet(claim.CompanyID))
	return o
}

// StartRecover starts the workflow of a claimed recovery, or tells it to look
// again where it runs. One that is closed starts anew: the database says that
// there is something to recover.
func (c *Client) StartRecover(ctx context.Context, claim hook.RecoveryClaim) error {
	in := RecoverInput{WebhookID: claim.WebhookID, Outage: claim.Outage, AttemptTimeout: cmp.Or(claim.Timeout, c.timeout)}
	workflowID := RecoverID(claim.WebhookID, claim.Outage)
	_, err := c.temporal.SignalWithStartWorkflow(ctx, workflowID, HappenedSignal, nil, toldOptions("recovery of", claim.WebhookID, claim.OwnerID), RecoverName, in)
	return toldError(workflowID, err)
}

// StartRedeliver starts the workflow of a claimed redelivery of many, or has it
// make its next step where it runs. One that is closed starts anew: the database
// says that there is something to do.
func (c *Client) StartRedeliver(ctx context.Context, claim hook.RedeliveryClaim) error {
	in := RedeliverInput{RedeliveryID: claim.RedeliveryID, WebhookID: claim.WebhookID}
	workflowID := RedeliverID(claim.RedeliveryID)
	_, err := c.temporal.SignalWithStartWorkflow(ctx, workflowID, HappenedSignal, nil, toldOptions("redelivery to", claim.WebhookID, claim.OwnerID), RedeliverName, in)
	return toldError(workflowID, err)
}

// toldOptions are those of a workflow that is told again and again of what there
// is to do for a webhook. It may have been closed before, more than once.
func toldOptions(what, webhookID, ownerID string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		TaskQueue:             TaskQueue,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         what + " " + webhookID,
		Priority:              temporal.Priority{FairnessKey: fairnessKey(ownerID)},
		TypedSearchAttributes: temporal.NewSearchAttributes(webhookKey.ValueSet(webhookID)),
	}
}

// toldError is the outcome of telling a workflow.
func toldError(workflowID string, err error) error {
	var invalid *serviceerror.InvalidArgument
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case err != nil:
		return fmt.Errorf("tell the workflow %s: %w", workflowID, err)
	}
	return nil
}

// taskTimeout is long enough for an attempt inside the first workflow task: the
// SDK asks for more time when four fifths are over, which would cost a write.
func taskTimeout(attempt time.Duration) time.Duration { return attempt*5/4 + 5*time.Second }

// fairnessKey is the owner's id, cut to the 64 bytes that Temporal takes.
func fairnessKey(ownerID string) string { return ownerID[:min(len(ownerID), 64)] }
