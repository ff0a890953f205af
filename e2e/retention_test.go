package e2e_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"godwit/internal/pgtest"
	"godwit/workflows"
)

// retaining is a Godwit that removes what is older than it is told.
type retaining struct {
	*stageClient
	temporal client.Client
	database string
}

// aged makes a delivered event older.
func (r *retaining) aged(t testing.TB, hours int) (eventID string) {
	t.Helper()
	id := r.post(t)
	d := r.delivery(t, id, status("succeeded"))
	eventually(t, func() (bool, string) { // until its workflow is noted
		pgtest.Exec(t, r.database, `UPDATE deliveries SET dispatch_at = NULL WHERE id = $1 AND run_id IS NOT NULL`, d["id"])
		return r.get(t, "/v1/deliveries/"+d["id"].(string))["workflow"].(map[string]any)["run_id"] != nil, "no run"
	})
	pgtest.Exec(t, r.database, `UPDATE events SET accepted_at = now() - make_interval(hours => $2) WHERE id = $1`, id, hours)
	pgtest.Exec(t, r.database, `UPDATE deliveries SET created_at = now() - make_interval(hours => $2), finished_at = now() - make_interval(hours => $2) WHERE event_id = $1`, id, hours)
	return id
}

// runs has the schedule begin a run, and waits until one has ended that began
// after that.
func (r *retaining) runs(t testing.TB) map[string]any {
	t.Helper()
	before := r.get(t, "/v1/system")["retention"].(map[string]any)["began_at"]
	var now map[string]any
	eventually(t, func() (bool, string) {
		err := r.temporal.ScheduleClient().GetHandle(context.Background(), workflows.RetentionSchedule).Trigger(context.Background(), client.ScheduleTriggerOptions{})
		if err != nil {
			return false, err.Error()
		}
		now = r.get(t, "/v1/system")["retention"].(map[string]any)
		return now["began_at"] != before && now["running"] == false, "no run has begun and ended"
	})
	return now
}

// TestRetention_IsMadeByATemporalSchedule goes through all of it: what is too old
// goes, a longer setting takes effect with the restart, and a namespace that is
// lost comes back with its schedule.
func TestRetention_IsMadeByATemporalSchedule(t *testing.T) {
	s := sharedStack(t)
	const namespace = "retention"
	env := serveEnv(t, s.migrated(t), s.temporal(), namespace)
	env["GODWIT_RETENTION"] = "49h"
	p := startServe(t, env)
	r := &retaining{newStage(t, p), temporalOf(t, s.temporal(), namespace), env["GODWIT_DATABASE_URL"]}
	receiver := newReceiver(t, func(int, request) int { return http.StatusOK })
	r.webhook(t, receiver.URL+"/canary", nil)
	old, young := r.aged(t, 50), r.aged(t, 48)
	now := r.runs(t)
	require.NotNil(t, now["kept_since"])
	require.Equal(t, http.StatusNotFound, r.send(t, http.MethodGet, "/v1/events/"+old, nil).status)
	require.Equal(t, young, r.get(t, "/v1/events/"+young)["id"])
	require.Contains(t, metrics(t, p), "godwit_retention_removed_rows_total{part=\"events\"} 1\n")
	r.recordsItsHistory(t, p)

	p.stop(t)
	env["GODWIT_RETENTION"] = "72h"
	p = startServe(t, env)
	r.stageClient = r.as(env["GODWIT_ADMIN_KEY"], p)
	kept, gone := r.aged(t, 71), r.aged(t, 73)
	r.runs(t)
	require.Equal(t, http.StatusNotFound, r.send(t, http.MethodGet, "/v1/events/"+gone, nil).status)
	require.Equal(t, kept, r.get(t, "/v1/events/"+kept)["id"])

	_, err := r.temporal.OperatorService().DeleteNamespace(context.Background(), &operatorservice.DeleteNamespaceRequest{Namespace: namespace})
	require.NoError(t, err)
	p.waitFor(t, func(line string) bool { return strings.Contains(line, `namespace \"retention\" is gone`) })
	gone = r.aged(t, 74)
	r.runs(t)
	require.Equal(t, http.StatusNotFound, r.send(t, http.MethodGet, "/v1/events/"+gone, nil).status)
}

// recordsItsHistory replays a run that has ended.
func (r *retaining) recordsItsHistory(t *testing.T, p *process) {
	t.Helper()
	var run workflowRun
	eventually(t, func() (bool, string) {
		found, err := r.temporal.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowType = '" + workflows.RetainName + "' AND ExecutionStatus = 'Completed'"})
		if err != nil || len(found.Executions) == 0 {
			return false, "no run is shown yet"
		}
		e := found.Executions[0].Execution
		run = workflowRun{r.temporal, e.WorkflowId, e.RunId}
		return true, ""
	})
	replayed(t, p, "retention-completed", run.reaches(t, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED))
}

func metrics(t testing.TB, p *process) string {
	t.Helper()
	answer, err := http.Get(p.opsURL() + "/metrics")
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}
