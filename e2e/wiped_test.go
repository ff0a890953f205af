package e2e_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"godwit/internal/config"
	"godwit/internal/localpg"
	"godwit/internal/pgtest"
)

// temporalOf connects to a Temporal as an operator does.
func temporalOf(t testing.TB, address, namespace string) client.Client {
	t.Helper()
	secure, err := config.Config{TemporalAddress: address}.TemporalTLS()
	require.NoError(t, err)
	require.NotNil(t, secure, "the standalone has left no certificate")
	c, err := client.Dial(client.Options{HostPort: address, Namespace: namespace, ConnectionOptions: client.ConnectionOptions{TLS: secure}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// faulty is a Godwit with a receiver that fails until it is well, and long waits
// between attempts.
type faulty struct {
	*stageClient
	process  *process
	database string
	receiver *receiver
	well     atomic.Bool
}

func newFaulty(t testing.TB, database, temporal, namespace string) *faulty {
	t.Helper()
	env := serveEnv(t, database, temporal, namespace)
	env["GODWIT_RETRY_SCHEDULE"] = "1h,1h,1h,1h"
	f := &faulty{process: startServe(t, env), database: database}
	f.stageClient = newStage(t, f.process)
	f.receiver = newReceiver(t, func(int, request) int { return map[bool]int{true: 200, false: 500}[f.well.Load()] })
	return f
}

// due makes the time pass after which what waits is looked at.
func (f *faulty) due(t testing.TB) {
	t.Helper()
	f.well.Store(true)
	pgtest.Exec(t, f.database, `UPDATE webhooks SET trial_at = NULL`)
	pgtest.Exec(t, f.database, `UPDATE deliveries SET dispatch_at = now(), next_attempt_at = now() WHERE status = 'retrying'`)
}

// waits says that a delivery waits for its next attempt.
func waits(d map[string]any) bool { return d["next_attempt_at"] != nil }

func TestADeliveryWhoseWorkflowWasDeletedIsCarriedOn(t *testing.T) {
	s := sharedStack(t)
	f := newFaulty(t, s.migrated(t), s.temporal(), "deleted")
	f.webhook(t, f.receiver.URL, nil)
	id := f.post(t)
	workflow := f.delivery(t, id, waits)["workflow"].(map[string]any)["id"].(string)
	temporal := temporalOf(t, s.temporal(), "deleted")
	_, err := temporal.WorkflowService().DeleteWorkflowExecution(context.Background(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: "deleted", WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflow}})
	require.NoError(t, err)
	eventually(t, func() (bool, string) {
		_, err := temporal.DescribeWorkflowExecution(context.Background(), workflow, "")
		return err != nil, "the workflow is still there"
	})
	f.due(t)
	require.Len(t, f.delivery(t, id, status("succeeded"))["attempts"], 2)
	require.Equal(t, map[string]int{id: 2}, f.receiver.ids())
}

// TestADeletedNamespaceIsMadeAgain deletes the namespace under a Godwit that
// goes on running.
func TestADeletedNamespaceIsMadeAgain(t *testing.T) {
	s := sharedStack(t)
	f := newFaulty(t, s.migrated(t), s.temporal(), "doomed")
	f.webhook(t, f.receiver.URL, nil)
	first := f.post(t)
	f.delivery(t, first, waits)
	operator := temporalOf(t, s.temporal(), "doomed").OperatorService()
	_, err := operator.DeleteNamespace(context.Background(), &operatorservice.DeleteNamespaceRequest{Namespace: "doomed"})
	require.NoError(t, err)
	f.process.waitFor(t, func(line string) bool { return strings.Contains(line, `namespace \"doomed\" is gone`) })
	f.due(t)
	require.Len(t, f.delivery(t, first, status("succeeded"))["attempts"], 2)
	for range 20 {
		f.delivery(t, f.post(t), status("succeeded"))
	}
	require.Equal(t, 2, f.receiver.ids()[first])
	require.Len(t, f.receiver.all(), 22)
}

// TestAWipedTemporalIsFilledAgain drops everything that Temporal knows while a
// Godwit that uses it goes on running: what waited for its next attempt, what was
// accepted in the meantime, and what comes after are all delivered.
func TestAWipedTemporalIsFilledAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	postgres, err := localpg.Start(context.Background(), localpg.Options{Dir: filepath.Join(dir, "postgres")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop(context.Background())) })
	for _, database := range []string{"godwit", "other"} {
		require.NoError(t, postgres.EnsureDatabase(context.Background(), database))
	}
	env := standaloneEnv(t, filepath.Join(dir, "data"))
	env["GODWIT_DATABASE_URL"] = postgres.URL("godwit")
	temporal := startStandalone(t, env)
	out, code := runCommand(t, map[string]string{"GODWIT_DATABASE_URL": postgres.URL("other")}, "migrate", "up")
	require.Zero(t, code, out)
	f := newFaulty(t, postgres.URL("other"), env["GODWIT_STANDALONE_TEMPORAL_ADDR"], "wiped")
	f.webhook(t, f.receiver.URL, nil)
	before := f.post(t)
	f.delivery(t, before, waits)

	temporal.stop(t)
	meanwhile := f.post(t)
	f.delivery(t, meanwhile, waits) // its first attempt needs no Temporal
	for _, database := range []string{"temporal", "temporal_visibility"} {
		pgtest.Exec(t, postgres.URL("postgres"), `DROP DATABASE `+database+` WITH (FORCE)`)
	}
	startStandalone(t, env)
	f.due(t)
	require.Len(t, f.delivery(t, before, status("succeeded"))["attempts"], 2)
	after := f.post(t)
	f.delivery(t, meanwhile, status("succeeded"))
	f.delivery(t, after, status("succeeded"))
	require.Equal(t, map[string]int{before: 2, meanwhile: 2, after: 1}, f.receiver.ids())
}
