package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"godwit/activities"
	"godwit/workflows"
)

// burst posts n events as fast as they are taken, in batches, and gives their ids.
func (c *stageClient) burst(t testing.TB, name string, n int) []string {
	t.Helper()
	var ids []string
	for len(ids) < n {
		var events []any
		for range min(500, n-len(ids)) {
			id := fmt.Sprintf("%s%s-%d", c.prefix, name, len(ids))
			ids = append(ids, id)
			events = append(events, map[string]any{"id": id, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1"}})
		}
		got := c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": events})
		require.Equal(t, http.StatusAccepted, got.status, string(got.raw))
	}
	return ids
}

// batched finds a delivery that shares its workflow with others.
func (c *stageClient) batched(t testing.TB, eventIDs []string, until func(map[string]any) bool) map[string]any {
	t.Helper()
	for i := len(eventIDs) - 1; i >= 0; i-- {
		d := c.delivery(t, eventIDs[i], until)
		workflow := d["workflow"].(map[string]any)
		if strings.HasPrefix(workflow["id"].(string), "dlvs/") {
			return d
		}
	}
	require.FailNow(t, "each has its own workflow")
	return nil
}

// carriedBy says that it is known which run carries a delivery in a status.
func carriedBy(want string) func(map[string]any) bool {
	return func(d map[string]any) bool {
		return d["status"] == want && d["workflow"].(map[string]any)["run_id"] != nil
	}
}

// TestEachDeliveryOfABurstIsCarriedByAWorkflow looks up in Temporal what the API
// says carries a delivery, and that a batch names what it carries.
func TestEachDeliveryOfABurstIsCarriedByAWorkflow(t *testing.T) {
	s := sharedStack(t)
	const namespace = "batches"
	p := startServe(t, serveEnv(t, s.migrated(t), s.temporal(), namespace))
	c := newStage(t, p)
	c.webhook(t, newReceiver(t, nil).URL, nil)
	temporal := temporalOf(t, s.temporal(), namespace)
	ids := c.burst(t, "many", 300)
	for i := range 30 {
		d := c.delivery(t, ids[i*10], carriedBy("succeeded"))
		workflow := d["workflow"].(map[string]any)
		run := temporal.GetWorkflow(context.Background(), workflow["id"].(string), workflow["run_id"].(string))
		require.NoError(t, run.Get(context.Background(), nil))
	}
	d := c.batched(t, ids, carriedBy("succeeded"))
	eventually(t, func() (bool, string) {
		out, code := runCommand(t, p.env, "replay", "--delivery", d["id"].(string))
		return code == 0 && strings.Contains(out, "deterministic"), out
	})
}

// TestASlowReceiverDoesNotDelayTheOthersOfItsBatch has one receiver hang while
// another one gets a burst that shares workflows with it.
func TestASlowReceiverDoesNotDelayTheOthersOfItsBatch(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "slow")
	env["GODWIT_DELIVERY_TIMEOUT"] = "30s"
	c := newStage(t, startServe(t, env))
	slow, healthy := newReceiver(t, nil), newReceiver(t, nil)
	slow.answer = func(int, request) int { <-slow.release; return http.StatusOK }
	hanging := c.webhook(t, slow.URL, nil)["id"].(string)
	c.webhook(t, healthy.URL, nil)
	ids := c.burst(t, "mixed", 200)
	eventually(t, func() (bool, string) {
		return len(healthy.ids()) == len(ids) && len(slow.all()) >= 100, fmt.Sprintf("%d arrived", len(healthy.ids()))
	})
	for _, id := range ids[:20] {
		eventually(t, func() (bool, string) {
			all := c.get(t, "/v1/deliveries?event_id="+id)["data"].([]any)
			for _, d := range all {
				d := d.(map[string]any)
				if want := map[bool]string{true: "pending", false: "succeeded"}[d["webhook_id"] == hanging]; d["status"] != want {
					return false, fmt.Sprint(all)
				}
			}
			return len(all) == 2, fmt.Sprint(all)
		})
	}
	slow.letGo()
	eventually(t, func() (bool, string) {
		n := len(c.get(t, "/v1/deliveries?status=pending")["data"].([]any))
		return n == 0, fmt.Sprintf("%d are pending", n)
	})
	require.Len(t, slow.ids(), len(ids))
}

// TestRecordHistoriesOfBatches has some first attempts of a burst fail: these go
// on by themselves. With -record it writes the histories of two batches.
func TestRecordHistoriesOfBatches(t *testing.T) {
	t.Parallel()
	s := sharedStack(t)
	p := startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "partly"))
	c := newStage(t, p)
	temporal := temporalOf(t, s.temporal(), "partly")
	var failed atomic.Int64
	r := newReceiver(t, func(_ int, req request) int {
		if req.header.Get("Godwit-Attempt") == "1" && failed.Add(1) <= 20 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	c.webhook(t, r.URL, nil)
	ids := c.burst(t, "partly", 200)
	for _, id := range ids {
		c.delivery(t, id, carriedBy("succeeded"))
	}
	require.Equal(t, 200+20, len(r.all()))
	histories := map[string]string{}
	list, err := temporal.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = 'DeliverBatch'"})
	require.NoError(t, err)
	for _, e := range list.Executions {
		var result activities.DeliverBatchResult
		require.NoError(t, temporal.GetWorkflow(context.Background(), e.Execution.WorkflowId, "").Get(context.Background(), &result))
		name := map[bool]string{true: "batch-succeeded", false: "batch-partly-failed"}[len(result.OnTheirOwn) == 0]
		histories[name] = e.Execution.WorkflowId
	}
	require.Contains(t, histories, "batch-partly-failed")
	for name, id := range histories {
		h, err := workflows.FetchHistory(context.Background(), temporal, id)
		require.NoError(t, err)
		var text bytes.Buffer
		require.NoError(t, workflows.WriteHistory(&text, h))
		if *record {
			save(t, name, text.Bytes())
		}
	}
}

// TestKilledInTheMiddleOfABacklogNothingIsLost ends a whole standalone by kill -9
// while 2,000 events are on their way.
func TestKilledInTheMiddleOfABacklogNothingIsLost(t *testing.T) {
	t.Parallel()
	env := standaloneEnv(t, filepath.Join(t.TempDir(), "data"))
	p := startStandalone(t, env)
	c := newStage(t, p)
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, nil)["id"].(string)
	const n = 2000
	ids := c.burst(t, "backlog", n)
	r.wait(t, n/4)
	p.kill(t)
	before := len(r.ids())
	t.Logf("%d had arrived", before)
	startStandalone(t, env)
	eventually(t, func() (bool, string) { return len(r.ids()) == n, fmt.Sprintf("%d arrived", len(r.ids())) })
	eventually(t, func() (bool, string) {
		ledger := c.get(t, fmt.Sprintf("/v1/webhooks/%s/ledger?since=%s", w, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
		return ledger["succeeded"] == float64(n), fmt.Sprint(ledger)
	})
	twice := 0
	for id, times := range r.ids() {
		require.LessOrEqual(t, times, 2, id)
		if times == 1 {
			continue
		}
		twice++
		attempts := c.delivery(t, id, status("succeeded"))["attempts"].([]any)
		require.Len(t, attempts, 2)
		require.Equal(t, "lost", attempts[0].(map[string]any)["outcome"])
	}
	t.Logf("%d of %d came twice", twice, len(ids))
	require.LessOrEqual(t, twice, 400, "only what was under way: 256 of one webhook, and what a round brings beyond")
	for i := 0; i < n; i += 50 {
		c.delivery(t, ids[i], carriedBy("succeeded"))
	}
}
