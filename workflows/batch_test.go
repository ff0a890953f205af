package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/workflows"
)

// ledgerOf is a ledger with several deliveries, after the process that made
// their first attempts was lost.
type ledgerOf struct {
	world
	parcels map[string]hook.Parcel
	away    int // so many reads fail
}

func (l *ledgerOf) Parcel(_ context.Context, id string) (hook.Parcel, error) {
	l.outage = l.away
	l.away = max(0, l.away-1)
	if l.outage > 0 {
		return hook.Parcel{}, hook.Errorf(hook.CodeUnavailable, "the database can't be reached")
	}
	p, ok := l.parcels[id]
	if !ok {
		return p, hook.Errorf(hook.CodeNotFound, "there is no delivery %q", id)
	}
	return p, nil
}

func TestABatchSettlesEachByTheLedgerWhenItsProcessIsGone(t *testing.T) {
	at := func(status hook.DeliveryStatus, generation, attempts int) hook.Parcel {
		return hook.Parcel{Delivery: hook.Delivery{Status: status, Generation: generation, Attempts: attempts}, Webhook: hook.Webhook{Enabled: true}, Now: time.Now()}
	}
	l := &ledgerOf{away: 1, parcels: map[string]hook.Parcel{
		"dlv_done": at(hook.Succeeded, 1, 1), "dlv_lost": at(hook.Pending, 1, 1), "dlv_waits": at(hook.Retrying, 1, 1), "dlv_other": at(hook.Retrying, 2, 1),
	}}
	var suite testsuite.WorkflowTestSuite
	l.env = suite.NewTestWorkflowEnvironment()
	workflows.Register(l.env, &activities.Activities{Ledger: l, Log: zap.NewNop()})
	l.env.ExecuteWorkflow(workflows.DeliverBatchName, workflows.DeliverBatchInput{
		DeliveryIDs: []string{"dlv_done", "dlv_lost", "dlv_waits", "dlv_other", "dlv_none"}, AttemptTimeout: time.Second})
	require.NoError(t, l.env.GetWorkflowError())
	var result activities.DeliverBatchResult
	require.NoError(t, l.env.GetWorkflowResult(&result))
	require.Equal(t, []string{"dlv_lost", "dlv_waits"}, result.OnTheirOwn)
	require.Equal(t, 1, result.Outcomes["succeeded"])
	require.Equal(t, 1, result.Outcomes[activities.Superseded])
	require.Equal(t, 1, result.Outcomes[activities.Missing])
	require.Subset(t, l.regenerated, []string{"dlv_lost after 1", "dlv_waits after 1"})
}
