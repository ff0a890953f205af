package workflows

import (
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"godwit/activities"
	"godwit/internal/hook"
)

// TaskQueue is where all of Godwit's workflows and activities wait for workers.
const TaskQueue = "godwit"

// Names under which workflows and activities are registered. They are data in
// histories: never rename one.
const (
	DeliverName       = "Deliver"
	DeliverBatchName  = "DeliverBatch"
	CheckHealthName   = "CheckHealth"
	CombineName       = "Combine"
	AdvanceName       = "Advance"
	RecoverName       = "Recover"
	RedeliverName     = "Redeliver"
	RedeliverStepName = "RedeliverStep"
	RetainName        = "Retain"
	// HappenedSignal tells Recover and Redeliver, and a Combine of an earlier version, that
	// what they follow has to be looked at.
	HappenedSignal = "Happened"
)

// The search attributes of a workflow: keywords, and one list of keywords, which
// holds the deliveries of a batch.
var (
	webhookKey   = temporal.NewSearchAttributeKeyKeyword("WebhookId")
	eventKey     = temporal.NewSearchAttributeKeyKeyword("EventId")
	eventTypeKey = temporal.NewSearchAttributeKeyKeyword("EventType")
	companyKey   = temporal.NewSearchAttributeKeyKeyword("CompanyId")
	outcomeKey   = temporal.NewSearchAttributeKeyKeyword("Outcome")
	batchKey     = temporal.NewSearchAttributeKeyKeywordList("DeliveryIds")
)

// SearchAttribute is one that must exist in the namespace.
type SearchAttribute struct {
	Name string
	Type enums.IndexedValueType
}

// SearchAttributes lists the search attributes that must exist in the namespace.
func SearchAttributes() []SearchAttribute {
	keys := []temporal.SearchAttributeKey{webhookKey, eventKey, eventTypeKey, companyKey, outcomeKey, batchKey}
	all := make([]SearchAttribute, len(keys))
	for i, key := range keys {
		all[i] = SearchAttribute{key.GetName(), key.GetValueType()}
	}
	return all
}

// WorkflowID is the id of the workflow that carries a delivery now.
func WorkflowID(d hook.Delivery) string {
	if d.Batch != "" && d.Generation == 1 {
		return BatchWorkflowID(d.Batch)
	}
	return DeliverID(d.ID, d.Generation)
}

// DeliverID is the id of the workflow that carries a delivery. The generation
// is 1 for the first one; a later one replaces a workflow that is closed.
func DeliverID(deliveryID string, generation int) string {
	if generation <= 1 {
		return "dlv/" + deliveryID
	}
	return fmt.Sprintf("dlv/%s/%d", deliveryID, generation)
}

// CombineID is the id of the workflow that earlier versions begin for a window of a
// combination.
func CombineID(ruleID int64, key string) string { return fmt.Sprintf("cmb/%d/%s", ruleID, key) }

// RecoverID is the id of the workflow that carries a recovery of a webhook; outage
// is its number.
func RecoverID(webhookID string, outage int) string {
	return fmt.Sprintf("rcv/%s/%d", webhookID, outage)
}

// RedeliverID is the id of the workflow that carries a redelivery of many.
func RedeliverID(redeliveryID string) string { return "rdl/" + redeliveryID }

// Register registers every workflow and activity, for a worker and for the test
// environment alike.
func Register(r worker.Registry, acts *activities.Activities) {
	RegisterWorkflows(r)
	r.RegisterActivityWithOptions(acts.Deliver, activity.RegisterOptions{Name: DeliverName})
	r.RegisterActivityWithOptions(acts.DeliverBatch, activity.RegisterOptions{Name: DeliverBatchName})
	r.RegisterActivityWithOptions(acts.CheckHealth, activity.RegisterOptions{Name: CheckHealthName})
	r.RegisterActivityWithOptions(acts.Advance, activity.RegisterOptions{Name: AdvanceName})
	r.RegisterActivityWithOptions(acts.Recover, activity.RegisterOptions{Name: RecoverName})
	r.RegisterActivityWithOptions(acts.RedeliverStep, activity.RegisterOptions{Name: RedeliverStepName})
	r.RegisterActivityWithOptions(acts.Retain, activity.RegisterOptions{Name: RetainName})
}

// RegisterWorkflows registers the workflows alone, which is all that a replay needs.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	for _, w := range registered {
		r.RegisterWorkflowWithOptions(w.run, workflow.RegisterOptions{Name: w.name})
	}
}

type registeredWorkflow struct {
	name string
	run  any
}

// registered is every workflow under its name.
var registered = []registeredWorkflow{
	{DeliverName, Deliver}, {DeliverBatchName, DeliverBatch}, {CombineName, Combine},
	{RecoverName, Recover}, {RedeliverName, Redeliver}, {RetainName, Retain},
}
