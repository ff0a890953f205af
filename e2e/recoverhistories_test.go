package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"godwit/workflows"
)

// TestRecordHistoriesOfRecoveries does for recoveries what TestRecordHistories
// does for deliveries.
func TestRecordHistoriesOfRecoveries(t *testing.T) {
	t.Parallel()
	s := sharedStack(t)
	const namespace = "recoveries"
	env := serveEnv(t, s.migrated(t), s.temporal(), namespace)
	env["GODWIT_RECOVERY_SCHEDULE"], env["GODWIT_RECOVERY_WINDOW"] = "300ms", "1s"
	p := startServe(t, env)
	temporal := temporalOf(t, s.temporal(), namespace)
	const down = 5 + 1 + 1 // attempts, the probe after them, the first of the recovery
	for name, mended := range map[string]bool{"recovered": true, "recovery-gave-up": false} {
		t.Run(name, func(t *testing.T) {
			c := newStage(t, p)
			r := newReceiver(t, func(n int, _ request) int {
				if mended && n > down {
					return http.StatusOK
				}
				return http.StatusInternalServerError
			})
			w := c.webhook(t, r.URL+"/canary", map[string]any{"headers": map[string]string{"X-Token": "canary"}})
			c.delivery(t, c.post(t), status("failed"))
			c.becomes(t, w, func(w map[string]any) bool {
				recovery, gaveUp := w["recovery"].(map[string]any)
				return mended && w["enabled"] == true && len(r.all()) > down || gaveUp && recovery["gave_up_at"] != nil
			})
			run := workflowRun{temporal, workflows.RecoverID(w["id"].(string), 1), ""}
			text := run.reaches(t, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
			replayed(t, p, name, text)
		})
	}
	require.NotContains(t, p.output.String(), "canary", "a payload, URL or secret is in the log")
}
